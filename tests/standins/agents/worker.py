"""A stand-in for a worker of LiveKit's Agents framework: it takes jobs, is in the rooms, and says nothing there.

It speaks to the server over a websocket as the framework does, and needs no Redis:

    async with AgentWorker(server.ws_url, KEY, SECRET, "assistant") as agents:
        await api.agent_dispatch.create_dispatch(...)
        job = await agents.next()
        await job.succeed()

The server sends it jobs of rooms to which its name is dispatched; with an empty name, those of every room.
"""

import asyncio
from contextlib import AsyncExitStack
from typing import Final, Self

import aiohttp
from livekit.api import AccessToken, VideoGrants
from livekit.protocol import agent as pb

from tests.live.clients import Client
from tests.providers.stage import PATIENCE_SECONDS

PATH: Final = "/agent?protocol=1"


class Job:
    """One job that the worker has taken. Its participant is in the room from the beginning."""

    def __init__(self, worker: "AgentWorker", job: pb.Job, client: Client) -> None:
        self.id = job.id
        self.dispatch_id = job.dispatch_id
        self.room = job.room.name
        self.metadata = job.metadata
        self.identity = client.me.identity
        self._worker = worker
        self._client = client
        self._terminated = asyncio.Event()

    async def succeed(self) -> None:
        """It is done: told to the server, and the participant leaves."""
        await self._finish(pb.JobStatus.JS_SUCCESS)

    async def fail(self, error: str) -> None:
        await self._finish(pb.JobStatus.JS_FAILED, error)

    async def terminated(self) -> None:
        """Wait until the server has ended it, as it does when its dispatch is deleted."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            await self._terminated.wait()

    # What the worker asks of it.

    async def terminate(self) -> None:
        self._terminated.set()
        await self.leave()

    async def leave(self) -> None:
        await self._client.leave()

    async def _finish(self, status: pb.JobStatus, error: str = "") -> None:
        update = pb.UpdateJobStatus(job_id=self.id, status=status, error=error)
        await self._worker.send(pb.WorkerMessage(update_job=update))
        await self.leave()


class AgentWorker:
    """`async with AgentWorker(ws_url, key, secret, name) as agents:`, registered when it is entered.

    Attributes:
        available: whether it takes jobs from now on.
        jobs: all that it took, by id.
    """

    def __init__(self, url: str, key: str, secret: str, name: str) -> None:
        self.available = True
        self.jobs: dict[str, Job] = {}
        self._url = url
        self._token = AccessToken(key, secret).with_grants(VideoGrants(agent=True)).to_jwt()
        self._name = name
        self._stack = AsyncExitStack()
        self._taken: asyncio.Queue[Job] = asyncio.Queue()
        self._reader: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        session = await self._stack.enter_async_context(aiohttp.ClientSession())
        headers = {"Authorization": f"Bearer {self._token}"}
        self._socket = await self._stack.enter_async_context(session.ws_connect(self._url + PATH, headers=headers))
        register = pb.RegisterWorkerRequest(type=pb.JobType.JT_ROOM, agent_name=self._name)
        await self.send(pb.WorkerMessage(register=register))
        assert (await self._receive()).HasField("register")
        self._reader = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.die()

    async def next(self) -> Job:
        """The next job that was taken and that nobody has asked for, waited for if need be."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self._taken.get()

    async def die(self) -> None:
        """As when its process is killed: the connection breaks and its participants go. Twice is harmless."""
        reader, self._reader = self._reader, None
        if reader is None:
            return
        await self._stack.aclose()  # which ends the reading
        await reader
        for job in self.jobs.values():
            await job.leave()

    async def send(self, message: pb.WorkerMessage) -> None:
        await self._socket.send_bytes(message.SerializeToString())

    async def _receive(self) -> pb.ServerMessage:
        return pb.ServerMessage.FromString(await self._socket.receive_bytes())

    async def _read(self) -> None:
        async for frame in self._socket:
            message = pb.ServerMessage.FromString(frame.data)
            match message.WhichOneof("message"):
                case "availability":
                    await self._offer(message.availability.job)
                case "assignment":
                    await self._take(message.assignment)
                case "termination":
                    await self.jobs[message.termination.job_id].terminate()

    async def _offer(self, job: pb.Job) -> None:
        response = pb.AvailabilityResponse(
            job_id=job.id,
            available=self.available,
            participant_identity=f"agent-{job.id}",
            participant_name=self._name,
        )
        await self.send(pb.WorkerMessage(availability=response))

    async def _take(self, assignment: pb.JobAssignment) -> None:
        """The token is the server's; its address is the worker's own where none is given."""
        client = await Client.join(assignment.url or self._url, assignment.token)
        job = Job(self, assignment.job, client)
        self.jobs[job.id] = job
        self._taken.put_nowait(job)
