"""From lines to commands, and every way in which a line can be wrong."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field

from commands.core.base import Arg, Command
from commands.core.errors import HelpWanted, MissingInput, UsageError
from commands.core.parsing import MOST_PROBLEMS, Here, parse
from commands.core.registry import Commands
from commands.core.reply import plain
from commands.help import Help
from commands.overview import Overview
from commands.recording import RecordingList, RecordingStart, RecordingStop
from commands.role import RoleGrant
from commands.room import RoomCreate, RoomJoin, RoomList, RoomShow, RoomUpdate
from commands.room_muting import RoomMute
from commands.token import TokenApi, TokenCreate
from providers.base import RoomRef
from tests.commands.lines import COMMANDS, HERE, fault, problems, read
from tests.commands.strategies import AWKWARD, PITFALLS

ROOM = RoomRef("annex", "RM_1", "standup")
WITH_ROOM = Here("memory", ROOM)


class ParcelSend(Command, path="parcel send"):
    """Send a parcel. Registered nowhere: it has what no registered command has yet."""

    to: Arg[str] = Field(description="To whom")
    weight: Arg[int] = Field(1, description="In kilograms")
    stamps: tuple[int, ...] = Field((), description="Their values")
    insured: bool = Field(True, description="Whether it is insured")


PARCELS = Commands([ParcelSend])


# What is understood


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("", Overview()),
        (" \u200b", Overview()),
        ("ROOM Create standup", RoomCreate(provider="memory", name="standup")),
        ("rooms", RoomList(provider="memory")),
        ("join standup", RoomJoin(provider="memory", room="standup")),
        ("session create standup", RoomCreate(provider="memory", name="standup")),
        ("archive start standup", RecordingStart(provider="memory", room="standup")),
        ("room record standup", RecordingStart(provider="memory", room="standup")),
        ("room create --name standup", RoomCreate(provider="memory", name="standup")),
        ("room create standup —max-participants=5", RoomCreate(provider="memory", name="standup", max_participants=5)),
        ("room create --MAX_participants 5 a", RoomCreate(provider="memory", name="a", max_participants=5)),
        ("room create standup --record=yes", RoomCreate(provider="memory", name="standup", record=True)),
        ("room create standup --no-record", RoomCreate(provider="memory", name="standup")),
        ("room create standup --record no", RoomCreate(provider="memory", name="standup")),
        ("room create --record YES standup", RoomCreate(provider="memory", name="standup", record=True)),
        ('room create --record "yes"', RoomCreate(provider="memory", name="yes", record=True)),
        ("room create standup --no-record=no", RoomCreate(provider="memory", name="standup", record=True)),
        ("room create standup --provider annex", RoomCreate(provider="annex", name="standup")),
        ("room create a --metadata=--odd", RoomCreate(provider="memory", name="a", metadata="--odd")),
        ('room create a --metadata "--odd"', RoomCreate(provider="memory", name="a", metadata="--odd")),
        ("room create a --metadata -5", RoomCreate(provider="memory", name="a", metadata="-5")),
        ('room create a --metadata {"k": 1}', RoomCreate(provider="memory", name="a", metadata='{"k": 1}')),
        ("room mute a --except ana --EXCEPT=ben", RoomMute(provider="memory", room="a", except_=("ana", "ben"))),
        ("token create a --hidden", TokenCreate(provider="memory", room="a", hidden=True)),
        ("token create a --no-hidden", TokenCreate(provider="memory", room="a", hidden=False)),
        ("token create a --hidden=no", TokenCreate(provider="memory", room="a", hidden=False)),
        ("token create a --no-hidden=no", TokenCreate(provider="memory", room="a", hidden=True)),
        ("token create a —no-can-publish", TokenCreate(provider="memory", room="a", can_publish=False)),
        ("token create a --can-publish-data", TokenCreate(provider="memory", room="a", can_publish_data=True)),
        ("token create a --source Screen-Share", TokenCreate(provider="memory", room="a", source=("screen_share",))),
        ('room update a --metadata ""', RoomUpdate(provider="memory", room="a", metadata="")),
        ("room update a --metadata {“k”: “v”}", RoomUpdate(provider="memory", room="a", metadata='{"k": "v"}')),
        ("token api --allow sip-call", TokenApi(provider="memory", allow=("sip_call",))),
        ('room create "--record"', RoomCreate(provider="memory", name="--record")),
        ('room create "-x"', RoomCreate(provider="memory", name="-x")),
        ('room create "--"', RoomCreate(provider="memory", name="--")),
        ("room create -5", RoomCreate(provider="memory", name="-5")),
        ("room create --name -x", RoomCreate(provider="memory", name="-x")),
        ('room create "Bob\'s “all hands”"', RoomCreate(provider="memory", name="Bob's “all hands”")),
        ("room create 🎬", RoomCreate(provider="memory", name="🎬")),
        ("room create <!channel>", RoomCreate(provider="memory", name="<!channel>")),
        (
            'token create a --attribute role=host --attribute seat="row 1"',
            TokenCreate(provider="memory", room="a", attribute={"role": "host", "seat": "row 1"}),
        ),
        ("help room create", Help(topic=("room", "create"))),
        ('help "--help"', Help(topic=("--help",))),
    ],
)
def test_a_line_is_read(line: str, command: Command) -> None:
    assert read(line) == command


@pytest.mark.parametrize(
    ("line", "topic"),
    [
        ("--help", ()),
        ("-h", ()),
        ("room", ("room",)),
        ("session", ("room",)),
        ("Room --help", ("room",)),
        ("room create --help", ("room", "create")),
        ("room create standup -h --nonsense", ("room", "create")),
        ("session create --HELP", ("room", "create")),
        ("join --help", ("room", "join")),
    ],
)
def test_help_is_wanted(line: str, topic: tuple[str, ...]) -> None:
    with pytest.raises(HelpWanted) as wanted:
        read(line)
    assert wanted.value.topic == topic


class ParcelShow(Command, path="parcel"):
    """Show a parcel. Its path is the beginning of another."""

    topic: Arg[str] = Field("", description="Which")


@pytest.mark.parametrize("types", [(ParcelSend, ParcelShow), (ParcelShow, ParcelSend)])
def test_a_short_path_does_not_shadow_a_long_one(types: tuple[type[Command], ...]) -> None:
    assert parse("parcel send ana", Commands(types), HERE) == ParcelSend(to="ana")
    assert parse("parcel sent", Commands(types), HERE) == ParcelShow(topic="sent")


# This channel's room and provider


@pytest.mark.parametrize(
    ("line", "command"),
    [
        ("room show", RoomShow(provider="annex", room="standup", room_id="RM_1")),
        ("room show .", RoomShow(provider="annex", room="standup", room_id="RM_1")),
        ("room show --room .", RoomShow(provider="annex", room="standup", room_id="RM_1")),
        ("recording stop .", RecordingStop(provider="annex", recording="standup", room_id="RM_1")),
        ("recording list . --active", RecordingList(provider="annex", room="standup", active=True, room_id="RM_1")),
        ("room show --provider annex", RoomShow(provider="annex", room="standup", room_id="RM_1")),
        # --provider wins over the room's, and then the life does not fit any more
        ("room show --provider memory", RoomShow(provider="memory", room="standup")),
        ("room show . --provider memory", RoomShow(provider="memory", room="standup")),
        ("room show --room . --provider memory", RoomShow(provider="memory", room="standup")),
        # a name is a name: the default provider, and no life of another room
        ("room show standup", RoomShow(provider="memory", room="standup")),
        ('room show "."', RoomShow(provider="memory", room=".")),
        # nothing is lent where no room is needed
        ("recording list", RecordingList(provider="memory")),
        ("room create .", RoomCreate(provider="memory", name=".")),
        ("room list .", RoomList(provider="memory", pattern=".")),
    ],
)
def test_what_the_channel_lends(line: str, command: Command) -> None:
    assert read(line, WITH_ROOM) == command


def test_a_dot_where_the_channel_has_no_room() -> None:
    error = fault("room show .")
    assert problems(error) == ["This channel has no room, so “.” means nothing here."]
    assert error.problems[0].field == "room"


def test_a_missing_room() -> None:
    error = fault("room show")
    assert isinstance(error, MissingInput)
    assert problems(error) == ["room show needs ROOM."]
    assert plain(error.remedy) == "For example: /video room show standup"


# What is wrong, sentence by sentence

SENTENCES: dict[str, tuple[str, list[str], str]] = {
    "a slip in the noun": (
        "rom create x",
        ["There is no command “rom create”."],
        "Did you mean /video room create x?",
    ),
    "nothing close": ("frobnicate", ["There is no command “frobnicate”."], "See /video help for what there is."),
    "a slip in the noun alone": ("romm", ["There is no command “romm”."], "Did you mean /video room?"),
    "a slip in the noun and no such verb": (
        "romm pause x",
        ["There is no command “romm pause”."],
        "Did you mean /video room?",
    ),
    "no such verb": ("room pause x", ["There is no command “room pause”."], "See /video help room for what there is."),
    "no such verb of another word for a noun": (
        "session pause x",
        ["There is no command “session pause”."],
        "See /video help room for what there is.",
    ),
    "a quoted verb": ('room "create" x', ["There is no command “room”."], "See /video help room for what there is."),
    "no name": ("room create", ["room create needs NAME."], "For example: /video room create standup"),
    "unquoted name": (
        "room create Test Room",
        ["That is one word too many: “Room”."],
        'A name with spaces goes in quotes: /video room create "Test Room"',
    ),
    "a word for a number": (
        "room create x —max-participants five",
        ["--max-participants: “five” is not a whole number."],
        "For example: /video room create standup --max-participants 20 --empty-timeout 10m",
    ),
    "a fraction": (
        "room create x --max-participants 5.5",
        ["--max-participants: “5.5” is not a whole number."],
        "For example: /video room create standup --max-participants 20 --empty-timeout 10m",
    ),
    "too few": (
        "room create x --max-participants 0",
        ["--max-participants: “0” is too small; the least is 1."],
        "For example: /video room create standup --max-participants 20 --empty-timeout 10m",
    ),
    "too many": (
        "room create x --max-participants 99999999999",
        ["--max-participants: “99999999999” is too large; the most is 1,000,000."],
        "For example: /video room create standup --max-participants 20 --empty-timeout 10m",
    ),
    "a ttl of 0": (
        "token create x --ttl 0",
        ["--ttl: “0” is no duration. Write it like 90s, 15m or 1h30m."],
        "For example: /video token create standup --identity guest-1 --grant subscriber --ttl 15m",
    ),
    "a ttl of 0s": (
        "token create x --ttl 0s",
        ["--ttl: A duration must be at least one second, like 90s, 15m or 1h30m."],
        "For example: /video token create standup --identity guest-1 --grant subscriber --ttl 15m",
    ),
    "a ttl of 10 years": (
        "token create x --ttl 10 years",
        ["That is one word too many: “years”.", "--ttl: “10” is no duration. Write it like 90s, 15m or 1h30m."],
        "See /video help token create for what it takes.",
    ),
    "a quoted ttl of 10 years": (
        'token create x --ttl "10 years"',
        ["--ttl: “10 years” is no duration. Write it like 90s, 15m or 1h30m."],
        "For example: /video token create standup --identity guest-1 --grant subscriber --ttl 15m",
    ),
    "no such choice": (
        "token create x --grant king",
        ["--grant: “king” is not one of subscriber, publisher or moderator."],
        "For example: /video token create standup --identity guest-1 --grant subscriber --ttl 15m",
    ),
    "no such kind": (
        "alert subscribe rooms",
        ["KINDS: “rooms” is not one of room, participant, track, recording, stream, egress, ingress, sip or server. "
        "Did you mean room?"],
        "For example: /video alert subscribe recording",
    ),
    "no pair": (
        "token create x --attribute host",
        ["--attribute: “host” is no pair. Write it like role=host."],
        "For example: /video token create standup --attribute role=host",
    ),
    "a blank name": ('room create " "', ["NAME: It cannot be empty."], "For example: /video room create standup"),
    "no value": (
        "room create x --max-participants",
        ["--max-participants needs a value."],
        "For example: /video room create standup --max-participants 20 --empty-timeout 10m",
    ),
    "an option for a value": (
        "room create x --metadata --record",
        ["--metadata needs a value."],
        "For example: /video room create standup --metadata rehearsal",
    ),
    "twice": (
        "room create x --metadata a --metadata b",
        ["--metadata is given twice."],
        "For example: /video room create standup --metadata rehearsal",
    ),
    "an option that only its command knows a value for": (
        "room list --by ana",
        ["--by: “ana” is nobody of this workspace. Write it like @ana."],
        "See /video help room list for what it takes.",
    ),
    "a page of no number": (
        "room list --page two",
        ["--page: “two” is not a whole number."],
        "For example: /video room list --page 2",
    ),
    "no video server": (
        "room create x --provider",
        ["--provider needs a value."],
        "For example: /video room create standup --provider memory",
    ),
    "a video server of a channel": (
        "alert subscribe --provider",
        ["--provider needs a value."],
        "For example: /video alert subscribe --provider memory",
    ),
    "a vendor's noun and no such command": (
        "Broadcast foo",
        ["There is no command “Broadcast foo”."],
        "See /video help stream for what there is.",
    ),
    "a slip in a short command": (
        "whoamy x",
        ["There is no command “whoamy”."],
        "Did you mean /video whoami x?",
    ),
    "a switch with a value": (
        "room create x --record=maybe",
        ["--record is a switch: leave the value out, or say yes or no."],
        'For example: /video room create "Q3 review" --record',
    ),
    "an unknown option takes its value with it": (
        "room create x --colour red",
        ["room create has no option --colour."],
        "See /video help room create for what it takes.",
    ),
    "a slip in an option": (
        "room create x --metdata a",
        ["room create has no option --metdata. Did you mean --metadata?"],
        "See /video help room create for what it takes.",
    ),
    "two slips, two messages": (
        "room create x --colour red --max-participants",
        ["room create has no option --colour.", "--max-participants needs a value."],
        "See /video help room create for what it takes.",
    ),
    "a wrong value and no name": (
        "room create --max-participants five",
        ["NAME: It is needed.", "--max-participants: “five” is not a whole number."],
        "For example: /video room create standup --max-participants 20 --empty-timeout 10m",
    ),
    "a word too many beside a slip": (
        "room create a b --colour red",
        ["That is one word too many: “b”.", "room create has no option --colour."],
        "See /video help room create for what it takes.",
    ),
    "a word where none belongs": (
        "whoami now",
        ["That is one word too many: “now”."],
        "See /video help whoami for what it takes.",
    ),
    "a word beside a named one": (
        "room create --name a b",
        ["That is one word too many: “b”."],
        "See /video help room create for what it takes.",
    ),
    "one dash": (
        "room create -x",
        ["“-x” is no option; those begin with two dashes. As a name it goes in quotes."],
        "See /video help room create for what it takes.",
    ),
    "one dash and nothing": (
        "room create -",
        ["“-” is no option; those begin with two dashes. As a name it goes in quotes."],
        "See /video help room create for what it takes.",
    ),
    "two dashes and nothing": (
        "room create --",
        ["“--” is no option; those begin with two dashes. As a name it goes in quotes."],
        "See /video help room create for what it takes.",
    ),
    "one dash beside a slip": (
        "room create standup -record --max-participants five -5x",
        [
            "“-record” is no option; those begin with two dashes. As a name it goes in quotes.",
            "“-5x” is no option; those begin with two dashes. As a name it goes in quotes.",
        ],
        "See /video help room create for what it takes.",
    ),
    "an option that an example shows beside one that none shows": (
        "room create x --metadata --max-participants",
        ["--metadata needs a value.", "--max-participants needs a value."],
        "For example: /video room create standup --max-participants 20 --empty-timeout 10m",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("line", "what", "remedy"), SENTENCES.values(), ids=SENTENCES.keys())
def test_what_is_said(line: str, what: list[str], remedy: str) -> None:
    error = fault(line)
    assert problems(error) == what
    assert plain(error.remedy) == remedy


def test_a_problem_names_its_field() -> None:
    assert [p.field for p in fault("token create x --ttl soon --grant king").problems] == ["grant", "ttl"]


def test_what_was_given_goes_into_the_form() -> None:
    error = fault("room create --max-participants 5 --record")
    assert isinstance(error, MissingInput)
    assert error.command_type is RoomCreate
    assert error.given == {"provider": "memory", "max_participants": "5", "record": True}


def test_quotes_are_not_offered_for_what_is_no_text() -> None:
    error = fault("parcel send ana 5 kilos", commands=PARCELS)
    assert problems(error) == ["That is one word too many: “kilos”."]
    assert error.actions == ()


def test_a_switch_that_is_on_can_be_turned_off() -> None:
    assert parse("parcel send ana --no-insured", PARCELS, HERE) == ParcelSend(to="ana", insured=False)


def test_an_entry_of_a_list_is_named_by_its_field() -> None:
    error = fault("parcel send ana --stamps 5 --stamps x", commands=PARCELS)
    assert [(p.text, p.field) for p in error.problems] == [("--stamps: “x” is not a whole number.", "stamps")]


# Anything at all

LEADS = ["", *(" ".join(path) for path in COMMANDS.spellings)]
OPTIONS = sorted({f"--{name}" for model in COMMANDS.values() for name in model.model_fields})


@given(
    st.sampled_from(LEADS),
    st.lists(st.sampled_from(PITFALLS) | st.sampled_from(OPTIONS) | st.text(AWKWARD) | st.text(st.characters())),
    st.sampled_from([HERE, WITH_ROOM]),
)
def test_no_line_raises_anything_but_the_two(lead: str, rest: list[str], here: Here) -> None:
    with suppress(HelpWanted, UsageError):
        assert isinstance(parse(" ".join([lead, *rest]), COMMANDS, here), Command)


@pytest.mark.parametrize("noise", ["--x ", "--max-participants ", "a=b ", "--record=? ", "-", "🎬 ", '"" '])
def test_junk_gives_at_most_five_problems(noise: str) -> None:
    for size in (3_900, 8_192):
        error = fault(("room create " + noise * size)[:size].rstrip('"'))
        assert 1 <= len(error.problems) <= MOST_PROBLEMS


def test_eight_kilobytes_are_refused_as_too_long() -> None:
    error = fault("x" * 8_192)
    assert problems(error) == ["That is 8,192 characters; a command can have 4,000."]
    assert plain(error.remedy) == "Shorten it. A form takes less: 3,000 characters in a field."


def test_a_form_begins_with_the_channels_room_on_its_own_server_alone() -> None:
    here = Here("memory", RoomRef("memory", "RM_1", "standup"))
    assert here.room_for(RoomShow, "memory") == {"room": "standup"}
    assert here.room_for(RoomShow, "annex") == {}
    assert Here("memory").room_for(RoomShow, "memory") == {}
    assert here.room_for(Help, "memory") == {}


@pytest.mark.parametrize("line", ["role grant @U1 OPERATOR", "role grant @U1 --what Operator"])
def test_a_choice_is_read_whatever_its_case(line: str) -> None:
    assert read(line) == RoleGrant(who="@U1", what="operator")
