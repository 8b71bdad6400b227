"""Errors as messages: what happened, what to do, and never an exception text."""

import pytest
from hypothesis import given
from pydantic import Field

from bot.render.error import render_bug, render_error
from bot.render.reply import stored_actions
from commands.core.base import Arg, Command
from commands.core.errors import CommandError, Ended, NotAllowed, NothingHere, Problem, UsageError
from commands.core.reply import Action, Code
from providers import errors
from providers.errors import Conflict, ProviderError, RateLimited, Rejected, Unreachable, Unsupported
from tests.bot.render.foreign import buttons, check, texts, words

PROVIDER_ERRORS = [e for e in vars(errors).values() if isinstance(e, type) and issubclass(e, ProviderError)]


class Show(Command, path="sample show"):
    """Show it."""

    name: Arg[str] = Field(description="Name")


@pytest.mark.parametrize("kind", [CommandError, NotAllowed, NothingHere, Ended])
def test_what_happened_and_what_to_do(kind: type[CommandError]) -> None:
    made = render_error(kind(("There is no ", Code("x"), "."), "Create it.", actions=[Action("Show", Show(name="y"))]))
    check(made)
    assert made.text == "There is no x. Create it."
    assert made.blocks[0]["text"]["text"] == "There is no `x`.\nCreate it."
    assert [b["text"]["text"] for b in buttons(made.blocks)] == ["Show"]


def test_one_problem_is_a_sentence_and_several_are_a_list() -> None:
    one = render_error(UsageError([Problem("A is wrong.", "a")], "Mend it."))
    several = render_error(UsageError([Problem("A is wrong.", "a"), Problem("B is wrong.")], "Mend them."))
    assert one.blocks[0]["text"]["text"] == "A is wrong.\nMend it."
    assert several.blocks[0]["text"]["text"] == "• A is wrong.\n• B is wrong.\nMend them."
    assert several.text == "A is wrong. B is wrong. Mend them."


def test_a_large_action_takes_its_token() -> None:
    made = render_error(Ended("Over.", actions=[Action("Show", Show(name="x" * 2_000))]), ["token"])
    check(made)
    assert [b["value"] for b in buttons(made.blocks)] == ["token"]


@pytest.mark.parametrize("kind", PROVIDER_ERRORS)
def test_every_provider_error_says_what_to_do_and_which_server(kind: type[ProviderError]) -> None:
    made = render_error(kind("create_room", provider="livekit-eu", operation="room create"))
    check(made)
    assert kind.remedy in made.text
    assert "livekit-eu" in words(made.blocks)


@pytest.mark.parametrize("kind", [k for k in PROVIDER_ERRORS if not issubclass(k, Unsupported | Rejected | Conflict)])
def test_the_detail_of_an_error_is_for_the_log(kind: type[ProviderError]) -> None:
    made = render_error(kind("Traceback: key=abc", provider="livekit"))
    assert "abc" not in made.text + words(made.blocks)


@pytest.mark.parametrize("kind", [Rejected, Conflict])
def test_the_servers_words_are_shown_where_they_help(kind: type[ProviderError]) -> None:
    made = render_error(kind("name <too> long", provider="livekit"))
    assert "It said: `name &lt;too&gt; long`" in words(made.blocks)


def test_unsupported_names_what_and_who() -> None:
    made = render_error(Unsupported("start_recording", provider="livekit"))
    assert made.text.startswith("The video server livekit cannot do this: start recording.")


def test_errors_without_particulars_are_whole_sentences() -> None:
    assert render_error(Unsupported()).text == f"{Unsupported.what} {Unsupported.remedy}"
    assert render_error(Unreachable()).text == f"{Unreachable.what} {Unreachable.remedy}"
    assert render_error(RateLimited(retry_after=9)).text.endswith(RateLimited.remedy)


@given(texts, texts, texts)
def test_nothing_foreign_is_markup(one: str, two: str, name: str) -> None:
    usage = UsageError([Problem(one), Problem(two)], two, actions=[Action(one, Show(name=name))])
    check(render_error(usage, ["token"] * len(stored_actions(usage))))
    check(render_error(NothingHere((one, Code(two)), two)))
    check(render_error(Rejected(one, provider=two)))
    check(render_error(Unsupported(one, provider=two)))


def test_a_bug_shows_its_reference_and_nothing_else() -> None:
    made = render_bug("deadbeef")
    check(made)
    assert "deadbeef" in made.text
    assert "`deadbeef`" in words(made.blocks)
