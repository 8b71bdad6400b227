"""The provider contract on a real livekit-server, and the failures that only a real one can show."""

import asyncio
import traceback
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import pytest
import pytest_asyncio
from livekit.api import ListParticipantsRequest, LiveKitAPI, ParticipantInfo, TokenVerifier, WebhookReceiver
from pydantic import SecretStr

from providers.base import (
    Capability,
    EgressOptions,
    JoinToken,
    RoomOptions,
    RoomRef,
    StreamStatus,
    TokenOptions,
    TrackSource,
)
from providers.errors import Forged, LeftBehind, NotFound, ProviderError, TimedOut, Unauthenticated, Unreachable
from providers.facts import ParticipantJoined, ParticipantLeft, RoomFinished, RoomStarted, ThingKind
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.live.clients import Client
from tests.live.redis import RedisServer
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.providers.contract import ProviderContract
from tests.providers.livekit_stage import LiveKitStage
from tests.providers.stage import Delivery, Heard, NotAdmitted, Receiver, Stage, eventually, fresh
from tests.standins.egress.egress import ACTIVE, ENDING, STARTING
from tests.standins.egress.worker import AT_ONCE, BUSY, EgressWorker, admission

pytestmark = pytest.mark.asyncio(loop_scope="module")


URL, OTHER = SecretStr("rtmp://a.example/live/a-key-of-ours"), SecretStr("rtmps://b.example/live/another-of-ours")

STORAGE_SECRET = "the-secret-of-a-storage-of-the-tests"
OUTPUTS = {
    "archive": {"kind": "s3", "bucket": "recordings", "region": "eu-1", "access_key": "us", "secret": STORAGE_SECRET},
    "ali": {"kind": "alioss", "bucket": "recordings", "access_key": "us", "secret": STORAGE_SECRET, "prefix": "takes"},
}


class LiveStage(LiveKitStage):
    """Clients are LiveKit's own; the server is asked by LiveKit's own API whether they are there."""

    secrets = (SECRET, STORAGE_SECRET)
    waits_for_publisher = True

    def __init__(self, provider: LiveKit, api: LiveKitAPI, receiver: Receiver, worker: EgressWorker) -> None:
        super().__init__(provider, key=KEY, secret=SECRET)
        self._api = api
        self._receiver = receiver
        self._worker = worker
        self._clients: list[tuple[JoinToken, Client]] = []
        self._killed: set[str] = set()

    async def join(self, token: JoinToken) -> None:
        self._clients.append((token, await Client.join(token.url, token.token.get_secret_value())))
        await eventually(lambda: self._lists(token, True))

    async def leave(self, token: JoinToken) -> None:
        await self._client(token).leave()
        await eventually(lambda: self._lists(token, False))

    async def publish(self, token: JoinToken, source: TrackSource = TrackSource.MICROPHONE) -> str:
        track_id = await self._client(token).publish(source)

        async def listed() -> bool:
            return track_id in [track.sid for who in await self._present(token) for track in who.tracks]

        await eventually(listed)
        return track_id

    async def receives(self, token: JoinToken, track_id: str, wanted: bool = True) -> None:
        client = self._client(token)
        if wanted:
            await client.sees(track_id)
        else:
            await client.loses(track_id)

    async def learns_of_mute(self, token: JoinToken, track_id: str) -> None:
        client = self._client(token)
        await client.until(lambda: client.is_muted(track_id) or None)

    async def signal(self, token: JoinToken) -> Heard:
        return await self._client(token).hears()

    async def disconnected(self, token: JoinToken) -> None:
        await self._client(token).thrown_out()

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
        for _, client in self._clients:
            await client.leave()

    def _client(self, token: JoinToken) -> Client:
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
    """A server with an egress worker, and where its webhooks go."""

    server: LiveKitServer
    receiver: Receiver
    worker: EgressWorker

    @classmethod
    @asynccontextmanager
    async def open(cls) -> "AsyncIterator[House]":
        async with AsyncExitStack() as stack:
            redis = await stack.enter_async_context(RedisServer())
            receiver = await stack.enter_async_context(Receiver())
            server = await stack.enter_async_context(LiveKitServer(webhook_url=receiver.url, redis=redis.address))
            admit = admission(server.ws_url, KEY, SECRET)
            worker = await stack.enter_async_context(EgressWorker(redis.address, admission=admit))
            yield cls(server, receiver, worker)

    @asynccontextmanager
    async def stage(self) -> AsyncIterator[LiveStage]:
        """What is taken of a whole room begins, hears layouts and ends as with the real egress service."""
        self.worker.starts, self.worker.joins = AT_ONCE, True
        provider = livekit(self.server.url)
        async with LiveKitAPI(self.server.url, KEY, SECRET) as api:
            stage = LiveStage(provider, api, self.receiver, self.worker)
            yield stage
            await stage.aclose()
        await provider.aclose()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house() -> AsyncIterator[House]:
    """One for the module: the contract calls its rooms by fresh names and runs on a server in use."""
    async with House.open() as house:
        yield house


