"""The wire format of buttons: what is written can be read, and what cannot be read is stale."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from bot.render.button import (
    INLINE_VALUE,
    Buttons,
    Press,
    Pressed,
    StaleButton,
    decode,
    decode_given,
    encode,
    encode_given,
    is_inline,
    is_whole,
    read_action_id,
)
from bot.render.limits import BUTTON_VALUE, length
from commands.core.base import Arg, Command, Internal
from commands.core.reply import Action, Button, Form, Link
from commands.core.types import Duration, Pairs
from commands.recording import RecordingStart
from tests.bot.render.foreign import texts


class Sample(Command, path="sample try-it"):
    """A command with a field of every kind."""

    name: Arg[str] = Field(description="Name")
    life: Annotated[str | None, Internal()] = Field(None, description="Life")
    count: int | None = Field(None, description="Count")
    ttl: Duration = Field(timedelta(hours=1), description="Time")
    kind: Literal["a", "b"] = Field("a", description="Kind")
    on: bool = Field(False, description="On")
    many: tuple[str, ...] = Field((), description="Many")
    pairs: Pairs = Field(default_factory=dict, description="Pairs")
    key: SecretStr | None = Field(None, description="Key")


COMMANDS: dict[tuple[str, ...], type[Command]] = {Sample.spec.path: Sample}
samples = st.builds(
    Sample,
    name=texts.filter(lambda text: length(text) < 300),
    life=st.none() | st.text(max_size=20),
    count=st.none() | st.integers(),
    ttl=st.integers(1, 10**6).map(lambda seconds: timedelta(seconds=seconds)),
    kind=st.sampled_from(["a", "b"]),
    on=st.booleans(),
    many=st.lists(st.text(max_size=10), max_size=3).map(tuple),
    pairs=st.dictionaries(st.text("abc", min_size=1, max_size=3), st.text(max_size=5), max_size=3),
    key=st.none(),
)


@given(samples)
def test_a_button_carries_its_command_there_and_back(command: Sample) -> None:
    action = Action("Go", command)
    drawn = Buttons(["token"]).draw(action)
    press = read_action_id(drawn["action_id"])
    assert press.path == ("sample", "try-it")
    if is_inline(action):
        assert press.pressed is Pressed.COMMAND
        assert decode(press.path, drawn["value"], COMMANDS) == command
    else:
        assert press.pressed is Pressed.PENDING
        assert drawn["value"] == "token"


@pytest.mark.parametrize("button", [Action("Go", Sample(name="x")), Action("Go", Sample(name="x" * 2_000))])
def test_a_button_says_that_its_answer_takes_its_place(button: Action) -> None:
    drawn = [Buttons(["token"]).draw(replace(button, in_place=in_place)) for in_place in (False, True)]
    assert [read_action_id(each["action_id"]).in_place for each in drawn] == [False, True]
    form = Buttons().draw(Form("Filter", Sample, in_place=True))
    assert read_action_id(form["action_id"]) == Press(Pressed.FORM, ("sample", "try-it"), in_place=True)


def test_only_what_differs_from_the_default_is_written() -> None:
    assert json.loads(encode(Action("Go", Sample(name="x", ttl=timedelta(minutes=90))))) == {
        "v": 1,
        "name": "x",
        "ttl": "1h30m",
    }


def test_a_secret_is_never_written() -> None:
    secret = Action("Go", Sample(name="x", key=SecretStr("hunter2")))
    assert not is_inline(secret)
    assert "hunter2" not in json.dumps(Buttons(["t"]).draw(secret))
    assert is_inline(Action("Go", Sample(name="x", key=None)))
    assert not is_inline(Action("Go", RecordingStart(provider="memory", url="https://bob:hunter2@example.com/")))
    assert is_inline(Action("Go", RecordingStart(provider="memory", room="standup")))


def test_the_size_that_a_button_carries() -> None:
    spare = INLINE_VALUE - length(encode(Action("Go", Sample(name=""))))
    assert is_inline(Action("Go", Sample(name="x" * (spare - 1))))
    assert not is_inline(Action("Go", Sample(name="x" * spare)))
    assert not is_inline(Action("Go", Sample(name="👍" * (spare // 2 + 1))))


@pytest.mark.parametrize(
    "value",
    [
        "",
        "{}",
        "[]",
        "null",
        "1",
        "{",
        '{"v":2,"name":"x"}',
        '{"v":1}',
        '{"v":1,"name":"x","gone":1}',
        '{"v":1,"name":[]}',
    ],
)
def test_a_value_of_another_version_is_stale(value: str) -> None:
    with pytest.raises(StaleButton) as stale:
        decode(("sample", "try-it"), value, COMMANDS)
    assert stale.value.path == ("sample", "try-it")


def test_a_path_of_another_version_is_stale() -> None:
    with pytest.raises(StaleButton) as stale:
        decode(("room", "shut"), '{"v":1,"name":"x"}', COMMANDS)
    assert stale.value.path == ("room", "shut")


@given(st.text(max_size=30))
def test_any_value_is_a_command_or_stale(value: str) -> None:
    with pytest.raises(StaleButton):
        decode(("sample", "try-it"), value, COMMANDS)


@pytest.mark.parametrize(
    ("action_id", "press"),
    [
        ("cmd:room.create:1", Press(Pressed.COMMAND, ("room", "create"))),
        ("pending:token.create:12", Press(Pressed.PENDING, ("token", "create"))),
        ("form:room.create:3", Press(Pressed.FORM, ("room", "create"))),
        ("cmd:room.list:4:in-place", Press(Pressed.COMMAND, ("room", "list"), in_place=True)),
        ("pending:room.list:5:in-place", Press(Pressed.PENDING, ("room", "list"), in_place=True)),
        ("form:room.list:6:in-place", Press(Pressed.FORM, ("room", "list"), in_place=True)),
        ("more:room.create", Press(Pressed.MORE, ("room", "create"))),
        ("link:2", Press(Pressed.LINK)),
        ("ask:yes", Press(Pressed.YES)),
        ("ask:no", Press(Pressed.NO)),
    ],
)
def test_what_an_action_id_says(action_id: str, press: Press) -> None:
    assert read_action_id(action_id) == press


@pytest.mark.parametrize(
    "action_id",
    ["", "cmd", "cmd:room.create", "cmd:room.create:", "cmd:room.create:1x", "cmd::1", "ask", "ask:maybe", "ask:yes:1",
     "askew", "link", "more:", "more:a:x", "xcmd:a:1", "cmd:a:1\n", "cmd:A:1", "cmd:a:1:in-place:x",
     "link:1:in-place", "ask:yes:in-place"],
)  # fmt: skip
def test_matching_is_exact(action_id: str) -> None:
    with pytest.raises(StaleButton):
        read_action_id(action_id)


def test_a_form_button_brings_what_is_known_but_no_secret() -> None:
    given = (
        ("name", "x"),
        ("ttl", timedelta(minutes=90)),
        ("key", SecretStr("hunter2")),
        ("many", ("a", "b")),
        ("pairs", {"a": "1"}),
        ("long", "x" * BUTTON_VALUE),
        ("kinds", frozenset({"b", "a"})),
        ("on", True),
    )
    assert decode_given(encode_given(Form("Open", Sample, given))) == {
        "name": "x",
        "ttl": "1h30m",
        "many": ["a", "b"],
        "pairs": {"a": "1"},
        "kinds": ["a", "b"],
        "on": True,
    }


def test_a_form_button_carries_all_that_is_known_or_not() -> None:
    assert is_whole(Form("Open", Sample, (("name", "x"),)))
    assert not is_whole(Form("Open", Sample, (("name", "x" * 2_000),)))


@pytest.mark.parametrize("value", ["", "x", "[]", "1"])
def test_a_form_button_that_cannot_be_read_opens_an_empty_form(value: str) -> None:
    assert decode_given(value) == {}


def test_rows_of_five_with_one_primary_and_distinct_ids() -> None:
    many: list[Button] = [Action("Go", Sample(name=str(n)), "primary") for n in range(6)]
    rows = Buttons().rows([*many, Form("Open", Sample), Link("See", SecretStr("https://x.test"))])
    drawn = [button for row in rows for button in row["elements"]]
    assert [len(row["elements"]) for row in rows] == [5, 3]
    assert [button.get("style") for button in drawn].count("primary") == 1
    assert len({button["action_id"] for button in drawn}) == 8
    assert drawn[-1]["url"] == "https://x.test"


def test_tokens_go_to_the_buttons_that_need_one_in_order() -> None:
    large = [Action("Go", Sample(name="x" * INLINE_VALUE)), Action("Go", Sample(name="y" * INLINE_VALUE))]
    drawn = Buttons(["one", "two"]).rows([large[0], Action("Go", Sample(name="x")), large[1]])[0]["elements"]
    assert [drawn[0]["value"], drawn[2]["value"]] == ["one", "two"]


def test_a_destructive_button_says_so_and_a_screen_reader_what_it_is_about() -> None:
    drawn = Buttons().draw(Action("End", Sample(name="x"), "danger", "End room " + "x" * 100))
    assert drawn["style"] == "danger"
    assert drawn["accessibility_label"].startswith("End room x")
    assert len(drawn["accessibility_label"]) == 75
