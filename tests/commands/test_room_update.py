"""A room's metadata on the in-memory server: changed, cleared, and left as it was."""

import pytest

from commands.core.attempts import Outcome
from commands.core.errors import NotAllowed, UsageError
from commands.core.reply import plain
from commands.room import RoomShow, RoomUpdate
from providers.base import RoomOptions
from providers.errors import Unreachable
from providers.facts import RoomFinished, RoomSeen
from providers.memory.provider import Memory
from tests.commands.workspace import ENDED, EVERYTHING, VERA, Workspace, button, facts_of, refused, says, told


async def metadata(memory: Memory) -> str:
    [room] = await memory.list_rooms()
    return room.metadata


async def test_update(workspace: Workspace, memory: Memory) -> None:
    ref = await workspace.room("standup")
    reply = told(await workspace.say("room update standup --metadata rehearsal"))
    assert plain(reply.text) == "Updated the metadata of standup."
    assert facts_of(reply) == {}
    assert await metadata(memory) == "rehearsal"
    seen = workspace.directory.facts[-1]
    assert isinstance(seen, RoomSeen)
    assert seen.room.metadata == "rehearsal"
    assert button(reply.actions, "Show") == RoomShow(provider="memory", room="standup", room_id=ref.id)


async def test_what_it_was_before_is_told(workspace: Workspace) -> None:
    await workspace.room("standup")
    told(await workspace.say("room update standup --metadata one"))
    assert facts_of(told(await workspace.say("room update standup --metadata two"))) == {"Before": "one"}
    told(await workspace.press(RoomUpdate(provider="memory", room="standup", metadata="x" * 301)))
    assert facts_of(told(await workspace.say("room update standup --metadata three"))) == {"Before": "x" * 299 + "…"}


async def test_an_empty_one_clears(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    told(await workspace.say("room update standup --metadata one"))
    reply = told(await workspace.say('room update standup --metadata "" --as-json'))
    assert plain(reply.text) == "Cleared the metadata of standup."
    assert facts_of(reply) == {"Before": "one"}
    assert await metadata(memory) == ""


async def test_this_channels_room(workspace: Workspace, memory: Memory) -> None:
    ref = await workspace.room("standup")
    told(await workspace.say("room update --metadata one", room=ref))
    assert await metadata(memory) == "one"


@pytest.mark.parametrize("typed", ['{"scene": 2}', "{“scene”: 2}", '"{\\"scene\\": 2}"', '`{"scene": 2}`'])
async def test_json_as_people_type_it(workspace: Workspace, memory: Memory, typed: str) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say(f"room update standup --metadata {typed} --as-json"))
    assert await metadata(memory) == '{"scene": 2}'
    assert reply.hint == ""


async def test_what_has_to_be_json_and_is_none(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    error = refused(await workspace.say("room update standup --as-json --metadata {scene: 2}"))
    assert isinstance(error, UsageError)
    assert [(p.text, p.field) for p in error.problems] == [
        ("--metadata: It is not JSON: a name in double quotes is missing at character 2.", "metadata")
    ]
    assert await metadata(memory) == ""


async def test_what_looks_like_json_is_kept_as_it_is(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    reply = told(await workspace.say("room update standup --metadata {scene: 2}"))
    assert await metadata(memory) == "{scene: 2}"
    assert reply.hint == (
        "It begins like JSON and is none, so it was taken as plain text: "
        "a name in double quotes is missing at character 2."
    )


@pytest.mark.parametrize(("size", "fits"), [(64 * 1024, True), (64 * 1024 + 1, False)])
async def test_as_long_as_the_server_takes_it(workspace: Workspace, memory: Memory, size: int, fits: bool) -> None:
    await workspace.room("standup")
    answer = await workspace.press(RoomUpdate(provider="memory", room="standup", metadata="x" * size))
    if fits:
        told(answer)
    else:
        assert says(refused(answer))[0] == "--metadata: Metadata can have 65,536 bytes; this has 65,537."
    assert len(await metadata(memory)) == (size if fits else 0)


async def test_a_room_of_an_earlier_life(workspace: Workspace, memory: Memory) -> None:
    first = await workspace.room("standup")
    await memory.close_room(first)
    await memory.create_room("standup", RoomOptions())
    update = RoomUpdate(provider="memory", room="standup", room_id=first.id, metadata="x")
    assert says(refused(await workspace.press(update))) == ENDED
    assert await metadata(memory) == ""
    assert isinstance(workspace.directory.facts[-1], RoomFinished)


async def test_a_viewer_changes_nothing(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    assert isinstance(refused(await workspace.say("room update standup --metadata x", by=VERA)), NotAllowed)
    assert await metadata(memory) == ""


async def test_a_server_that_dies_between_looking_and_changing(workspace: Workspace, memory: Memory) -> None:
    await workspace.room("standup")
    memory.server.faults["update_room_metadata"] = Unreachable
    answer = await workspace.say("room update standup --metadata x")
    assert answer.outcome is Outcome.FAILED
    assert isinstance(answer.result, Unreachable)


async def test_what_is_set_stands_in_no_record(workspace: Workspace) -> None:
    await workspace.room("standup")
    told(await workspace.say("room update standup --metadata hunter2"))
    assert workspace.attempts.rows[-1].attempt.words == "room update standup --provider memory --metadata ***"


async def test_the_aftermath(workspace: Workspace, memory: Memory) -> None:
    """It is asked of what the record kept, which is not the metadata."""
    ref = await workspace.room("standup")
    update, ctx = RoomUpdate(provider="memory", room="standup", metadata="***"), workspace.context(memory)
    for there, shown in (("", "none"), ("x", "x")):
        await memory.update_room_metadata(ref, there)
        reply = await update.aftermath(ctx)
        assert (plain(reply.text), facts_of(reply)) == (
            "This is the metadata of standup at present.",
            {"Metadata": shown},
        )
    known = await workspace.directory.life(EVERYTHING, "memory", ref.id)
    assert known is not None
