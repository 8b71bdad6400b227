"""What is offered to somebody who slipped: a close command, a close option, the quoted name; nothing far-fetched."""

import pytest

from commands.core.base import Command
from commands.core.errors import HelpWanted
from commands.core.parsing import Here
from commands.core.reply import plain
from commands.help import Help
from commands.recording import RecordingStart
from commands.room import RoomCreate, RoomShow
from providers.base import RoomRef
from tests.commands.lines import fault, offered, problems, read
from tests.commands.workspace import labels

# Names that want quotes


def test_the_quoted_form_is_offered_as_a_button() -> None:
    error = fault("room create Test Room —max-participants 5")
    assert labels(error.actions) == ["Use “Test Room”"]
    assert offered(error.actions) == [RoomCreate(provider="memory", name="Test Room", max_participants=5)]


def test_the_quoted_name_is_not_pinned_to_a_life() -> None:
    error = fault("room show Test Room --room-id RM_9")
    assert offered(error.actions) == [RoomShow(provider="memory", room="Test Room")]


def test_quotes_are_not_offered_for_this_channels_room() -> None:
    error = fault("room show . now", Here("memory", RoomRef("annex", "RM_1", "standup")))
    assert problems(error) == ["That is one word too many: “now”."]
    assert error.actions == ()


def test_quotes_are_not_offered_where_they_would_not_help() -> None:
    error = fault("token create a b --ttl soon")
    assert problems(error)[0] == "That is one word too many: “b”."
    assert error.actions == ()


# Commands and options


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("rom create x", RoomCreate(provider="memory", name="x")),
        ("room creat x", RoomCreate(provider="memory", name="x")),
        ("rooom craete x", RoomCreate(provider="memory", name="x")),
        ("recordings start x", RecordingStart(provider="memory", room="x")),
        ("recording strat x", RecordingStart(provider="memory", room="x")),
        ('rom create x --metadata="v w"', RoomCreate(provider="memory", name="x", metadata="v w")),
        ('rom create "--record"', RoomCreate(provider="memory", name="--record")),
        ("hlep", Help()),
    ],
)
def test_a_close_slip_is_a_button_away(line: str, command: Command) -> None:
    error = fault(line)
    assert offered(error.actions) == [command]
    suggestion = plain(error.remedy).removeprefix("Did you mean /video ").removesuffix("?")
    assert read(suggestion) == command


@pytest.mark.parametrize("line", ["frobnicate", "create room x", "close x", '"room create" x', "—", "…"])
def test_nothing_is_suggested_that_is_not_close(line: str) -> None:
    error = fault(line)
    assert plain(error.remedy) == "See /video help for what there is."
    assert error.actions == ()


@pytest.mark.parametrize(
    ("line", "noun"),
    [
        ("room foo", "room"),
        ("room pause x", "room"),
        ("session pause x", "room"),
        ("participant add x", "participant"),
        ("recording foo x", "recording"),
        ("provider delete x", "provider"),
    ],
)
def test_a_noun_with_an_unknown_verb_leads_to_its_help(line: str, noun: str) -> None:
    error = fault(line)
    assert plain(error.remedy) == f"See /video help {noun} for what there is."
    assert error.actions == ()


@pytest.mark.parametrize(
    ("line", "noun"), [("romm", "room"), ("romm foo", "room"), ("recordng foo x", "recording"), ("allert", "alert")]
)
def test_a_close_noun_is_suggested_alone(line: str, noun: str) -> None:
    error = fault(line)
    assert plain(error.remedy) == f"Did you mean /video {noun}?"
    assert error.actions == ()
    with pytest.raises(HelpWanted) as wanted:
        read(noun)
    assert wanted.value.topic == (noun,)


@pytest.mark.parametrize("option", ["colour", "speed", "x", "pr", "layer-of-cake", "of-the-room"])
def test_no_option_is_suggested_that_is_not_close(option: str) -> None:
    assert problems(fault(f"recording start x --{option} y")) == [f"recording start has no option --{option}."]


def test_an_internal_option_is_never_suggested() -> None:
    assert problems(fault("room list --pages 2")) == ["room list has no option --pages."]


def test_a_close_slip_that_still_needs_something_has_no_button() -> None:
    error = fault("rom create")
    assert plain(error.remedy) == "Did you mean /video room create?"
    assert error.actions == ()


def test_a_close_slip_with_a_request_for_help_has_no_button() -> None:
    assert fault("rom create --help").actions == ()
