"""Telling a channel nothing for a while."""

from datetime import timedelta

import pytest

from commands.alert_mute import AlertUnmute
from commands.core.alerts import AlertKind, Scope
from commands.core.errors import CommandError, NotAllowed, NothingHere, UsageError
from commands.core.reply import plain
from tests.commands.workspace import HALL, OLGA, STUDIO, VERA, Workspace, button, refused, says, told


@pytest.mark.parametrize(
    ("arguments", "words", "until"),
    [
        ("", "everything", "13:00:00"),
        ("--for 30m", "everything", "12:30:00"),
        ("--for 90s", "everything", "12:01:30"),
        ("--until 2h", "everything", "14:00:00"),
        ('--until "2026-11-20 18:00"', "everything", "18:00:00"),
        ("recording --room load-* --provider annex", "recordings in rooms like load-* on annex", "13:00:00"),
    ],
)
async def test_mute_and_unmute_in_the_same_words(workspace: Workspace, arguments: str, words: str, until: str) -> None:
    reply = told(await workspace.say(f"alert mute {arguments}"))
    assert plain(reply.text) == f"Muted in this channel until 2026-11-20T{until}+00:00: {words}."
    [mute] = await workspace.subscriptions.mutes(STUDIO)
    assert mute.said_by == OLGA.user_id
    said = arguments.partition("--for")[0].partition("--until")[0]
    gone = told(await workspace.say(f"alert unmute {said}"))
    assert plain(gone.text) == f"Not muted any more in this channel: {words}."
    assert await workspace.subscriptions.mutes(STUDIO) == []


async def test_it_ends_by_itself(workspace: Workspace) -> None:
    told(await workspace.say("alert mute"))
    workspace.clock.advance(timedelta(hours=1))
    assert says(refused(await workspace.say("alert unmute"))) == (
        "Nothing is muted in this channel in these words.",
        "See /video alert list for what it is told of.",
    )


async def test_the_last_word_counts(workspace: Workspace) -> None:
    told(await workspace.say("alert mute room --for 20d"))
    told(await workspace.say("alert mute room --for 5m"))
    [mute] = await workspace.subscriptions.mutes(STUDIO)
    assert mute.until - workspace.clock.now() == timedelta(minutes=5)
    assert mute.what == Scope(kinds=frozenset({AlertKind.ROOM}))


async def test_unmute_all(workspace: Workspace) -> None:
    for line in ("mute room", "mute track", "mute"):
        told(await workspace.say(f"alert {line}"))
    told(await workspace.say("alert mute", place=HALL))
    reply = told(await workspace.say("alert unmute"))
    assert plain(reply.text) == "Not muted any more in this channel: 3 mutes."
    assert await workspace.subscriptions.mutes(STUDIO) == []
    assert len(await workspace.subscriptions.mutes(HALL)) == 1


async def test_unmute_by_button_means_that_one(workspace: Workspace) -> None:
    everything = told(await workspace.say("alert mute"))
    told(await workspace.say("alert mute track"))
    unmute = button(everything.actions, "Unmute")
    assert unmute == AlertUnmute(number=1)
    assert plain(told(await workspace.press(unmute)).text) == "Not muted any more in this channel: everything."
    assert isinstance(refused(await workspace.press(unmute)), NothingHere)
    assert [mute.what.kinds for mute in await workspace.subscriptions.mutes(STUDIO)] == [{AlertKind.TRACK}]
    assert isinstance(refused(await workspace.press(AlertUnmute(number=2), place=HALL)), NothingHere)


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ("--for 0s", "--for: A duration must be at least one second, like 90s, 15m or 1h30m."),
        ("--for long", "--for: “long” is no duration. Write it like 90s, 15m or 1h30m."),
        ("--for 400d", "--for: A channel can be muted for 30d at most."),
        ("--until 400d", "--until: A channel can be muted for 30d at most."),
        ("--until 2026-11-01", "--until: 2026-11-01 is over."),
        ("--for 1h --until 2h", "--until: It says for how long already; leave out --for or --until."),
        ("roms", "KINDS: “roms” is not one of room, participant, track, recording, stream, egress, ingress, sip or "
         "server. Did you mean room?"),
    ],
)  # fmt: skip
async def test_what_cannot_be_muted(workspace: Workspace, arguments: str, problem: str) -> None:
    try:
        error: CommandError = refused(await workspace.say(f"alert mute {arguments}"))
    except UsageError as unparsed:
        error = unparsed
    assert isinstance(error, UsageError)
    assert [p.text for p in error.problems] == [problem]
    assert await workspace.subscriptions.mutes(STUDIO) == []


@pytest.mark.parametrize("line", ["alert mute", "alert unmute"])
async def test_a_viewer_mutes_nothing(workspace: Workspace, line: str) -> None:
    assert isinstance(refused(await workspace.say(line, by=VERA)), NotAllowed)
