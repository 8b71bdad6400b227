"""Tracks, one by one, and who receives them."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from commands.core.errors import CannotDo, NothingHere, UsageError
from commands.core.paging import PAGE
from commands.core.reply import plain
from commands.participant_muting import ParticipantMute
from commands.track import TrackList, TrackSubscribe
from providers.base import Capability, Permissions, RoomRef, Track, TrackSource
from providers.errors import Unreachable
from providers.memory.provider import Memory
from tests.commands.lines import fault, problems
from tests.commands.races import Eventful, eventful
from tests.commands.workspace import ENDED, VERA, Workspace, button, labels, refused, says, titles, told

both = pytest.mark.parametrize("verb", ["subscribe", "unsubscribe"])


@pytest.fixture
async def memory() -> AsyncIterator[Eventful]:
    async with eventful() as provider:
        yield provider


@dataclass(frozen=True)
class Stage:
    """Bob sends sound and picture, Ana sound, Cleo nothing."""

    room: RoomRef
    microphone: Track
    camera: Track
    of_ana: Track


@pytest.fixture
async def stage(workspace: Workspace, memory: Memory) -> Stage:
    room = await workspace.room("standup")
    for name in ("Bob", "Ana", "Cleo"):
        memory.server.join("standup", name.lower(), name=name)
    return Stage(
        room,
        memory.server.publish("standup", "bob"),
        memory.server.publish("standup", "bob", TrackSource.CAMERA, name="Stage left"),
        memory.server.publish("standup", "ana"),
    )


# track list


async def test_list(workspace: Workspace, memory: Memory, stage: Stage) -> None:
    memory.server.mute_track(stage.room, "bob", stage.microphone.id)
    reply = told(await workspace.say("track list standup"))
    assert plain(reply.text) == "In standup 3 tracks are sent."
    assert titles(reply) == ["Ana: microphone", "Bob: camera", "Bob: microphone"]
    assert stage.camera.published_at is not None
    assert plain(reply.items[1].detail) == (
        f"{stage.camera.id} · bob/camera · video/VP8 · 1280×720"
        f" · since {stage.camera.published_at.isoformat(timespec='seconds')}"
    )
    assert " · muted · " in plain(reply.items[2].detail)
    assert [labels(item.actions) for item in reply.items] == [["Mute"], ["Mute"], []]
    assert button(reply.items[1].actions, "Mute") == ParticipantMute(
        provider="memory", room="standup", room_id=stage.room.id, who="bob", exact=True, track=stage.camera.id
    )


@pytest.mark.parametrize(
    ("who", "text"),
    [
        ("bob", "In standup 2 tracks are sent by Bob."),
        ("Ana", "In standup 1 track is sent by Ana."),
        ("cleo", "In standup nothing is sent by Cleo."),
    ],
)
async def test_list_of_one(workspace: Workspace, stage: Stage, who: str, text: str) -> None:
    assert plain(told(await workspace.say(f"track list standup {who}")).text) == text


@pytest.mark.parametrize(("pattern", "found"), [("*/camera", ["Bob: camera"]), ("BOB/*", 2), ("x", [])])
async def test_list_by_pattern(workspace: Workspace, stage: Stage, pattern: str, found: list[str] | int) -> None:
    reply = told(await workspace.say(f"track list standup --pattern {pattern}"))
    assert found in (titles(reply), len(titles(reply)))
    count = len(titles(reply))
    assert plain(reply.text) == {
        0: f"No track in standup matches {pattern}; 3 others are sent.",
        1: f"1 of 3 tracks in standup matches {pattern}.",
        2: f"2 of 3 tracks in standup match {pattern}.",
    }.get(count)
    assert labels(reply.actions) == ["Filter", "Show all"]


async def test_list_as_a_table(workspace: Workspace, stage: Stage) -> None:
    reply = told(await workspace.say("track list standup --table"))
    assert reply.table is not None
    assert [[plain(cell) for cell in row[:3]] for row in reply.table.rows] == [
        ["microphone", "Ana", "ana/microphone"],
        ["camera", "Bob", "bob/camera"],
        ["microphone", "Bob", "bob/microphone"],
    ]


async def test_list_of_nobody(workspace: Workspace, stage: Stage) -> None:
    error = refused(await workspace.say("track list standup bobb"))
    assert says(error)[0] == "bobb is not in standup."
    assert button(error.actions, "Bob (bob)") == TrackList(
        provider="memory", room="standup", room_id=stage.room.id, who="bob"
    )


async def test_list_of_a_silent_room(workspace: Workspace) -> None:
    await workspace.room("standup")
    assert plain(told(await workspace.say("track list standup")).text) == "In standup nothing is sent."


async def test_list_has_pages(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "bob")
    for n in range(PAGE + 1):
        memory.server.publish("standup", "bob", TrackSource.UNKNOWN, name=f"feed {n:02}")
    reply = told(await workspace.say("track list standup"))
    assert titles(reply) == [f"bob: picture “feed {n:02}”" for n in range(PAGE)]
    assert titles(told(await workspace.press(button(reply.actions, "Next")))) == [f"bob: picture “feed {PAGE}”"]


async def test_list_without_muting(workspace: Workspace, memory: Memory, stage: Stage) -> None:
    memory.lacking = frozenset({Capability.MUTE_TRACK})
    reply = told(await workspace.say("track list standup"))
    assert [item.actions for item in reply.items] == [(), (), ()]


# track subscribe and unsubscribe


@pytest.mark.parametrize("word", ["bob/camera", "Bob/camera", "bob/stage left", "stage left", "camera", "ID", "bob/ID"])
async def test_unsubscribe_and_subscribe(workspace: Workspace, memory: Memory, stage: Stage, word: str) -> None:
    word = word.replace("ID", stage.camera.id)
    everything = memory.server.receives("standup", "ana")
    reply = told(await workspace.say(f'track unsubscribe standup Ana "{word}"'))
    assert plain(reply.text) == "Ana no longer receives: bob/camera."
    assert memory.server.receives("standup", "ana") == {stage.microphone.id}
    reply = told(await workspace.say(f'track subscribe standup Ana "{word}"'))
    assert plain(reply.text) == "Ana receives: bob/camera."
    assert reply.hint == ""
    assert memory.server.receives("standup", "ana") == everything


async def test_several_tracks_at_once(workspace: Workspace, memory: Memory, stage: Stage) -> None:
    line = f"track unsubscribe standup cleo bob/camera ana/microphone {stage.camera.id}"
    reply = told(await workspace.say(line))
    assert plain(reply.text) == "Cleo no longer receives: bob/camera, ana/microphone."
    assert memory.server.receives("standup", "cleo") == {stage.microphone.id}


async def test_an_identity_with_slashes(workspace: Workspace, memory: Memory, stage: Stage) -> None:
    memory.server.join("standup", "studio/3 “main” 🎬")
    track = memory.server.publish("standup", "studio/3 “main” 🎬")
    told(await workspace.say("track unsubscribe standup cleo 'studio/3 “main” 🎬/microphone'".replace("'", '"')))
    assert track.id not in memory.server.receives("standup", "cleo")


@both
@pytest.mark.parametrize("word", ["bob/camera", "camera", "ID"])
async def test_a_track_of_their_own(workspace: Workspace, memory: Memory, stage: Stage, verb: str, word: str) -> None:
    word = word.replace("ID", stage.camera.id)
    error = refused(await workspace.say(f"track {verb} standup bob {word}"))
    assert isinstance(error, UsageError)
    assert says(error) == (
        f"“{word}” is sent by Bob, who cannot receive what is their own.",
        "Name a track of somebody else.",
    )


@both
@pytest.mark.parametrize("word", ["nosuch", "bob/screen-share", "zoe/camera", "/", "bob/"])
async def test_an_unknown_track(workspace: Workspace, memory: Memory, stage: Stage, verb: str, word: str) -> None:
    error = refused(await workspace.say(f"track {verb} standup ana {word} bob/camera"))
    assert isinstance(error, NothingHere)
    assert says(error) == (
        f"There is no track {word} in standup.",
        "There is bob/microphone, bob/camera; see /video track list standup.",
    )
    assert memory.server.receives("standup", "ana") == {stage.microphone.id, stage.camera.id}


async def test_a_track_of_another_room(workspace: Workspace, memory: Memory, stage: Stage) -> None:
    await workspace.room("retro")
    memory.server.join("retro", "bob")
    elsewhere = memory.server.publish("retro", "bob")
    error = refused(await workspace.say(f"track subscribe standup ana {elsewhere.id}"))
    assert says(error)[0] == f"There is no track {elsewhere.id} in standup."


async def test_nobody_else_sends(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.join("standup", "bob")
    error = refused(await workspace.say("track subscribe standup bob camera"))
    assert says(error) == ("There is no track camera in standup.", "Nobody else sends anything.")


async def test_a_name_that_several_tracks_have(workspace: Workspace, memory: Memory, stage: Stage) -> None:
    error = refused(await workspace.say("track unsubscribe standup cleo microphone bob/camera"))
    assert says(error) == ("2 tracks are called microphone.", "Say which one.")
    assert labels(error.actions) == [f"bob/microphone ({stage.microphone.id})", f"ana/microphone ({stage.of_ana.id})"]
    told(await workspace.press(button(error.actions, f"ana/microphone ({stage.of_ana.id})")))
    assert memory.server.receives("standup", "cleo") == {stage.microphone.id}


async def test_the_other_one_is_meant_where_one_is_their_own(
    workspace: Workspace, memory: Memory, stage: Stage
) -> None:
    reply = told(await workspace.say("track unsubscribe standup bob microphone"))
    assert plain(reply.text) == "Bob no longer receives: ana/microphone."


async def test_somebody_who_may_not_receive(workspace: Workspace, memory: Memory, stage: Stage) -> None:
    memory.server.join("standup", "deaf", permissions=Permissions(can_subscribe=False))
    reply = told(await workspace.say("track subscribe standup deaf bob/camera"))
    assert plain(reply.hint) == "They may not receive from others, so it has no effect until that is allowed."


@both
def test_no_track(verb: str) -> None:
    assert problems(fault(f"track {verb} standup ana")) == [f"track {verb} needs TRACK."]


@both
async def test_the_receiver_leaves_first(workspace: Workspace, memory: Eventful, stage: Stage, verb: str) -> None:
    memory.before["update_subscriptions"] = lambda: memory.server.leave("standup", "ana")
    error = refused(await workspace.say(f"track {verb} standup ana bob/camera"))
    assert says(error) == ("Ana has just left standup.", "In it: Bob, Cleo.")


@both
async def test_a_track_ends_first(workspace: Workspace, memory: Eventful, stage: Stage, verb: str) -> None:
    memory.before["update_subscriptions"] = lambda: memory.server.unpublish("standup", "bob", stage.camera.id)
    error = refused(await workspace.say(f"track {verb} standup ana bob/camera bob/microphone"))
    assert says(error) == ("No longer sent: bob/camera.", "Nothing was changed; leave it out and try again.")


@both
async def test_the_room_ends_first(workspace: Workspace, memory: Eventful, stage: Stage, verb: str) -> None:
    memory.before["update_subscriptions"] = lambda: memory.server.close_room(stage.room)
    assert says(refused(await workspace.say(f"track {verb} standup ana bob/camera"))) == ENDED


@both
async def test_a_server_that_dies_between_looking_and_acting(
    workspace: Workspace, memory: Memory, stage: Stage, verb: str
) -> None:
    memory.server.faults["update_subscriptions"] = Unreachable
    answer = await workspace.say(f"track {verb} standup ana bob/camera")
    assert isinstance(answer.result, Unreachable)


@both
async def test_where_the_server_cannot(workspace: Workspace, memory: Memory, stage: Stage, verb: str) -> None:
    memory.lacking = frozenset({Capability.UPDATE_SUBSCRIPTIONS})
    assert isinstance(refused(await workspace.say(f"track {verb} standup ana bob/camera")), CannotDo)


async def test_a_viewer_changes_nothing(workspace: Workspace, memory: Memory, stage: Stage) -> None:
    refused(await workspace.say("track unsubscribe standup ana bob/camera", by=VERA))
    assert stage.camera.id in memory.server.receives("standup", "ana")


async def test_the_receiver_is_one_of_several(workspace: Workspace, memory: Memory, stage: Stage) -> None:
    memory.server.join("standup", "ana2", name="Ana")
    error = refused(await workspace.say("track subscribe standup Ana bob/camera"))
    assert says(error) == ("2 in standup go by the name Ana.", "Say which one, by identity.")
    command = button(error.actions, "Ana (ana2)")
    assert isinstance(command, TrackSubscribe)
    assert (command.who, command.exact, command.track) == ("ana2", True, ("bob/camera",))
    told(await workspace.press(command))
