"""Errors as messages: one sentence for what happened, one for what to do, and the next step as a button."""

from collections.abc import Sequence

from bot.render.button import Buttons
from bot.render.message import Message, context, message, section
from bot.render.text import notification
from commands.core.errors import CommandError, UsageError
from commands.core.reply import Code, Text
from commands.core.words import joined
from providers.errors import Conflict, ProviderError, Rejected, Unsupported

_LONGEST_DETAIL = 300


def render_error(error: CommandError | ProviderError, tokens: Sequence[str] = ()) -> Message:
    """`tokens`: one for each of `stored_actions(error)`, in that order; a `ProviderError` has none."""
    if isinstance(error, ProviderError):
        return _provider_error(error)
    what = _problems(error) if isinstance(error, UsageError) else error.what
    blocks = [section(joined([what, error.remedy], "\n")), *Buttons(tokens).rows(error.actions)]
    return message(notification(joined([error.what, error.remedy], " ")), blocks)


def render_bug(reference: str) -> Message:
    """For what we did not foresee: nothing of it is shown, but where to find it in the log."""
    what: Text = ("Something went wrong on our side. It has been written down as ", Code(reference), ".")
    remedy = "Try again; if it happens again, give that reference to whoever runs the bot."
    return message(notification(joined([what, remedy], " ")), [section(joined([what, remedy], "\n"))])


def _problems(error: UsageError) -> Text:
    if len(error.problems) == 1:
        return error.problems[0].text
    return "\n".join(f"• {problem.text}" for problem in error.problems)


def _provider_error(error: ProviderError) -> Message:
    what = _cannot(error) if isinstance(error, Unsupported) else error.what
    text = joined([what, error.remedy], "\n")
    notes = [text for text in (_server_said(error), _which_server(error)) if text]
    return message(notification(joined([what, error.remedy], " ")), [section(text), *map(context, notes)])


def _cannot(error: Unsupported) -> Text:
    capability = error.detail.replace("_", " ")
    return ("The video server ", Code(error.provider), f" cannot do this: {capability}.") if capability else error.what


def _server_said(error: ProviderError) -> Text:
    """The server's own words, where they help to choose other values; elsewhere they belong in the log."""
    if not isinstance(error, Rejected | Conflict) or not error.detail:
        return ""
    return ("It said: ", Code(error.detail[:_LONGEST_DETAIL]))


def _which_server(error: ProviderError) -> Text:
    return ("Video server: ", Code(error.provider)) if error.provider else ""
