"""Answers and questions as messages."""

from collections.abc import Sequence
from datetime import timedelta

from bot.render.button import Buttons, answers, is_inline
from bot.render.limits import SECTION_TEXT, URL, length
from bot.render.message import Message, Row, context, fields, message, section
from bot.render.table import classic_blocks, table_block
from bot.render.text import Block, notification, plain_object
from commands.core.attempts import QUESTION_LIFETIME
from commands.core.errors import CommandError
from commands.core.reply import (
    SECRET_MAX,
    Action,
    Button,
    Code,
    Item,
    Link,
    Person,
    Question,
    Reply,
    Secret,
    Strong,
    Text,
)
from commands.core.words import joined, spoken_duration


def stored_actions(shown: Reply | CommandError) -> list[Action]:
    """The actions whose buttons cannot carry them, in the order of the tokens that drawing `shown` takes.

    Whoever draws it first makes a pending row of each.
    """
    items = [button for item in shown.items for button in item.actions] if isinstance(shown, Reply) else []
    return [button for button in [*items, *shown.actions] if isinstance(button, Action) and not is_inline(button)]


def render_reply(reply: Reply, tokens: Sequence[str] = ()) -> Message:
    """`tokens`: one for each of `stored_actions(reply)`, in that order. Items that do not fit are counted."""
    buttons = Buttons(tokens)
    above: list[Block | Row] = [
        section(reply.text),
        *fields(reply.facts),
        *(_secret(secret) for secret in [*reply.secrets, *_links_too_long(reply.actions)]),
        *[_item(item, buttons) for item in reply.items],
    ]
    below = [
        *buttons.rows([button for button in reply.actions if not _is_too_long(button)]),
        *([context(reply.hint)] if reply.hint else []),
    ]
    said, table = notification(reply.text), reply.table
    if table is None:
        return message(said, [*above, *below])
    return message(said, [*above, table_block(table), *below], fallback=[*above, *classic_blocks(table), *below])


def render_question(
    question: Question, token: str, *, asked: str | None = None, lifetime: timedelta = QUESTION_LIFETIME
) -> Message:
    """`token` is that of the pending row that the question's answer uses up.

    `asked` names whose answer counts, where others see the question too.
    """
    who: Text = ("Only ", Person(asked)) if asked is not None else "Only you"
    return message(
        notification(question.text),
        [
            section(question.text),
            *fields(question.facts),
            answers(question, token),
            context(joined([who, f"can answer, within {spoken_duration(lifetime)}."], " ")),
        ],
    )


def _item(item: Item, buttons: Buttons) -> Row:
    """With its buttons: one beside it, several under it. A link too long for a button is left out."""
    text = joined([item.title, item.detail], "\n")
    shown = [button for button in item.actions if not _is_too_long(button)]
    if len(shown) == 1:
        return (section(text, buttons.draw(shown[0])),)
    return (section(text), *buttons.rows(shown))


def _secret(secret: Secret) -> Block:
    """Whole or not at all: a secret that is cut is worse than none. One with a backtick stands outside a code span."""
    value = secret.value.get_secret_value()
    if length(value) > SECRET_MAX:
        return section((Strong(secret.label), f"\nIt has {len(value):,} characters, which is too long to show here."))
    if "`" in value:
        return {"type": "section", "text": plain_object(f"{secret.label}: {value}", SECTION_TEXT)}
    return section((Strong(secret.label), "\n", Code(value)))


def _is_too_long(button: Button) -> bool:
    return isinstance(button, Link) and length(button.url.get_secret_value()) > URL


def _links_too_long(buttons: Sequence[Button]) -> list[Secret]:
    return [Secret(button.label, button.url) for button in buttons if isinstance(button, Link) and _is_too_long(button)]
