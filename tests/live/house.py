"""A real livekit-server with all that works beside it, and the stage of the contract on it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

from livekit.api import ListParticipantsRequest, LiveKitAPI, ParticipantInfo
from pydantic import SecretStr

from providers.base import JoinToken, TrackSource
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.live.clients import Client
from tests.live.redis import RedisServer
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.live.studio import INGRESS_ADDRESSES
from tests.providers.livekit_telephones import TelephoneStage
from tests.providers.stage import Delivery, Heard, Receiver, eventually
from tests.standins import presence
from tests.standins.agents.worker import AgentWorker
from tests.standins.egress.egress import ACTIVE, ENDING, STARTING
from tests.standins.egress.worker import AT_ONCE, BUSY, EgressWorker, admission
from tests.standins.ingress import worker as fetching
from tests.standins.ingress.worker import IngressWorker
from tests.standins.psrpc import Bus
from tests.standins.sip.service import WAITING as UNANSWERED
from tests.standins.sip.service import SipService

STORAGE_SECRET = "the-secret-of-a-storage-of-the-tests"
OUTPUTS = {
    "archive": {"kind": "s3", "bucket": "recordings", "region": "eu-1", "access_key": "us", "secret": STORAGE_SECRET},
    "ali": {"kind": "alioss", "bucket": "recordings", "access_key": "us", "secret": STORAGE_SECRET, "prefix": "takes"},
}


class LiveStage(TelephoneStage):
    """Clients are LiveKit's own; the server is asked by LiveKit's own API whether they are there."""

    secrets = (SECRET, STORAGE_SECRET)
    waits_for_publisher = True

    def __init__(
        self,
        provider: LiveKit,
        api: LiveKitAPI,
        receiver: Receiver,
        worker: EgressWorker,
        ingress_worker: IngressWorker,
        phones: SipService,
    ) -> None:
        super().__init__(provider, key=KEY, secret=SECRET, ingress_worker=ingress_worker)
        self.phones = phones
        self._agents = AsyncExitStack()
        self._api = api
        self._receiver = receiver
        self._worker = worker
        self._clients: list[tuple[JoinToken, Client]] = []
        self._killed: set[str] = set()

    async def join(self, token: JoinToken) -> None:
        self._clients.append((token, await Client.join(token.url, token.token.get_secret_value())))
        await eventually(lambda: self._lists(token, True))

    async def leave(self, token: JoinToken) -> None:
        await self.client(token).leave()
        await eventually(lambda: self._lists(token, False))

    async def publish(self, token: JoinToken, source: TrackSource = TrackSource.MICROPHONE) -> str:
        track_id = await self.client(token).publish(source)

        async def listed() -> bool:
            return track_id in [track.sid for who in await self._present(token) for track in who.tracks]

        await eventually(listed)
        return track_id

    async def receives(self, token: JoinToken, track_id: str, wanted: bool = True) -> None:
        client = self.client(token)
        if wanted:
            await client.sees(track_id)
        else:
            await client.loses(track_id)

    async def learns_of_mute(self, token: JoinToken, track_id: str) -> None:
        client = self.client(token)
        await client.until(lambda: client.is_muted(track_id) or None)

    async def signal(self, token: JoinToken) -> Heard:
        return await self.client(token).hears()

    async def disconnected(self, token: JoinToken) -> None:
        await self.client(token).thrown_out()

    async def agents_serve(self, name: str) -> None:
        url = self.provider.address.replace("http", "ws", 1)
        await self._agents.enter_async_context(AgentWorker(url, KEY, SECRET, name))

    async def delivery(self) -> Delivery:
        return await self._receiver.next()

    async def fail_egress(self, id: str, reason: str) -> None:
        await self._worker.egresses[id].fail(reason)

    async def fail_destination(self, id: str, url: SecretStr, reason: str) -> None:
        await self._worker.egresses[id].fail_destination(url.get_secret_value(), reason)

    async def reconnect_destination(self, id: str, url: SecretStr) -> None:
        await self._worker.egresses[id].reconnect(url.get_secret_value())

    async def kill_worker(self, id: str) -> None:
        self._killed.add(id)
        await self._worker.egresses[id].die()

    @asynccontextmanager
    async def without_workers(self) -> AsyncIterator[None]:
        self._worker.starts = BUSY
        yield
        self._worker.starts = AT_ONCE

    async def aclose(self) -> None:
        """Whatever still runs ends, so that the next test has the machine for itself."""
        for id, egress in self._worker.egresses.items():
            if id not in self._killed and egress.info.status in (STARTING, ACTIVE, ENDING):
                await egress.fail("the test is over")
        self._worker.egresses.clear()
        for session in self._ingress_worker.sessions.values():
            await session.die()
        self._ingress_worker.sessions.clear()
        for call in self.phones.calls.values():
            await call.die()
        self.phones.calls.clear()
        await self._agents.aclose()
        for _, client in self._clients:
            await client.leave()

    def client(self, token: JoinToken) -> Client:
        """The last who came in by it. Two tokens of one second may be equal, so they are told apart by identity."""
        return next(client for used, client in reversed(self._clients) if used is token)

    async def _lists(self, token: JoinToken, wanted: bool) -> bool:
        return (token.identity in [who.identity for who in await self._present(token)]) is wanted

    async def _present(self, token: JoinToken) -> list[ParticipantInfo]:
        present = await self._api.room.list_participants(ListParticipantsRequest(room=token.room.name))
        return list(present.participants)


def livekit(url: str, *, secret: str = SECRET, deadline: timedelta = timedelta(seconds=10)) -> LiveKit:
    settings = LiveKitSettings.model_validate({"url": url, "api_key": KEY, "api_secret": secret, "outputs": OUTPUTS})
    return LiveKit("livekit", settings, deadline=deadline)


@dataclass(frozen=True)
class House:
    """A server with workers for egress and ingress, telephones, and where its webhooks go."""

    server: LiveKitServer
    receiver: Receiver
    worker: EgressWorker
    ingress_worker: IngressWorker
    phones: SipService

    @classmethod
    @asynccontextmanager
    async def open(cls) -> "AsyncIterator[House]":
        async with AsyncExitStack() as stack:
            redis = await stack.enter_async_context(RedisServer())
            receiver = await stack.enter_async_context(Receiver())
            server = await stack.enter_async_context(
                LiveKitServer(webhook_url=receiver.url, redis=redis.address, settings=INGRESS_ADDRESSES)
            )
            admit = admission(server.ws_url, KEY, SECRET)
            worker = await stack.enter_async_context(EgressWorker(redis.address, admission=admit))
            come_in = presence.admission(server.ws_url, KEY, SECRET)
            ingress_worker = await stack.enter_async_context(IngressWorker(Bus(redis.address), admission=come_in))
            phones = await stack.enter_async_context(SipService(Bus(redis.address), admission=come_in))
            yield cls(server, receiver, worker, ingress_worker, phones)

    @asynccontextmanager
    async def stage(self) -> AsyncIterator[LiveStage]:
        """What is taken of a whole room begins, hears layouts and ends as with the real egress service."""
        self.worker.starts, self.worker.joins = AT_ONCE, True
        self.ingress_worker.starts, self.ingress_worker.joins = fetching.AT_ONCE, True
        self.phones.dials = UNANSWERED
        provider = livekit(self.server.url)
        async with LiveKitAPI(self.server.url, KEY, SECRET) as api:
            stage = LiveStage(provider, api, self.receiver, self.worker, self.ingress_worker, self.phones)
            yield stage
            await stage.aclose()
        await provider.aclose()
