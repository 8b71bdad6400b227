"""The stand-in ingress worker against the real server, asked by LiveKit's own API, and heard by its webhooks."""

from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio
from livekit.api import LiveKitAPI, TokenVerifier, WebhookReceiver
from livekit.api.twirp_client import ServerError
from livekit.protocol import ingress as pb
from livekit.protocol.models import ParticipantInfo
from livekit.protocol.room import DeleteRoomRequest, ListParticipantsRequest

from tests.live.redis import RedisServer
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.live.studio import INGRESS_ADDRESSES, RTMP, WHIP
from tests.providers.stage import Receiver, fresh
from tests.standins.ingress.session import BUFFERING, COMPLETE, ERROR, INACTIVE, PUBLISHING, Session
from tests.standins.ingress.worker import AT_ONCE, BUSY, WAITING, IngressWorker, failing, refusing
from tests.standins.presence import admission
from tests.standins.psrpc import Bus, RpcError

pytestmark = pytest.mark.asyncio(loop_scope="module")

Told = list[tuple[str, str, str]]


@dataclass(frozen=True)
class House:
    """A server with Redis, an ingress worker, and where its webhooks go."""

    worker: IngressWorker
    api: LiveKitAPI
    receiver: Receiver

    async def push(self, kind: pb.IngressInput = pb.IngressInput.RTMP_INPUT, room: str = "") -> pb.IngressInfo:
        return await self.api.ingress.create_ingress(
            pb.CreateIngressRequest(input_type=kind, room_name=room or fresh("stage"), participant_identity="obs")
        )

    async def pull(self) -> pb.IngressInfo:
        return await self.api.ingress.create_ingress(
            pb.CreateIngressRequest(
                input_type=pb.IngressInput.URL_INPUT,
                url="https://media.example.com/live.m3u8",
                room_name=fresh("stage"),
                participant_identity="feed",
            )
        )

    async def record(self, ingress_id: str) -> pb.IngressInfo:
        """What the server keeps of it."""
        (found,) = (await self.api.ingress.list_ingress(pb.ListIngressRequest(ingress_id=ingress_id))).items
        return found

    async def rename(self, ingress_id: str, name: str) -> pb.IngressInfo:
        return await self.api.ingress.update_ingress(pb.UpdateIngressRequest(ingress_id=ingress_id, name=name))

    async def webhooks(self, ingress_id: str, number: int) -> Told:
        """The next ones of one ingress: event, status and error."""
        judge = WebhookReceiver(TokenVerifier(KEY, SECRET))
        heard: Told = []
        while len(heard) < number:
            delivery = await self.receiver.next()
            event = judge.receive(delivery.body.decode(), delivery.headers["authorization"])
            state = event.ingress_info.state
            if event.ingress_info.ingress_id == ingress_id:
                heard.append((event.event, pb.IngressState.Status.Name(state.status), state.error))
        return heard


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened() -> AsyncIterator[House]:
    async with (
        RedisServer() as redis,
        Receiver() as receiver,
        LiveKitServer(webhook_url=receiver.url, redis=redis.address, settings=INGRESS_ADDRESSES) as server,
        IngressWorker(Bus(redis.address), admission=admission(server.ws_url, KEY, SECRET)) as worker,
        LiveKitAPI(server.url, KEY, SECRET) as caller,
    ):
        yield House(worker, caller, receiver)


@pytest.fixture
def house(opened: House) -> House:
    opened.worker.starts = AT_ONCE
    opened.worker.joins = False
    return opened


STARTED = ("ingress_started", "ENDPOINT_PUBLISHING", "")
ENDED = ("ingress_ended", "ENDPOINT_INACTIVE", "")


@pytest.mark.parametrize(("kind", "address"), [(pb.IngressInput.RTMP_INPUT, RTMP), (pb.IngressInput.WHIP_INPUT, WHIP)])
async def test_somebody_sends_and_goes(house: House, kind: pb.IngressInput, address: str) -> None:
    made = await house.push(kind)
    assert (made.url, bool(made.stream_key), made.reusable) == (address, True, True)
    session = await house.worker.connect(made.stream_key)
    assert (await house.record(session.id)).state.status == BUFFERING
    await session.publish()
    await session.report(video=None)
    kept = (await house.record(session.id)).state
    assert (kept.status, kept.audio.average_bitrate, kept.HasField("video")) == (PUBLISHING, 128_000, False)
    await session.stop()
    assert await house.webhooks(session.id, 2) == [STARTED, ENDED]
    kept = (await house.record(session.id)).state
    assert kept.started_at < kept.ended_at <= kept.updated_at


async def test_in_its_room_it_is_the_participant_that_its_ingress_names(house: House) -> None:
    house.worker.joins = True
    made = await house.push()
    session = await house.worker.connect(made.stream_key)
    await session.publish()
    listed = await house.api.room.list_participants(ListParticipantsRequest(room=made.room_name))
    (there,) = listed.participants
    assert (there.kind, there.identity) == (ParticipantInfo.INGRESS, "obs")
    assert there.attributes["ingress.ingressID"] == session.id
    assert (await house.record(session.id)).state.room_id.startswith("RM_")
    await house.api.room.delete_room(DeleteRoomRequest(room=made.room_name))
    await session.until(ERROR)
    assert await house.webhooks(session.id, 2) == [STARTED, ("ingress_ended", "ENDPOINT_ERROR", "room disconnected")]


