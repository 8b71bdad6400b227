"""Answers and questions as messages."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from bot.render.limits import BLOCKS_PER_MESSAGE, SECTION_FIELDS, URL
from bot.render.reply import render_question, render_reply, stored_actions
from commands.core.base import Arg, Command
from commands.core.errors import NothingHere
from commands.core.paging import PAGE
from commands.core.reply import Action, Code, Form, Item, Link, Question, Reply, Secret, Strong
from commands.help import WhoAmI
from tests.bot.render.foreign import buttons, check, texts, words


class Show(Command, path="sample show"):
    """Show it."""

    name: Arg[str] = Field(description="Name")


def show(name: str = "x") -> Action:
    return Action("Show", Show(name=name), description=f"Show {name}")


LARGE = show("x" * 2_000)


def test_the_order_of_an_answer() -> None:
    made = render_reply(
        Reply(
            text=("Created ", Strong("standup"), "."),
            facts=(("Id", (Code("RM_1"),)), ("For", "20")),
            items=(Item("First", "with details", (show(),)),),
            secrets=(Secret("Token", SecretStr("eyJ.a.b")),),
            hint="Try it.",
            actions=(show(), Form("Open form", Show), Link("Join", SecretStr("https://x.test/?t=eyJ"))),
        )
    )
    check(made)
    assert made.text == "Created standup."
    assert [block["type"] for block in made.blocks] == [
        "section",
        "section",
        "section",
        "section",
        "actions",
        "context",
    ]
    assert made.blocks[0]["text"]["text"] == "Created *standup*."
    assert [field["text"] for field in made.blocks[1]["fields"]] == ["*Id*\n`RM_1`", "*For*\n20"]
    assert made.blocks[2]["text"]["text"] == "*Token*\n`eyJ.a.b`"
    assert made.blocks[3]["text"]["text"] == "First\nwith details"
    assert [b["text"]["text"] for b in buttons(made.blocks)] == ["Show", "Show", "Open form", "Join"]


@given(texts, texts, texts, texts, texts)
def test_nothing_foreign_is_markup(text: str, label: str, detail: str, name: str, hint: str) -> None:
    items = (Item(text, detail, (Action(name, Show(name=name), None, name),)), Item((Strong(text),), (Code(detail),)))
    reply = Reply(text=text, facts=((label, detail),), items=items, hint=hint, actions=(Action(label, Show(name="")),))
    check(render_reply(reply, ["token"] * len(stored_actions(reply))))


@pytest.mark.parametrize("count", [0, 1, SECTION_FIELDS, SECTION_FIELDS + 1])
def test_any_number_of_facts(count: int) -> None:
    made = render_reply(Reply(text="Facts.", facts=tuple((f"Label {n}", f"value {n}") for n in range(count))))
    check(made)
    assert all(f"value {n}" in words(made.blocks) for n in range(count))


@pytest.mark.parametrize("count", [0, 1, BLOCKS_PER_MESSAGE - 2, BLOCKS_PER_MESSAGE - 1, 500])
def test_any_number_of_items(count: int) -> None:
    made = render_reply(Reply(text="Rooms:", items=tuple(Item(f"row {n}") for n in range(count)), hint="Hint."))
    check(made)
    shown = words(made.blocks)
    assert "Hint." in shown
    assert ("not shown" in shown) == (count > BLOCKS_PER_MESSAGE - 2)


@given(st.integers(0, 60))
def test_items_with_buttons_fit_by_size_too(count: int) -> None:
    made = render_reply(
        Reply(text="Rooms:", items=tuple(Item("غرفة" * 50, "x" * 200, (show("n" * 200),)) for _ in range(count)))
    )
    check(made)


def person(name: str, *actions: Action) -> Item:
    return Item((Strong(name),), "in a row", actions or (show(name), show(f"{name}, again"), show(f"all of {name}")))


def test_several_buttons_of_an_item_stand_under_it_and_a_single_one_beside_it() -> None:
    made = render_reply(Reply(text="In it:", items=(person("Ana"), person("Bob", show()), Item("Eve"))))
    check(made)
    assert [block["type"] for block in made.blocks[1:]] == ["section", "actions", "section", "section"]
    assert [len(buttons([block])) for block in made.blocks[1:]] == [0, 3, 1, 0]
    assert len({button["action_id"] for button in buttons(made.blocks)}) == 4


def test_a_page_of_items_with_three_buttons_each_is_shown_whole() -> None:
    items = tuple(person(f"person {n}") for n in range(PAGE))
    turns = (show("previous"), show("next"))
    made = render_reply(Reply(text="In it:", items=items, actions=turns, hint="Hint."))
    check(made)
    assert len(made.blocks) == 2 * PAGE + 3
    assert len(buttons(made.blocks)) == 3 * PAGE + 2


@given(st.integers(0, 60), st.integers(0, 1_000))
def test_what_does_not_fit_goes_with_its_buttons(count: int, length: int) -> None:
    items = tuple(person(f"person {n} {'x' * length}") for n in range(count))
    made = render_reply(Reply(text="In it:", items=items, actions=(show("next"),), hint="Hint."))
    check(made)
    kinds = [block["type"] for block in made.blocks]
    shown = kinds.count("section") - 1
    assert kinds == ["section", *["section", "actions"] * shown, *["context"] * (shown < count), "actions", "context"]
    assert f"{count - shown} more" in words(made.blocks) or shown == count


def test_tokens_go_to_the_buttons_of_items_in_their_order() -> None:
    items = (person("Ana", LARGE, show(), LARGE), person("Bob", show(), LARGE))
    reply = Reply(text="In it:", items=items, actions=(LARGE,))
    assert len(stored_actions(reply)) == 4
    made = render_reply(reply, ["one", "two", "three", "four"])
    pending = [b["value"] for b in buttons(made.blocks) if b["action_id"].startswith("pending:")]
    assert pending == ["one", "two", "three", "four"]


@pytest.mark.parametrize("count", [0, 1, 5, 6, 25, 26])
def test_any_number_of_actions(count: int) -> None:
    made = render_reply(Reply(text="Do:", actions=tuple(show(str(n)) for n in range(count))))
    check(made)
    assert len(buttons(made.blocks)) == count


def test_actions_too_large_for_a_button_are_named_and_take_their_tokens_in_order() -> None:
    reply = Reply(
        text="Do:", items=(Item("a", actions=(LARGE,)), Item("b", actions=(show(),))), actions=(show(), LARGE)
    )
    assert stored_actions(reply) == [LARGE, LARGE]
    made = render_reply(reply, ["one", "two"])
    pressed = {b["action_id"].split(":")[0]: b["value"] for b in buttons(made.blocks) if b["value"] in ("one", "two")}
    assert pressed == {"pending": "two"}
    assert [b["value"] for b in buttons(made.blocks) if b["value"] in ("one", "two")] == ["one", "two"]
    assert stored_actions(NothingHere("No.", actions=[LARGE, show()])) == [LARGE]


def test_a_secret_is_in_its_block_and_nowhere_else() -> None:
    made = render_reply(Reply(text="Yours:", secrets=(Secret("Token", SecretStr("hunter2")),)))
    assert "hunter2" not in made.text
    assert words(made.blocks).count("hunter2") == 1


@pytest.mark.parametrize("value", ["a&b<c>", "a`b", "x" * 2_000])
def test_a_secret_is_shown_whole(value: str) -> None:
    made = render_reply(Reply(text="Yours:", secrets=(Secret("Token", SecretStr(value)),)))
    check(made)
    shown = words(made.blocks).replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    assert value in shown


def test_a_secret_that_cannot_be_shown_whole_is_not_shown() -> None:
    made = render_reply(Reply(text="Yours:", secrets=(Secret("Token", SecretStr("x" * 5_000)),)))
    check(made)
    assert "xxx" not in words(made.blocks)
    assert "5,000 characters" in words(made.blocks)


def test_a_link_too_long_for_a_button_is_said_in_words() -> None:
    long = Link("Join", SecretStr("https://x.test/" + "x" * URL))
    made = render_reply(Reply(text="Yours:", items=(Item("row", actions=(long,)),), actions=(long,)))
    check(made)
    assert buttons(made.blocks) == []
    assert "too long to show" in words(made.blocks)


def test_a_question_has_two_answers_and_its_limits_in_words() -> None:
    made = render_question(
        Question(
            command=WhoAmI(), text=("End ", Strong("standup"), "?"), facts=(("In it", "Ana"),), confirm="End room"
        ),
        "token",
        lifetime=timedelta(minutes=5),
    )
    check(made)
    assert made.text == "End standup?"
    yes, no = buttons(made.blocks)
    assert (yes["action_id"], yes["value"], yes["style"]) == ("ask:yes", "token", "danger")
    assert (no["action_id"], no["value"], no["text"]["text"]) == ("ask:no", "token", "Cancel")
    assert "Only you can answer, within 5 min." in words(made.blocks)


@given(texts, texts)
def test_nothing_foreign_in_a_question_is_markup(text: str, fact: str) -> None:
    check(
        render_question(
            Question(command=WhoAmI(), text=(Strong(text), fact), facts=((text, fact),), confirm=text, deny=fact), "t"
        )
    )
