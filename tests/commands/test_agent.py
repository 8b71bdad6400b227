"""Asking agents into rooms, looking how they do, and taking them out again."""

from datetime import timedelta

import pytest

from commands.agent import AgentRemove
from commands.core.errors import Ended, NothingHere
from commands.core.reply import plain
from providers.base import JobStatus, RoomRef
from providers.errors import NotFound
from providers.memory.provider import Memory
from tests.commands.workspace import VERA, Workspace, button, facts_of, labels, refused, says, titles, told


@pytest.fixture
async def standup(workspace: Workspace) -> RoomRef:
    return await workspace.room("standup")


async def test_an_agent_is_asked_in_and_its_metadata_kept_in_no_record(
    workspace: Workspace, memory: Memory, standup: RoomRef
) -> None:
    reply = told(await workspace.say('agent dispatch standup assistant --metadata {"caller":"ana"}'))
    assert plain(reply.text) == "Asked assistant into standup. It comes when a worker takes it."
    [dispatch] = await memory.list_agent_dispatches(standup)
    assert (dispatch.agent, dispatch.metadata) == ("assistant", '{"caller":"ana"}')
    assert facts_of(reply) == {"Id": dispatch.ref.id}
    assert labels(reply.actions) == ["How it goes", "Remove agent"]
    assert "caller" not in workspace.attempts.rows[-1].attempt.words
    again = told(await workspace.say("agent dispatch . assistant", room=standup))
    assert plain(again.hint) == "It was asked in before, 1 time, so several may come."


async def test_how_their_work_goes(workspace: Workspace, memory: Memory, standup: RoomRef) -> None:
    told(await workspace.say("agent dispatch standup assistant"))
    told(await workspace.say("agent dispatch standup nobody-serves-it"))
    later = max(d.created_at for d in await memory.list_agent_dispatches(standup) if d.created_at)
    workspace.clock.advance(later + timedelta(seconds=15) - workspace.clock.now())
    reply = told(await workspace.say("agent list standup", by=VERA))
    assert plain(reply.text) == "2 agents were asked into standup."
    assert titles(reply) == ["assistant · in the room", "nobody-serves-it · no worker has taken it"]
    assert plain(reply.items[0].detail).count("agent-AJ") == 1
    assert facts_of(reply)["Not taken"].startswith("No worker of that name has taken it: nobody-serves-it. Is one ")


async def test_one_that_was_asked_just_now_is_waited_for(
    workspace: Workspace, memory: Memory, standup: RoomRef
) -> None:
    dispatch = await memory.dispatch_agent(standup, "nobody-serves-it")
    assert dispatch.created_at is not None
    workspace.clock.advance(dispatch.created_at - workspace.clock.now())
    reply = told(await workspace.say("agent list standup"))
    assert titles(reply) == ["nobody-serves-it · waits for a worker"]
    assert reply.facts == ()


async def test_removing_by_name_and_of_several_by_id(workspace: Workspace, memory: Memory, standup: RoomRef) -> None:
    first, second = [await memory.dispatch_agent(standup, "assistant") for _ in range(2)]
    error = refused(await workspace.say("agent remove standup assistant"))
    assert says(error) == ("2 agents are called assistant.", "Say which one, by id.")
    chosen = button(error.actions, f"assistant ({second.ref.id})")
    assert chosen == AgentRemove(provider="memory", room="standup", room_id=standup.id, dispatch=second.ref.id)
    reply = told(await workspace.press(chosen))
    assert plain(reply.text) == "Removed assistant from standup. It leaves in a moment."
    told(await workspace.say("agent remove standup assistant"))
    assert await memory.list_agent_dispatches(standup) == []
    error = refused(await workspace.say(f"agent remove standup {first.ref.id}"))
    assert says(error) == (f"There is no agent {first.ref.id} in standup.", "See /video agent list.")
    empty = told(await workspace.say("agents .", room=standup))
    assert plain(empty.text) == "No agent was asked into standup."


async def test_somebody_else_is_faster(workspace: Workspace, memory: Memory, standup: RoomRef) -> None:
    told(await workspace.say("agent dispatch standup assistant"))
    memory.server.faults["remove_agent_dispatch"] = NotFound
    error = refused(await workspace.say("agent remove standup assistant"))
    assert isinstance(error, NothingHere)
    assert says(error)[0] == "assistant has just been removed from standup by somebody else."


async def test_work_that_has_ended(workspace: Workspace, memory: Memory, standup: RoomRef) -> None:
    await memory.dispatch_agent(standup, "assistant")
    [dispatch] = await memory.list_agent_dispatches(standup)
    memory.server.leave("standup", dispatch.jobs[0].identity)
    assert (await memory.list_agent_dispatches(standup))[0].jobs[0].status is JobStatus.DONE
    assert titles(told(await workspace.say("agent list standup"))) == ["assistant · done"]


async def test_a_room_that_is_over(workspace: Workspace, memory: Memory, standup: RoomRef) -> None:
    await memory.close_room(standup)
    for line in ("dispatch standup assistant", "list standup", "remove standup assistant"):
        assert isinstance(refused(await workspace.say(f"agent {line}")), Ended | NothingHere)


async def test_a_viewer_asks_nobody_in(workspace: Workspace, standup: RoomRef) -> None:
    error = refused(await workspace.say("agent dispatch standup assistant", by=VERA))
    assert says(error)[0] == "agent dispatch is for people with the role operator."
