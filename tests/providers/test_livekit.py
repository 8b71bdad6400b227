"""The contract over LiveKit's stand-in, and what LiveKit claims."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from livekit.api import ParticipantInfo
from pydantic import SecretStr

from providers.base import Capability, JoinToken, TrackSource
from providers.errors import Unsupported
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings
from tests.providers.contract import ProviderContract
from tests.providers.contract_participants import ParticipantsElsewhere
from tests.providers.livekit_telephones import TelephoneStage
from tests.providers.stage import PATIENCE_SECONDS, Delivery, Heard, NotAdmitted, Stage, eventually
from tests.standins.egress.worker import AT_ONCE, BUSY
from tests.standins.livekit import KEY, SECRET, LiveKitStandIn, NotPermitted, RoomIsFull
from tests.standins.sip.service import WAITING as UNANSWERED

CLOUD = [Capability.MOVE_PARTICIPANT, Capability.FORWARD_PARTICIPANT]


STORAGE_SECRET = "the-secret-of-a-storage-of-the-tests"
OUTPUTS = {
    "archive": {"kind": "s3", "bucket": "recordings", "region": "eu-1", "access_key": "us", "secret": STORAGE_SECRET},
    "google": {"kind": "gcp", "bucket": "recordings", "credentials": STORAGE_SECRET},
    "azure": {"kind": "azure", "account_name": "us", "account_key": STORAGE_SECRET, "container_name": "recordings"},
    "ali": {"kind": "alioss", "bucket": "recordings", "access_key": "us", "secret": STORAGE_SECRET, "prefix": "takes"},
}


class StandInStage(TelephoneStage):
    """Who came in last by a token is its client."""

    secrets = (SECRET, "never-to-be-kept", STORAGE_SECRET)
    waits_for_publisher = True

    def __init__(self, provider: LiveKit, server: LiveKitStandIn) -> None:
        super().__init__(provider, key=KEY, secret=SECRET, ingress_worker=server.ingress_worker)
        self.phones = server.phones
        self.phones.dials = UNANSWERED
        self._server = server
        self._clients: dict[int, ParticipantInfo] = {}

    async def join(self, token: JoinToken) -> None:
        try:
            self._clients[id(token)] = self._server.join(token.token.get_secret_value())
        except (RoomIsFull, NotPermitted) as error:
            raise NotAdmitted from error

    async def leave(self, token: JoinToken) -> None:
        self._server.leave(token.room.name, token.identity)

    async def publish(self, token: JoinToken, source: TrackSource = TrackSource.MICROPHONE) -> str:
        try:
            return self._server.publish(token.room.name, token.identity, source.name).sid
        except NotPermitted as error:
            raise NotAdmitted from error

    async def receives(self, token: JoinToken, track_id: str, wanted: bool = True) -> None:
        async def as_wanted() -> bool:
            return (track_id in self._server.received(token.room.name, token.identity)) is wanted

        await eventually(as_wanted)

    async def signal(self, token: JoinToken) -> Heard:
        async with asyncio.timeout(PATIENCE_SECONDS):
            request = await self._server.heard[self._clients[id(token)].sid].get()
        return Heard(request.data.decode(), request.topic)

    async def disconnected(self, token: JoinToken) -> None:
        client = self._clients[id(token)]

        async def is_out() -> bool:
            return client.state == ParticipantInfo.DISCONNECTED

        await eventually(is_out)

    async def fail_egress(self, id: str, reason: str) -> None:
        await self._server.worker.egresses[id].fail(reason)

    async def fail_destination(self, id: str, url: SecretStr, reason: str) -> None:
        await self._server.worker.egresses[id].fail_destination(url.get_secret_value(), reason)

    async def reconnect_destination(self, id: str, url: SecretStr) -> None:
        await self._server.worker.egresses[id].reconnect(url.get_secret_value())

    async def kill_worker(self, id: str) -> None:
        await self._server.worker.egresses[id].die()

    @asynccontextmanager
    async def without_workers(self) -> AsyncIterator[None]:
        self._server.worker.starts = BUSY
        yield
        self._server.worker.starts = AT_ONCE

    async def agents_serve(self, name: str) -> None:
        self._server.served.add(name)

    async def delivery(self) -> Delivery:
        authorization, body = await self._server.deliveries.get()
        return Delivery({"authorization": authorization}, body)


class TestLiveKit(ProviderContract):
    @pytest.fixture
    async def stage(self, standin: LiveKitStandIn) -> AsyncIterator[StandInStage]:
        standin.waits_for_publisher = True
        settings = {"url": standin.url, "api_key": KEY, "api_secret": SECRET, "outputs": OUTPUTS}
        provider = LiveKit("livekit", LiveKitSettings.model_validate(settings))
        provider.lacking |= {Capability.SEND_DTMF}  # nobody's client can come into a room of the stand-in
        yield StandInStage(provider, standin)
        await provider.aclose()


class TestCloud(ParticipantsElsewhere):
    """What the stand-in does as LiveKit Cloud. Which reason Cloud gives for a departure by moving was never seen."""

    @pytest.fixture
    def stage(self, standin: LiveKitStandIn, livekit: LiveKit) -> StandInStage:
        standin.is_cloud = True
        livekit.lacking = frozenset()
        return StandInStage(livekit, standin)

    async def test_the_moved_one_is_there_and_no_longer_here(self, stage: Stage) -> None:
        here, there = (await stage.create()).ref, (await stage.create()).ref
        await stage.enter(here, "ana")
        await stage.provider.move_participant(here, "ana", there)
        assert await stage.provider.list_participants(here) == []
        assert [p.identity for p in await stage.provider.list_participants(there)] == ["ana"]

    @pytest.mark.parametrize("capability", CLOUD)
    async def test_another_server_answers_that_it_cannot(
        self, standin: LiveKitStandIn, stage: Stage, capability: Capability
    ) -> None:
        standin.is_cloud = False
        here, there = (await stage.create()).ref, (await stage.create()).ref
        await stage.enter(here, "ana")
        with pytest.raises(Unsupported) as refused:
            await getattr(stage.provider, capability)(here, "ana", there)
        assert refused.value.detail == capability


CLAIMED = {
    Capability.CREATE_ROOM,
    Capability.LIST_ROOMS,
    Capability.UPDATE_ROOM_METADATA,
    Capability.CLOSE_ROOM,
    Capability.CREATE_TOKEN,
    Capability.CREATE_API_TOKEN,
    Capability.LIST_PARTICIPANTS,
    Capability.UPDATE_PARTICIPANT,
    Capability.REMOVE_PARTICIPANT,
    Capability.MUTE_TRACK,
    Capability.UNMUTE_TRACK,
    Capability.UPDATE_SUBSCRIPTIONS,
    Capability.SEND_SIGNAL,
    Capability.MAX_PARTICIPANTS,
    Capability.EMPTY_TIMEOUT,
    Capability.DEPARTURE_TIMEOUT,
    Capability.ROOM_METADATA,
    Capability.ROOM_MADE_ON_JOIN,
    Capability.TOKEN_METADATA,
    Capability.TOKEN_ATTRIBUTES,
    Capability.TOKEN_PERMISSIONS,
    Capability.PARTICIPANT_TRACKS,
    Capability.PARTICIPANT_METADATA,
    Capability.PARTICIPANT_ATTRIBUTES,
    Capability.PARTICIPANT_NAME,
    Capability.PARTICIPANT_PERMISSIONS,
    Capability.SIGNAL_TOPIC,
    Capability.SIGNAL_LOSSY,
    Capability.RECORD_FROM_START,
    *(each for each in Capability if each.startswith("recording_") or each.startswith("stream_")),
    *(each for each in Capability if each.endswith(("_recording", "_recordings", "_recording_layout"))),
    *(each for each in Capability if each.endswith(("_stream", "_streams", "_stream_layout"))),
    *(each for each in Capability if each.endswith(("_egress", "_egresses", "_egress_layout"))),
    *(each for each in Capability if each.endswith(("_ingress", "_ingresses")) or each.startswith("ingress_")),
    *(each for each in Capability if each.endswith(("_trunk", "_trunks", "_rule", "_rules"))),
    Capability.DIAL,
    Capability.LIST_CALLS,
    Capability.HANG_UP,
    Capability.SEND_DTMF,
    Capability.TRANSFER_CALL,
    Capability.DISPATCH_AGENT,
    Capability.LIST_AGENT_DISPATCHES,
    Capability.REMOVE_AGENT_DISPATCH,
}


class TestClaims:
    @pytest.mark.parametrize(
        ("url", "more"),
        [
            ("http://127.0.0.1:7880", set()),
            ("wss://showcaller-1.livekit.cloud", set(CLOUD)),
            ("https://livekit.cloud.example.com", set()),
            ("https://openvidu.example.com", set()),
        ],
    )
    def test_what_is_claimed_depends_on_whether_it_is_the_cloud(self, url: str, more: set[Capability]) -> None:
        provider = LiveKit("livekit", LiveKitSettings(url=url, api_key=KEY, api_secret=SecretStr(SECRET)))
        assert provider.capabilities == CLAIMED | more
