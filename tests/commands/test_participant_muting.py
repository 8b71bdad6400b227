"""Muting somebody, and letting them be heard again or asking them to."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from commands.core.attempts import Outcome
from commands.core.errors import CannotDo, NothingHere, UsageError
from commands.core.reply import plain
from commands.participant_muting import ParticipantMute, ParticipantUnmute
from providers.base import Capability, RoomRef, Track, TrackSource
from providers.errors import NotFound, ProviderError, Unreachable, Unsupported
from providers.memory.provider import Memory
from tests.commands.races import Eventful, eventful
from tests.commands.workspace import ENDED, VERA, Workspace, button, labels, refused, says, told


@dataclass(frozen=True)
class Sending:
    """Bob in a room with all that he sends."""

    room: RoomRef
    microphone: Track
    camera: Track
    music: Track


@pytest.fixture
async def memory() -> AsyncIterator[Eventful]:
    async with eventful() as provider:
        yield provider


@pytest.fixture
async def bob(workspace: Workspace, memory: Memory) -> Sending:
    room = await workspace.room("standup")
    memory.server.join("standup", "bob", name="Bob")
    memory.server.join("standup", "cleo")
    return Sending(
        room,
        memory.server.publish("standup", "bob"),
        memory.server.publish("standup", "bob", TrackSource.CAMERA),
        memory.server.publish("standup", "bob", TrackSource.SCREEN_SHARE_AUDIO, name="Music"),
    )


def muted(memory: Memory, room: RoomRef) -> set[TrackSource]:
    return {t.source for p in memory.server.list_participants(room) for t in p.tracks if t.muted}


MICROPHONE, CAMERA, MUSIC = TrackSource.MICROPHONE, TrackSource.CAMERA, TrackSource.SCREEN_SHARE_AUDIO


@pytest.mark.parametrize(
    ("words", "silent", "said"),
    [
        ("bob", {MICROPHONE, MUSIC}, "microphone, screen share sound"),
        ("Bob --audio", {MICROPHONE, MUSIC}, "microphone, screen share sound"),
        ("bob --video", {CAMERA}, "camera"),
        ("bob --audio --video", {MICROPHONE, CAMERA, MUSIC}, "microphone, camera, screen share sound"),
        ("bob camera", {CAMERA}, "camera"),
        ("bob Microphone", {MICROPHONE}, "microphone"),
        ("bob screen-share-audio", {MUSIC}, "screen share sound"),
        ('bob "screen share sound"', {MUSIC}, "screen share sound"),
        ("bob music", {MUSIC}, "screen share sound"),
    ],
)
async def test_mute(
    workspace: Workspace, memory: Memory, bob: Sending, words: str, silent: set[TrackSource], said: str
) -> None:
    reply = told(await workspace.say(f"participant mute standup {words}"))
    assert plain(reply.text) == f"Muted Bob: {said}."
    assert reply.hint == ""
    assert muted(memory, bob.room) == silent


async def test_mute_one_track_by_id(workspace: Workspace, memory: Memory, bob: Sending) -> None:
    told(await workspace.say(f"participant mute standup bob {bob.camera.id}"))
    assert muted(memory, bob.room) == {CAMERA}


async def test_mute_what_is_muted(workspace: Workspace, memory: Memory, bob: Sending) -> None:
    told(await workspace.say("participant mute standup bob"))
    reply = told(await workspace.say("participant mute standup bob"))
    assert plain(reply.text) == "Bob is muted already: microphone, screen share sound."
    assert muted(memory, bob.room) == {MICROPHONE, MUSIC}


async def test_mute_can_be_undone_by_a_button(workspace: Workspace, memory: Memory, bob: Sending) -> None:
    reply = told(await workspace.say("participant mute standup bob"))
    undone = told(await workspace.press(button(reply.actions, "Unmute")))
    assert plain(undone.text) == "Unmuted Bob: microphone, screen share sound."
    assert muted(memory, bob.room) == set()


async def test_a_viewer_mutes_nobody(workspace: Workspace, memory: Memory, bob: Sending) -> None:
    refused(await workspace.say("participant mute standup bob", by=VERA))
    assert muted(memory, bob.room) == set()


@pytest.mark.parametrize(
    ("words", "what", "remedy"),
    [
        ("cleo", "cleo sends no sound.", "They send nothing."),
        ("cleo --video", "cleo sends no picture.", "They send nothing."),
        ("cleo --audio --video", "cleo sends no sound and no picture.", "They send nothing."),
        ("cleo camera", "cleo has no track camera.", "They send nothing."),
        ("bob TR_ELSEWHERE", "Bob has no track TR_ELSEWHERE.", "They send microphone, camera, screen share sound."),
        ("zoe", "zoe is not in standup.", "In it: Bob, cleo."),
    ],
)
async def test_nothing_to_mute(workspace: Workspace, bob: Sending, words: str, what: str, remedy: str) -> None:
    error = refused(await workspace.say(f"participant mute standup {words}"))
    assert isinstance(error, NothingHere)
    assert says(error) == (what, remedy)


async def test_a_track_of_another_room(workspace: Workspace, memory: Memory, bob: Sending) -> None:
    await workspace.room("retro")
    memory.server.join("retro", "bob")
    elsewhere = memory.server.publish("retro", "bob")
    error = refused(await workspace.say(f"participant mute standup bob {elsewhere.id}"))
    assert says(error)[0] == f"Bob has no track {elsewhere.id}."
    assert muted(memory, bob.room) == set()


async def test_two_tracks_of_one_name(workspace: Workspace, memory: Memory, bob: Sending) -> None:
    second = memory.server.publish("standup", "bob", TrackSource.CAMERA)
    error = refused(await workspace.say("participant mute standup bob camera"))
    assert says(error) == ("Bob has 2 tracks called camera.", "Say which one, by id.")
    assert labels(error.actions) == [bob.camera.id, second.id]
    told(await workspace.press(button(error.actions, second.id)))
    [person] = [p for p in memory.server.list_participants(bob.room) if p.identity == "bob"]
    assert [t.id for t in person.tracks if t.muted] == [second.id]


async def test_a_track_and_a_kind_contradict(workspace: Workspace, bob: Sending) -> None:
    error = refused(await workspace.say("participant mute standup bob camera --video"))
    assert isinstance(error, UsageError)
    assert says(error)[0] == "TRACK: It says which one already; leave out --audio and --video."


async def test_mute_where_the_server_cannot(workspace: Workspace, memory: Memory, bob: Sending) -> None:
    memory.lacking = frozenset({Capability.MUTE_TRACK})
    assert isinstance(refused(await workspace.say("participant mute standup bob")), CannotDo)


@pytest.mark.parametrize(
    ("fault", "hint"), [(Unreachable, f"Not everything: {Unreachable.what} {Unreachable.remedy}"), (NotFound, "")]
)
async def test_the_second_track_cannot_be_muted(
    workspace: Workspace, memory: Eventful, bob: Sending, fault: type[ProviderError], hint: str
) -> None:
    """A server that dies in the middle does not hide what was done; a track that has ended is silent."""
    memory.after["mute_track"] = lambda: memory.server.faults.update(mute_track=fault)
    reply = told(await workspace.say("participant mute standup bob"))
    assert (plain(reply.text), plain(reply.hint)) == ("Muted Bob: microphone.", hint)
    assert muted(memory, bob.room) == {MICROPHONE}


async def test_a_server_that_dies_between_looking_and_muting(
    workspace: Workspace, memory: Memory, bob: Sending
) -> None:
    memory.server.faults["mute_track"] = Unreachable
    answer = await workspace.say("participant mute standup bob")
    assert answer.outcome is Outcome.FAILED
    assert isinstance(answer.result, Unreachable)


async def test_somebody_leaves_first(workspace: Workspace, memory: Eventful, bob: Sending) -> None:
    memory.before["mute_track"] = lambda: memory.server.leave("standup", "bob")
    error = refused(await workspace.say("participant mute standup bob camera"))
    assert says(error) == ("Bob has just left standup.", "In it: cleo.")


async def test_somebody_stops_sending_first(workspace: Workspace, memory: Eventful, bob: Sending) -> None:
    memory.before["mute_track"] = lambda: memory.server.unpublish("standup", "bob", bob.camera.id)
    error = refused(await workspace.say("participant mute standup bob camera"))
    assert says(error) == ("Bob has just stopped sending that.", "They send microphone, screen share sound.")


async def test_the_room_ends_first(workspace: Workspace, memory: Eventful, bob: Sending) -> None:
    memory.before["mute_track"] = lambda: memory.server.close_room(bob.room)
    assert says(refused(await workspace.say("participant mute standup bob camera"))) == ENDED


# participant unmute


async def test_unmute(workspace: Workspace, memory: Memory, bob: Sending) -> None:
    told(await workspace.say("participant mute standup bob --audio --video"))
    reply = told(await workspace.say("participant unmute standup bob"))
    assert plain(reply.text) == "Unmuted Bob: microphone, screen share sound."
    assert muted(memory, bob.room) == {CAMERA}


async def test_unmute_what_is_not_muted(workspace: Workspace, bob: Sending) -> None:
    reply = told(await workspace.say("participant unmute standup bob camera"))
    assert plain(reply.text) == "Bob is not muted: camera."


@pytest.mark.parametrize("forbidden_by", ["installation", "kind"])
async def test_unmute_asks_where_the_server_forbids_it(
    workspace: Workspace, memory: Memory, bob: Sending, forbidden_by: str
) -> None:
    told(await workspace.say("participant mute standup bob microphone"))
    if forbidden_by == "installation":
        memory.server.faults["unmute_track"] = Unsupported
    else:
        memory.lacking = frozenset({Capability.UNMUTE_TRACK})
    reply = told(await workspace.say("participant unmute standup bob microphone"))
    assert plain(reply.text) == "Asked Bob to unmute: microphone."
    assert plain(reply.hint) == (
        "They are still muted: memory lets people unmute only themselves. "
        "Their app shows the request if it knows such messages."
    )
    [signal] = memory.server.signals("standup", "bob")
    assert signal.topic == "showcaller"
    assert json.loads(signal.message) == {
        "type": "unmute_request",
        "tracks": [bob.microphone.id],
        "sources": ["microphone"],
    }
    assert memory.server.signals("standup", "cleo") == []
    assert muted(memory, bob.room) == {MICROPHONE}


async def test_unmute_where_nobody_can_be_asked_either(workspace: Workspace, memory: Memory, bob: Sending) -> None:
    told(await workspace.say("participant mute standup bob"))
    memory.lacking = frozenset({Capability.UNMUTE_TRACK, Capability.SEND_SIGNAL})
    error = refused(await workspace.say("participant unmute standup bob"))
    assert isinstance(error, CannotDo)
    assert says(error) == ("On memory nobody can be unmuted by others, nor be asked by a message.", "Ask Bob yourself.")


async def test_somebody_leaves_before_they_are_asked(workspace: Workspace, memory: Eventful, bob: Sending) -> None:
    told(await workspace.say("participant mute standup bob"))
    memory.server.faults["unmute_track"] = Unsupported
    memory.before["send_signal"] = lambda: memory.server.leave("standup", "bob")
    error = refused(await workspace.say("participant unmute standup bob"))
    assert says(error) == ("Bob has just left standup.", "In it: cleo.")


async def test_a_server_that_dies_before_unmuting(workspace: Workspace, memory: Memory, bob: Sending) -> None:
    told(await workspace.say("participant mute standup bob"))
    memory.server.faults["unmute_track"] = Unreachable
    answer = await workspace.say("participant unmute standup bob")
    assert isinstance(answer.result, Unreachable)
    assert memory.server.signals("standup", "bob") == []


async def test_buttons_mean_one_identity(workspace: Workspace, memory: Memory, bob: Sending) -> None:
    memory.server.leave("standup", "bob")
    memory.server.join("standup", "other", name="bob")
    memory.server.publish("standup", "other")
    for command in (
        ParticipantMute(provider="memory", room="standup", who="bob", exact=True),
        ParticipantUnmute(provider="memory", room="standup", who="bob", exact=True),
    ):
        assert says(refused(await workspace.press(command)))[0] == "bob is not in standup."
    assert muted(memory, bob.room) == set()
