"""Everybody in a room muted at once, and what is told when not everything could be done."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from commands.core.attempts import Outcome
from commands.core.errors import Ended, NotAllowed, NothingHere
from commands.core.reply import plain
from commands.room_muting import AT_ONCE, RoomMute
from providers.base import Capability, ParticipantKind, RoomRef, Track, TrackSource
from providers.errors import Conflict, NotFound, ProviderError, Unreachable
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.commands.workspace import VERA, Workspace, button, facts_of, labels, refused, says, told


class Moody(Memory):
    """Fails for some people, and counts how much is asked of it at once."""

    def __init__(self, name: str, settings: MemorySettings) -> None:
        super().__init__(name, settings)
        self.moods: dict[str, type[ProviderError]] = {}
        self.asked: list[str] = []
        self.most_at_once = 0
        self._now = 0

    async def mute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        self.asked.append(identity)
        self._now += 1
        self.most_at_once = max(self.most_at_once, self._now)
        try:
            await asyncio.sleep(0)
            if mood := self.moods.get(identity):
                raise mood("as told", provider=self.name, operation="mute_track")
            return await super().mute_track(room, identity, track_id)
        finally:
            self._now -= 1


@pytest.fixture
async def memory() -> AsyncIterator[Moody]:
    provider = Moody("memory", MemorySettings())
    yield provider
    await provider.aclose()


@pytest.fixture
async def room(workspace: Workspace, memory: Moody) -> RoomRef:
    """Ana and Ben send sound and picture, Cem is silent."""
    ref = await workspace.room("standup")
    for name in ("Ana", "Ben", "Cem"):
        memory.server.join("standup", name.lower(), name=name)
    for identity in ("ana", "ben"):
        memory.server.publish("standup", identity, TrackSource.MICROPHONE)
        memory.server.publish("standup", identity, TrackSource.CAMERA)
    return ref


async def muted(memory: Memory, room: RoomRef) -> set[str]:
    present = await memory.list_participants(room)
    return {f"{p.identity}/{track.source}" for p in present for track in p.tracks if track.muted}


async def test_the_sound_of_all(workspace: Workspace, memory: Moody, room: RoomRef) -> None:
    reply = told(await workspace.say("room mute standup"))
    assert plain(reply.text) == "Muted 2 tracks of 2 people in standup."
    assert (facts_of(reply), reply.actions) == ({}, ())
    assert await muted(memory, room) == {"ana/microphone", "ben/microphone"}


@pytest.mark.parametrize(
    ("options", "silent"),
    [
        ("--audio", {"ana/microphone", "ben/microphone"}),
        ("--video", {"ana/camera", "ben/camera"}),
        ("--audio --video", {"ana/microphone", "ben/microphone", "ana/camera", "ben/camera"}),
        ("--except ana", {"ben/microphone"}),
        ("--except Ana --video", {"ben/camera"}),
        ("--except=cem", {"ana/microphone", "ben/microphone"}),
    ],
)
async def test_what_is_chosen(
    workspace: Workspace, memory: Moody, room: RoomRef, options: str, silent: set[str]
) -> None:
    told(await workspace.say(f"room mute standup {options}"))
    assert await muted(memory, room) == silent


async def test_this_channels_room(workspace: Workspace, memory: Moody, room: RoomRef) -> None:
    told(await workspace.say("room mute", room=room))
    assert await muted(memory, room) == {"ana/microphone", "ben/microphone"}


async def test_one_track_of_one_person(workspace: Workspace, room: RoomRef) -> None:
    assert plain(told(await workspace.say("room mute standup --except ana")).text) == (
        "Muted 1 track of 1 person in standup."
    )


async def test_who_was_muted_before_is_told(workspace: Workspace, memory: Moody, room: RoomRef) -> None:
    told(await workspace.say("room mute standup --except ana"))
    reply = told(await workspace.say("room mute standup"))
    assert plain(reply.text) == "Muted 1 track of 1 person in standup."
    assert facts_of(reply) == {"Muted before": "Ben"}
    assert plain(told(await workspace.say("room mute standup")).text) == "In standup everybody is muted already."
    assert memory.asked == ["ben", "ana"]


async def test_machines_are_left_alone(workspace: Workspace, memory: Moody, room: RoomRef) -> None:
    memory.server.join("standup", "player", kind=ParticipantKind.INGRESS)
    memory.server.publish("standup", "player", TrackSource.MICROPHONE)
    told(await workspace.say("room mute standup"))
    assert "player" not in memory.asked


async def test_somebody_who_is_spared_must_be_there(workspace: Workspace, memory: Moody, room: RoomRef) -> None:
    error = refused(await workspace.say("room mute standup --except cem --except anna"))
    assert isinstance(error, NothingHere)
    assert says(error) == ("anna is not in standup.", "In it: Ana, Ben, Cem.")
    assert button(error.actions, "Ana (ana)") == RoomMute(
        provider="memory", room="standup", room_id=room.id, except_=("cem", "ana")
    )
    assert memory.asked == []


async def test_nobody_to_mute(workspace: Workspace, memory: Moody) -> None:
    await workspace.room("standup")
    assert plain(told(await workspace.say("room mute standup")).text) == "Nobody is in standup."
    memory.server.join("standup", "ana")
    assert plain(told(await workspace.say("room mute standup")).text) == "In standup nobody sends sound."
    assert plain(told(await workspace.say("room mute standup --audio --video")).text) == (
        "In standup nobody sends sound or picture."
    )
    assert plain(told(await workspace.say("room mute standup --except ana")).text) == (
        "Nobody is in standup but those left as they are."
    )


async def test_a_few_at_once(workspace: Workspace, memory: Moody) -> None:
    await workspace.room("standup")
    for n in range(3 * AT_ONCE):
        memory.server.join("standup", f"p{n}")
        memory.server.publish("standup", f"p{n}", TrackSource.MICROPHONE)
    told(await workspace.say("room mute standup"))
    assert len(memory.asked) == 3 * AT_ONCE
    assert memory.most_at_once == AT_ONCE


async def test_what_was_done_is_told_whatever_became_of_the_rest(
    workspace: Workspace, memory: Moody, room: RoomRef
) -> None:
    memory.moods["ben"] = Conflict
    reply = told(await workspace.say("room mute standup"))
    assert plain(reply.text) == "Muted 1 track of 1 person in standup."
    assert facts_of(reply) == {"Not muted": "Ben. The video server says that it is in another state."}
    memory.moods.clear()
    again = told(await workspace.press(button(reply.actions, "Mute the others")))
    assert facts_of(again) == {"Muted before": "Ana"}
    assert await muted(memory, room) == {"ana/microphone", "ben/microphone"}


async def test_a_server_that_dies_in_the_middle(workspace: Workspace, memory: Moody) -> None:
    """What still waits is given up, and what was done is told."""
    await workspace.room("standup")
    for n in reversed(range(20)):
        memory.server.join("standup", f"p{n:02}")
        memory.server.publish("standup", f"p{n:02}", TrackSource.MICROPHONE)
        if n < 17:
            memory.moods[f"p{n:02}"] = Unreachable
    reply = told(await workspace.say("room mute standup"))
    assert plain(reply.text) == "Muted 3 tracks of 3 people in standup."
    assert facts_of(reply) == {
        "Not muted": ("p00, p01, p02, p03, p04, p05, p06, p07, p08, p09 and 7 more. The video server does not answer.")
    }
    assert len(memory.asked) < 20


async def test_a_server_that_does_nothing(workspace: Workspace, memory: Moody, room: RoomRef) -> None:
    memory.moods = {"ana": Unreachable, "ben": Unreachable}
    answer = await workspace.say("room mute standup")
    assert answer.outcome is Outcome.FAILED
    assert isinstance(answer.result, Unreachable)


async def test_who_leaves_meanwhile_is_no_failure(workspace: Workspace, memory: Moody, room: RoomRef) -> None:
    memory.moods["ben"] = NotFound
    reply = told(await workspace.say("room mute standup"))
    assert facts_of(reply) == {"Gone meanwhile": "Ben"}
    assert reply.actions == ()


async def test_when_all_leave_meanwhile(workspace: Workspace, memory: Moody, room: RoomRef) -> None:
    memory.moods = {"ana": NotFound, "ben": NotFound}
    reply = told(await workspace.say("room mute standup"))
    assert plain(reply.text) == "Those in standup who sent something have just left or stopped."


class Ending(Moody):
    """Its room ends when somebody is muted."""

    async def mute_track(self, room: RoomRef, identity: str, track_id: str) -> Track:
        await self.close_room(room)
        return await super().mute_track(room, identity, track_id)


async def test_a_room_that_ends_meanwhile() -> None:
    ending = Ending("memory", MemorySettings())
    workspace = Workspace(ending)
    await workspace.room("standup")
    ending.server.join("standup", "ana")
    ending.server.publish("standup", "ana", TrackSource.MICROPHONE)
    assert isinstance(refused(await workspace.say("room mute standup")), Ended)
    await ending.aclose()


async def test_a_viewer_mutes_nobody(workspace: Workspace, memory: Moody, room: RoomRef) -> None:
    assert isinstance(refused(await workspace.say("room mute standup", by=VERA)), NotAllowed)
    assert memory.asked == []


async def test_where_the_server_cannot(workspace: Workspace, memory: Moody, room: RoomRef) -> None:
    memory.lacking = frozenset({Capability.PARTICIPANT_TRACKS})
    assert says(refused(await workspace.say("room mute standup")))[0] == (
        "The video server memory cannot do this: participant tracks."
    )
    assert "Mute all" not in labels(told(await workspace.say("room show standup")).actions)