@pytest_asyncio.fixture(loop_scope="module")
async def stage(house: House) -> AsyncIterator[LiveStage]:
    async with house.stage() as stage:
        yield stage


class TestLiveKitServer(ProviderContract):
    """The whole contract."""

    async def test_without_a_worker_nothing_is_claimed(self, stage: Stage) -> None:
        """On a server of its own: where something runs, or a dead worker has left a record that says so, its workers
        may be busy and are not given up."""
        async with House.open() as house, house.stage() as alone:
            await super().test_without_a_worker_nothing_is_claimed(alone)


class TestFailures:
    async def test_wrong_secret_dead_server_and_unknown_room_are_told_apart(self) -> None:
        async with LiveKitServer() as server:
            provider, stranger = livekit(server.url), livekit(server.url, secret="x" * 32)
            await provider.ping()
            with pytest.raises(NotFound):
                await provider.list_participants(RoomRef("livekit", "RM_none", "absent"))
            with pytest.raises(NotFound):
                await provider.close_room(RoomRef("livekit", "RM_none", "absent"))
            with pytest.raises(Unauthenticated) as refused:
                await stranger.ping()
            assert "eyJ" not in f"{refused.value!r}{refused.value.__cause__!r}"
            await server.stop()
            with pytest.raises(Unreachable) as unanswered:
                await provider.ping()
            assert not isinstance(unanswered.value, TimedOut)
            await provider.aclose()
            await stranger.aclose()

    async def test_a_server_that_asks_the_node_for_participants(self) -> None:
        """The setting is announced to become the default: an unknown room then costs a 503 after a while."""
        async with LiveKitServer(settings="api: {enable_psrpc_for_get_list_participants: true}\n") as server:
            provider = livekit(server.url)
            room = (await provider.create_room("standup", RoomOptions())).room.ref
            assert await provider.list_participants(room) == []
            with pytest.raises(NotFound):
                await provider.list_participants(RoomRef("livekit", "RM_none", "absent"))
            await provider.aclose()

    async def test_a_token_of_another_secret_does_not_admit(self, stage: LiveStage) -> None:
        stranger = livekit(stage.provider.address, secret="x" * 32)
        token = await stranger.create_token(RoomRef("livekit", "", "standup"), TokenOptions("ana"))
        with pytest.raises(NotAdmitted):
            await stage.join(token)


