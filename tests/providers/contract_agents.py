"""The part of the contract about agents: programs that are sent into rooms."""

from dataclasses import replace
from uuid import uuid4

import pytest

from providers.base import AgentDispatch, AgentJob, Capability, DispatchRef, JobStatus, ParticipantKind
from providers.errors import NotFound
from tests.providers.stage import Stage, eventually, fresh


class Agents:
    async def test_an_agent_that_is_served_comes_and_leaves(self, stage: Stage) -> None:
        stage.needs(Capability.REMOVE_AGENT_DISPATCH)
        name = fresh("assistant")
        await stage.agents_serve(name)
        dispatch = await _dispatched(stage, name)
        job = await _job(stage, dispatch)
        assert (job.status, job.started_at is not None) == (JobStatus.RUNNING, True)
        agents = [p for p in await stage.provider.list_participants(dispatch.room) if p.kind is ParticipantKind.AGENT]
        assert [agent.identity for agent in agents] == [job.identity]
        assert not agents[0].is_person
        await stage.provider.remove_agent_dispatch(dispatch)

        async def gone() -> bool:
            listed = await stage.provider.list_agent_dispatches(dispatch.room)
            return not listed and await stage.provider.list_participants(dispatch.room) == []

        await eventually(gone)
        with pytest.raises(NotFound):
            await stage.provider.remove_agent_dispatch(dispatch)

    async def test_an_agent_that_nobody_serves(self, stage: Stage) -> None:
        name = fresh("nobody")
        dispatch = await _dispatched(stage, name)
        (listed,) = await stage.provider.list_agent_dispatches(dispatch.room)
        assert replace(listed, created_at=dispatch.created_at) == dispatch
        assert (listed.agent, listed.metadata, listed.jobs) == (name, '{"task": "notes"}', ())

    async def test_dispatches_are_of_one_room(self, stage: Stage) -> None:
        """Those that were asked for: what a server has by itself is left out."""
        first, second = [await _dispatched(stage, fresh("nobody")) for _ in range(2)]
        assert [d.ref for d in await stage.provider.list_agent_dispatches(first.room)] == [first.ref]
        assert [d.ref for d in await stage.provider.list_agent_dispatches(second.room)] == [second.ref]
        empty = (await stage.create()).ref
        assert await stage.provider.list_agent_dispatches(empty) == []

    async def test_no_agent_into_a_room_that_is_gone(self, stage: Stage) -> None:
        stage.needs(Capability.DISPATCH_AGENT, Capability.LIST_AGENT_DISPATCHES, Capability.CLOSE_ROOM)
        room = (await stage.create()).ref
        await stage.provider.close_room(room)
        with pytest.raises(NotFound):
            await stage.provider.dispatch_agent(room, "assistant")
        with pytest.raises(NotFound):
            await stage.provider.list_agent_dispatches(room)
        assert await stage.listed(room.name) is None

    async def test_a_dispatch_that_never_was(self, stage: Stage) -> None:
        stage.needs(Capability.REMOVE_AGENT_DISPATCH)
        room = (await stage.create()).ref
        absent = AgentDispatch(DispatchRef(stage.provider.name, f"AD_{uuid4().hex[:8]}"), room, "assistant")
        with pytest.raises(NotFound):
            await stage.provider.remove_agent_dispatch(absent)


async def _dispatched(stage: Stage, name: str) -> AgentDispatch:
    """Into a room of its own."""
    stage.needs(Capability.DISPATCH_AGENT, Capability.LIST_AGENT_DISPATCHES)
    room = (await stage.create()).ref
    dispatch = await stage.provider.dispatch_agent(room, name, '{"task": "notes"}')
    assert (dispatch.ref.provider, dispatch.room, dispatch.agent) == (stage.provider.name, room, name)
    return dispatch


async def _job(stage: Stage, dispatch: AgentDispatch) -> AgentJob:
    """The one by which a worker has taken the dispatch, as soon as its agent is in the room."""

    async def there() -> bool:
        (listed,) = await stage.provider.list_agent_dispatches(dispatch.room)
        present = {participant.identity for participant in await stage.provider.list_participants(dispatch.room)}
        return any(job.identity in present for job in listed.jobs)

    await eventually(there)
    (listed,) = await stage.provider.list_agent_dispatches(dispatch.room)
    (job,) = listed.jobs
    return job
