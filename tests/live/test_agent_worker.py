"""The stand-in agent worker against the real server, asked by LiveKit's own API."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from livekit.api import LiveKitAPI
from livekit.protocol import agent as pb
from livekit.protocol.agent_dispatch import AgentDispatch, CreateAgentDispatchRequest
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import CreateRoomRequest, ListParticipantsRequest

from tests.live.server import KEY, SECRET, LiveKitServer
from tests.providers.stage import eventually, fresh
from tests.standins.agents.worker import AgentWorker

pytestmark = pytest.mark.asyncio(loop_scope="module")

RUNNING = pb.JobStatus.JS_RUNNING


@dataclass(frozen=True)
class House:
    """A server without Redis, and a worker that serves `assistant`."""

    agents: AgentWorker
    api: LiveKitAPI

    async def dispatch(self, agent: str = "assistant") -> AgentDispatch:
        room = fresh("stage")
        await self.api.room.create_room(CreateRoomRequest(name=room))
        return await self.api.agent_dispatch.create_dispatch(
            CreateAgentDispatchRequest(agent_name=agent, room=room, metadata="in French")
        )

    async def until_listed(self, dispatch: AgentDispatch) -> None:
        """The server asks all others for 5 s, once a minute, who serves what, and lists a job only after that."""

        async def listed() -> bool:
            return await self.statuses(dispatch) == [RUNNING]

        await eventually(listed)

    async def statuses(self, dispatch: AgentDispatch) -> list[pb.JobStatus]:
        """Of its jobs, as the server lists them."""
        found = await self.api.agent_dispatch.get_dispatch(dispatch.id, dispatch.room)
        assert found is not None
        return [job.state.status for job in found.state.jobs]

    async def people(self, room: str) -> dict[str, ParticipantInfo]:
        present = await self.api.room.list_participants(ListParticipantsRequest(room=room))
        return {who.identity: who for who in present.participants}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened() -> AsyncIterator[House]:
    async with (
        LiveKitServer() as server,
        AgentWorker(server.ws_url, KEY, SECRET, "assistant") as agents,
        LiveKitAPI(server.url, KEY, SECRET) as caller,
    ):
        yield House(agents, caller)


@pytest.fixture
def house(opened: House) -> House:
    opened.agents.available = True
    return opened


async def test_a_dispatched_agent_comes_into_the_room_and_goes(house: House) -> None:
    dispatch = await house.dispatch()
    job = await house.agents.next()
    assert (job.dispatch_id, job.room, job.metadata) == (dispatch.id, dispatch.room, "in French")
    assert (await house.people(job.room))[job.identity].kind == ParticipantInfo.AGENT
    await house.until_listed(dispatch)
    await job.succeed()

    async def gone() -> bool:
        return job.identity not in await house.people(job.room)

    await eventually(gone)
    assert await house.statuses(dispatch) == [RUNNING], "the server does not carry the end of a job into its dispatch"


async def test_a_removed_dispatch_ends_its_job(house: House) -> None:
    dispatch = await house.dispatch()
    job = await house.agents.next()
    await house.until_listed(dispatch)
    await house.api.agent_dispatch.delete_dispatch(dispatch.id, dispatch.room)
    await job.terminated()
    assert await house.api.agent_dispatch.get_dispatch(dispatch.id, dispatch.room) is None


async def test_an_agent_that_nobody_serves_or_takes_has_no_jobs(house: House) -> None:
    alone = await house.dispatch("nobody")
    house.agents.available = False
    declined = await house.dispatch()
    assert (await house.statuses(alone), await house.statuses(declined)) == ([], [])