class TestWebhooks:
    async def test_every_delivery_is_accepted_by_ours_and_by_livekits_reader_alike(self, stage: LiveStage) -> None:
        room = await stage.create(fresh("watched"))
        await stage.leave(await stage.enter(room.ref, "ana"))
        await stage.enter(room.ref, "bo")
        await stage.provider.close_room(room.ref)
        judge = WebhookReceiver(TokenVerifier(KEY, SECRET))
        seen: list[str] = []
        passwords: set[str] = set()
        async with asyncio.timeout(10):
            while "room_finished" not in seen:
                delivery = await stage.delivery()
                if room.ref.id.encode() not in delivery.body:
                    continue  # an earlier test's
                event = judge.receive(delivery.body.decode(), delivery.headers["authorization"])
                facts = stage.read(delivery)
                assert [(fact.key, fact.type) for fact in facts] == [(event.id, event.event)]
                with pytest.raises(Forged):
                    stage.read(Delivery(delivery.headers, delivery.body.replace(b"watched", b"altered")))
                passwords.add(event.room.turn_password)
                stage.told += facts
                seen.append(event.event)
        assert {type(fact) for fact in stage.told} == {RoomStarted, ParticipantJoined, ParticipantLeft, RoomFinished}
        (password,) = passwords - {""}
        assert password not in repr(stage.told)
        assert seen.index("room_started") < seen.index("room_finished")


class TestEgress:
    async def test_the_look_for_a_worker_leaves_nothing_behind(self, stage: LiveStage) -> None:
        """It is a start that every worker refuses: neither a record nor a webhook comes of it."""
        before = await stage.provider.list_egresses()
        await stage.provider.inspect()
        assert Capability.START_EGRESS in stage.provider.capabilities
        assert await stage.provider.list_egresses() == before
        room = (await stage.create()).ref
        await stage.fact(RoomStarted, lambda fact: fact.room == room)
        assert not [fact for fact in stage.told if fact.thing in (ThingKind.RECORDING, ThingKind.STREAM)]

    async def test_a_dead_worker_is_no_missing_one(self, stage: LiveStage) -> None:
        """The server answers another destination by the 503 that means "no worker" elsewhere."""
        room, _ = await stage.sending()
        stream = await stage.provider.start_stream(room, EgressOptions(urls=(URL,)))
        await stage.stream(stream, StreamStatus.LIVE)
        await stage.kill_worker(stream.ref.id)
        with pytest.raises(LeftBehind):
            await stage.provider.update_stream(stream.ref, add=[OTHER])
        with pytest.raises(LeftBehind):
            await stage.provider.stop_stream(stream.ref)
        assert Capability.START_STREAM in stage.provider.capabilities

    @pytest.mark.parametrize("change", ["add", "remove"])
    async def test_no_refusal_tells_a_key(self, stage: LiveStage, change: str) -> None:
        """The worker repeats the whole address."""
        room, _ = await stage.sending()
        stream = await stage.provider.start_stream(room, EgressOptions(urls=(URL,)))
        await stage.stream(stream, StreamStatus.LIVE)
        wrong = SecretStr("rtmp://media.example.com/a-key-without-an-application")
        with pytest.raises(ProviderError) as refused:
            await stage.provider.update_stream(stream.ref, **{change: [wrong]})
        told = "".join(traceback.format_exception(refused.value)) + repr(refused.value) + refused.value.detail
        assert "a-key-without" not in told
        (listed,) = await stage.provider.list_streams(room)
        assert [each.id for each in listed.destinations] == [stage.provider.destination_id(URL)]

    async def test_of_several_changes_one_may_be_made(self, stage: LiveStage) -> None:
        """The server adds one and refuses to remove the other, in one answer."""
        room, _ = await stage.sending()
        stream = await stage.provider.start_stream(room, EgressOptions(urls=(URL,)))
        await stage.stream(stream, StreamStatus.LIVE)
        with pytest.raises(NotFound):
            await stage.provider.update_stream(
                stream.ref, add=[OTHER], remove=[SecretStr("rtmp://c.example/live/never-there")]
            )
        (listed,) = await stage.provider.list_streams(room)
        ids = [stage.provider.destination_id(url) for url in (URL, OTHER)]
        assert [each.id for each in listed.destinations] == ids
