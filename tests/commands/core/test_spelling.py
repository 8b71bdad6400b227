"""A command can be said in words and carried by a button, and comes back the same."""

from datetime import timedelta
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr

from commands.core.base import Arg, Command, Private
from commands.core.parsing import Here, parse
from commands.core.registry import Commands, all_commands
from commands.core.spelling import spell
from commands.core.types import Pairs, parse_duration, spell_duration
from commands.help import Help
from commands.room import RoomClose, RoomCreate, RoomList, RoomUpdate
from commands.room_muting import RoomMute
from commands.token import TokenCreate
from providers.base import RoomRef
from tests.commands.strategies import commands_of, has_secret

COMMANDS = all_commands()
every_command = pytest.mark.parametrize("model", COMMANDS.values(), ids=[" ".join(path) for path in COMMANDS])


class KeyPut(Command, path="key put"):
    """Keep a key. Registered nowhere: it is here to have something secret."""

    name: Arg[str] = Field(description="What it is for")
    key: Arg[SecretStr] = Field(description="The key")
    old: SecretStr | None = Field(None, description="The one before")
    spares: tuple[SecretStr, ...] = Field((), description="Some more")


class ShelfPut(Command, path="shelf put"):
    """Put something on a shelf. Registered nowhere: its arguments may be left out in the middle."""

    shelf: Arg[str | None] = Field(None, description="Which")
    things: Arg[tuple[int, ...]] = Field((), description="What")
    tidy: bool = Field(True, description="Whether it stays in order")


@every_command
@given(data=st.data())
def test_what_is_spelt_is_read_back(model: type[Command], data: st.DataObject) -> None:
    """In a channel with another default and a room of its own, of which nothing may slip in."""
    command = data.draw(commands_of(model))
    elsewhere = Here("elsewhere", RoomRef("elsewhere", "RM_else", "other"))
    assert parse(spell(command), COMMANDS, elsewhere) == command


@every_command
@given(data=st.data())
def test_a_button_carries_the_command(model: type[Command], data: st.DataObject) -> None:
    if has_secret(model):
        pytest.skip("a button never carries a secret")
    command = data.draw(commands_of(model))
    assert model.model_validate_json(command.model_dump_json(exclude_defaults=True)) == command


@pytest.mark.parametrize("model", [KeyPut, ShelfPut])
@given(data=st.data())
def test_what_no_registered_command_has_is_read_back_too(model: type[Command], data: st.DataObject) -> None:
    command = data.draw(commands_of(model))
    assert parse(spell(command), Commands([model]), Here("memory")) == command


def test_redacted_spelling_hides_what_is_secret() -> None:
    command = KeyPut(
        name="door", key=SecretStr("s3cret"), old=SecretStr("0ld"), spares=(SecretStr("sp4re"), SecretStr("sp5re"))
    )
    assert spell(command, redacted=True) == "key put door *** --old *** --spares *** --spares ***"
    assert spell(command) == "key put door s3cret --old 0ld --spares sp4re --spares sp5re"
    assert "s3cret" not in repr(command)


class Letter(Command, path="letter write"):
    """Write a letter."""

    to: Arg[str] = Field(description="To whom")
    text: Annotated[Arg[str | None], Private()] = Field(None, description="What it says")
    mark: Annotated[Pairs, Private()] = Field(default_factory=dict, description="What is noted on it")


@pytest.mark.parametrize(
    ("line", "recorded"),
    [
        ("participant remove standup sip_+493012345678", "participant remove standup sip_…5678"),
        ("participant admit standup sip_493012345678", "participant admit standup sip_…5678"),
        ("track list standup +493012345678", "track list standup …5678"),
        ("room mute standup --except sip_+493012345678", "room mute standup --except sip_…5678"),
        ("room show call-_+493012345678_x", "room show call-_…5678_x"),
        ("participant move standup bob call-_+493012345678_x", "participant move standup bob call-_…5678_x"),
        ("participant show standup 100200300", "participant show standup 100200300"),
    ],
)
def test_a_record_has_no_telephone_number_of_somebody(line: str, recorded: str) -> None:
    command = parse(line, COMMANDS, Here("memory"))
    assert spell(command, redacted=True, without={"provider"}) == recorded
    assert spell(command, without={"provider"}) == line


def test_redacted_spelling_hides_what_is_private_and_still_reads_back() -> None:
    letter = Letter(to="ana", text="my cat is ill", mark={"for": "her eyes", "seal": "wax"})
    assert spell(letter, redacted=True) == "letter write ana *** --mark for=*** --mark seal=***"
    assert spell(Letter(to="ana"), redacted=True) == "letter write ana"
    assert parse(spell(letter), Commands([Letter]), Here("memory")) == letter
    hidden = parse(spell(letter, redacted=True), Commands([Letter]), Here("memory"))
    assert hidden == Letter(to="ana", text="***", mark={"for": "***", "seal": "***"})


@pytest.mark.parametrize(
    ("command", "line"),
    [
        (RoomCreate(provider="memory", name="standup"), "room create standup --provider memory"),
        (RoomCreate(provider="eu", name="Q3 review", record=True), 'room create "Q3 review" --provider eu --record'),
        (
            RoomCreate(provider="eu", name="--x", empty_timeout=timedelta(minutes=90)),
            'room create "--x" --provider eu --empty-timeout 1h30m',
        ),
        (RoomClose(provider="eu", room=".", room_id="RM_1"), 'room close "." --provider eu --room-id RM_1'),
        (RoomList(provider="eu", page=2), "room list --provider eu --page 2"),
        (
            TokenCreate(provider="eu", room="a", attribute={"role": "the host"}),
            'token create a --provider eu --attribute "role=the host"',
        ),
        (
            TokenCreate(provider="eu", room="a", can_publish=False, hidden=True, source=("screen_share",)),
            "token create a --provider eu --no-can-publish --source screen_share --hidden",
        ),
        (
            RoomMute(provider="eu", room="a", except_=("ana", "B b")),
            'room mute a --provider eu --except ana --except "B b"',
        ),
        (RoomUpdate(provider="eu", room="a", metadata=""), 'room update a --provider eu --metadata ""'),
        (Help(topic=("room", "create")), "help room create"),
        (ShelfPut(things=(1, 2), tidy=False), "shelf put --things 1 --things 2 --no-tidy"),
    ],
)
def test_spelling(command: Command, line: str) -> None:
    assert spell(command) == line


@given(st.integers(1, 10**9).map(lambda seconds: timedelta(seconds=seconds)))
def test_a_duration_is_read_back(duration: timedelta) -> None:
    assert parse_duration(spell_duration(duration)) == duration


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", timedelta(seconds=90)),
        ("15m", timedelta(minutes=15)),
        ("1h30m", timedelta(minutes=90)),
        (" 2D ", timedelta(days=2)),
        ("0s", timedelta(0)),
        ("", None),
        ("15", None),
        ("m", None),
        ("30m1h", None),
        ("-5m", None),
        ("1.5h", None),
        ("1५m", None),
        ("10 years", None),
        ("1h 30m", None),
    ],
)
def test_durations(text: str, duration: timedelta | None) -> None:
    assert parse_duration(text) == duration