async def test_an_update_after_a_failure_ends_it_a_second_time(house: House) -> None:
    made = await house.push()
    session = await house.worker.connect(made.stream_key)
    await session.fail("connection reset")
    await house.rename(session.id, "stage camera")
    failed = ("ingress_ended", "ENDPOINT_ERROR", "connection reset")
    again = ("ingress_ended", "ENDPOINT_INACTIVE", "connection reset")
    assert await house.webhooks(session.id, 2) == [failed, again], "the error stays in the state"
    again_live = await house.worker.connect(made.stream_key)
    await again_live.publish()
    assert await house.webhooks(session.id, 1) == [STARTED]


async def test_an_update_while_live_ends_the_session(house: House) -> None:
    made = await house.push()
    session = await house.worker.connect(made.stream_key)
    await session.publish()
    answered = await house.rename(session.id, "stage camera")
    assert (answered.name, answered.state.status) == ("stage camera", PUBLISHING), "the answer is older than the state"
    assert session.state.status == INACTIVE
    kept = await house.record(session.id)
    assert (kept.name, kept.state.status) == ("stage camera", INACTIVE)


async def test_a_deletion_while_live_cuts_the_sender(house: House) -> None:
    made = await house.push()
    session = await house.worker.connect(made.stream_key)
    await session.publish()
    await house.api.ingress.delete_ingress(pb.DeleteIngressRequest(ingress_id=session.id))
    assert session.state.status == INACTIVE
    assert await house.webhooks(session.id, 2) == [STARTED, ENDED]
    with pytest.raises(RpcError) as refused:
        await house.worker.connect(made.stream_key)
    assert refused.value.code == "not_found"


async def test_a_sender_is_turned_away_and_the_ingress_is_in_error(house: House) -> None:
    made = await house.push()
    await house.api.ingress.update_ingress(pb.UpdateIngressRequest(ingress_id=made.ingress_id, enabled=False))
    with pytest.raises(RpcError, match="session is disabled"):
        await house.worker.connect(made.stream_key)
    kept = (await house.record(made.ingress_id)).state
    assert (kept.status, kept.error) == (ERROR, "session is disabled")
    assert await house.webhooks(made.ingress_id, 1) == [("ingress_ended", "ENDPOINT_ERROR", "session is disabled")]


async def test_without_a_room_nothing_can_be_sent(house: House) -> None:
    made = await house.api.ingress.create_ingress(pb.CreateIngressRequest(participant_identity="obs"))
    with pytest.raises(RpcError, match="no room name"):
        await house.worker.connect(made.stream_key)
    assert (await house.record(made.ingress_id)).state.status == ERROR


async def test_a_url_is_taken_and_comes_to_its_end(house: House) -> None:
    made = await house.pull()
    assert (made.state.status, made.stream_key, made.reusable) == (BUFFERING, "", False)
    session = await house.worker.next()
    await session.until(PUBLISHING)
    await session.stop()
    assert (await house.record(made.ingress_id)).state.status == COMPLETE
    assert await house.webhooks(made.ingress_id, 2) == [STARTED, ("ingress_ended", "ENDPOINT_COMPLETE", "")]


async def test_a_url_that_fails_at_once_never_started(house: House) -> None:
    house.worker.starts = failing("403 Forbidden")
    made = await house.pull()
    await (await house.worker.next()).until(ERROR)
    assert await house.webhooks(made.ingress_id, 1) == [("ingress_ended", "ENDPOINT_ERROR", "403 Forbidden")]


async def test_a_url_needs_a_worker_who_takes_it(house: House) -> None:
    house.worker.starts = BUSY
    with pytest.raises(ServerError, match="no response from servers") as alone:
        await house.pull()
    house.worker.starts = refusing("server capacity exceeded", "resource_exhausted")
    with pytest.raises(ServerError, match="server capacity exceeded") as full:
        await house.pull()
    assert (alone.value.status, full.value.status) == (503, 429)


async def test_the_record_of_one_that_died_stays_and_can_be_deleted(house: House) -> None:
    house.worker.starts = WAITING
    await house.pull()
    session = await house.worker.next()
    await session.die()
    assert (await house.record(session.id)).state.status == BUFFERING
    await house.api.ingress.delete_ingress(pb.DeleteIngressRequest(ingress_id=session.id))
    with pytest.raises(ServerError) as refused:
        await house.record(session.id)
    assert refused.value.status == 404


async def test_a_test_that_asks_what_the_state_forbids_is_told(house: House) -> None:
    session: Session = await house.worker.connect((await house.push()).stream_key)
    await session.stop()
    with pytest.raises(AssertionError, match="ENDPOINT_INACTIVE"):
        await session.publish()
