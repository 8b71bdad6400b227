"""The stand-in egress worker against the real server, asked by LiveKit's own API, and heard by its webhooks."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass

import aiohttp
import pytest
import pytest_asyncio
from livekit import api
from livekit.api import LiveKitAPI, TokenVerifier, WebhookReceiver
from livekit.api.twirp_client import ServerError
from livekit.protocol import egress as pb
from livekit.protocol.room import CreateRoomRequest, DeleteRoomRequest, RoomEgress

from tests.live.clients import Client
from tests.live.redis import RedisServer
from tests.live.server import KEY, SECRET, LiveKitServer
from tests.providers.stage import Receiver, eventually, fresh
from tests.standins.egress.egress import ABORTED, ACTIVE, COMPLETE, ENDING, FAILED, LIMIT_REACHED, STARTING, Egress
from tests.standins.egress.worker import AT_ONCE, BUSY, DYING, WAITING, EgressWorker, admission, refusing, slow

pytestmark = pytest.mark.asyncio(loop_scope="module")

FILE = pb.EncodedFileOutput(filepath="takes/{room_name}-{time}")
FIRST = "rtmp://127.0.0.1/app/first-secret-key"
SECOND = "rtmp://127.0.0.1/app/second-secret-key"
Statuses = list[tuple[str, str]]


@dataclass(frozen=True)
class House:
    """A server with Redis, a worker, and where its webhooks go."""

    server: LiveKitServer
    worker: EgressWorker
    api: LiveKitAPI
    receiver: Receiver

    async def room(self) -> str:
        name = fresh("stage")
        await self.api.room.create_room(CreateRoomRequest(name=name))
        return name

    async def composite(self, *urls: str, files: bool = True) -> Egress:
        """Start one of a new room."""
        request = pb.RoomCompositeEgressRequest(room_name=await self.room(), file_outputs=[FILE] if files else [])
        if urls:
            request.stream_outputs.add(urls=urls)
        await self.api.egress.start_room_composite_egress(request)
        return await self.worker.next()

    async def record(self, egress: Egress) -> pb.EgressInfo:
        """What the server keeps of it."""
        (found,) = (await self.api.egress.list_egress(pb.ListEgressRequest(egress_id=egress.id))).items
        return found

    async def stop(self, egress_id: str) -> pb.EgressInfo:
        return await self.api.egress.stop_egress(pb.StopEgressRequest(egress_id=egress_id))

    async def update(self, egress: Egress, *, add: Sequence[str] = (), remove: Sequence[str] = ()) -> None:
        await self.api.egress.update_stream(
            pb.UpdateStreamRequest(egress_id=egress.id, add_output_urls=add, remove_output_urls=remove)
        )

    async def webhooks(self, egress: Egress) -> Statuses:
        """Those of one egress until its end."""
        judge = WebhookReceiver(TokenVerifier(KEY, SECRET))
        heard: Statuses = []
        while not heard or heard[-1][0] != "egress_ended":
            delivery = await self.receiver.next()
            event = judge.receive(delivery.body.decode(), delivery.headers["authorization"])
            if event.egress_info.egress_id == egress.id:
                heard.append((event.event, pb.EgressStatus.Name(event.egress_info.status)))
        return heard


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def opened() -> AsyncIterator[House]:
    async with (
        RedisServer() as redis,
        Receiver() as receiver,
        LiveKitServer(webhook_url=receiver.url, redis=redis.address) as server,
        EgressWorker(redis.address, admission=admission(server.ws_url, KEY, SECRET)) as worker,
        LiveKitAPI(server.url, KEY, SECRET) as caller,
    ):
        yield House(server, worker, caller, receiver)


@pytest.fixture
def house(opened: House) -> House:
    opened.worker.starts = AT_ONCE
    opened.worker.joins = False
    return opened


Starter = Callable[[LiveKitAPI, str], Awaitable[pb.EgressInfo]]

STARTERS: dict[str, Starter] = {
    "room_composite": lambda lk, room: lk.egress.start_room_composite_egress(
        pb.RoomCompositeEgressRequest(room_name=room, file_outputs=[FILE])
    ),
    "participant": lambda lk, room: lk.egress.start_participant_egress(
        pb.ParticipantEgressRequest(room_name=room, identity="ana", file_outputs=[FILE])
    ),
    "track_composite": lambda lk, room: lk.egress.start_track_composite_egress(
        pb.TrackCompositeEgressRequest(room_name=room, audio_track_id="TR_a", file_outputs=[FILE])
    ),
    "track": lambda lk, room: lk.egress.start_track_egress(
        pb.TrackEgressRequest(room_name=room, track_id="TR_a", file=pb.DirectFileOutput(filepath="{track_id}"))
    ),
    "web": lambda lk, _: lk.egress.start_web_egress(
        pb.WebEgressRequest(
            url="https://127.0.0.1/", segment_outputs=[pb.SegmentedFileOutput(playlist_name="live.m3u8")]
        )
    ),
    "egress": lambda lk, room: lk.egress.start_egress(
        pb.StartEgressRequest(
            room_name=room,
            template=pb.TemplateSource(layout="grid"),
            outputs=[pb.Output(file=pb.FileOutput(filepath="a.mp4")), pb.Output(images=pb.ImageOutput())],
        )
    ),
}

WHOLE = [
    ("egress_started", "EGRESS_STARTING"),
    ("egress_updated", "EGRESS_ACTIVE"),
    ("egress_updated", "EGRESS_ENDING"),
    ("egress_ended", "EGRESS_COMPLETE"),
]


@pytest.mark.parametrize("kind", STARTERS)
async def test_every_kind_starts_goes_on_and_is_stopped(house: House, kind: str) -> None:
    room = await house.room()
    answered = await STARTERS[kind](house.api, room)
    egress = await house.worker.next()
    assert (answered.egress_id, answered.status, egress.kind) == (egress.id, STARTING, kind)
    await egress.until(ACTIVE)
    listed = await house.api.egress.list_egress(pb.ListEgressRequest(room_name=room, active=True))
    assert [each.egress_id for each in listed.items] == ([] if kind == "web" else [egress.id])
    assert (await house.stop(egress.id)).status == ENDING
    await egress.until(COMPLETE)
    assert await house.webhooks(egress) == WHOLE
    kept = await house.record(egress)
    assert kept.WhichOneof("request") == kind
    assert kept.started_at < kept.ended_at <= kept.updated_at
    sizes = [each.size for each in kept.file_results] + [each.size for each in kept.segment_results]
    assert sizes == [1_048_576]


async def test_a_failed_upload_ends_in_failed_and_tells_of_the_backup(house: House) -> None:
    egress = await house.composite()
    await egress.until(ACTIVE)
    egress.hold_ending()
    egress.use_backup()
    await house.stop(egress.id)
    await egress.until(ENDING)
    assert (await house.stop(egress.id)).status == ENDING
    await egress.fail("S3 upload failed: 403", 400)
    assert await house.webhooks(egress) == [*WHOLE[:3], ("egress_ended", "EGRESS_FAILED")]
    kept = await house.record(egress)
    assert (kept.error, kept.error_code, kept.backup_storage_used) == ("S3 upload failed: 403", 400, True)


@pytest.mark.parametrize(
    ("work", "status", "text", "code"),
    [
        (Egress.abort, ABORTED, "Start signal not received", 412),
        (Egress.limit_reached, LIMIT_REACHED, "Session limit reached before start signal", 413),
        (lambda egress: egress.fail("no space left"), FAILED, "no space left", 0),
    ],
)
async def test_ends_before_it_was_active(
    house: House, work: Callable[[Egress], Awaitable[None]], status: pb.EgressStatus, text: str, code: int
) -> None:
    house.worker.starts = WAITING
    egress = await house.composite()
    await work(egress)
    assert await house.webhooks(egress) == [WHOLE[0], ("egress_ended", pb.EgressStatus.Name(status))]
    kept = await house.record(egress)
    assert (kept.status, kept.error, kept.error_code) == (status, text, code)


@pytest.mark.parametrize(
    ("work", "ending"),
    [
        (Egress.end, WHOLE[2:]),
        (Egress.complete, WHOLE[2:]),
        (Egress.limit_reached, [("egress_ended", "EGRESS_LIMIT_REACHED")]),
    ],
)
async def test_ends_of_itself(house: House, work: Callable[[Egress], Awaitable[None]], ending: Statuses) -> None:
    egress = await house.composite()
    await egress.until(ACTIVE)
    await work(egress)
    assert await house.webhooks(egress) == [*WHOLE[:2], *ending]


async def test_a_stop_while_starting_aborts_and_a_second_one_is_refused(house: House) -> None:
    house.worker.starts = WAITING
    egress = await house.composite()
    assert (await house.stop(egress.id)).status == ABORTED
    with pytest.raises(ServerError, match="EGRESS_ABORTED cannot be stopped") as refused:
        await house.stop(egress.id)
    assert refused.value.status == 412


async def test_streams_are_added_and_removed_by_their_full_url(house: House) -> None:
    egress = await house.composite(FIRST, files=False)
    await egress.until(ACTIVE)
    await house.update(egress, add=[SECOND], remove=[FIRST])
    kept = await house.record(egress)
    finished, active = pb.StreamInfo.Status.FINISHED, pb.StreamInfo.Status.ACTIVE
    assert [(each.url, each.status) for each in kept.stream_results] == [
        ("rtmp://127.0.0.1/app/{fir...key}", finished),
        ("rtmp://127.0.0.1/app/{sec...key}", active),
    ]
    with pytest.raises(ServerError, match="not found") as refused:
        await house.update(egress, add=["rtmp://127.0.0.1"], remove=[kept.stream_results[1].url])
    assert refused.value.status == 400, "the first of two errors counts"
    assert "rtmp urls must be" in refused.value.message
    await house.update(egress, remove=[SECOND])
    await egress.until(COMPLETE)
    assert egress.info.details == "End reason: All streams stopped"


async def test_a_file_has_no_streams_to_add_to(house: House) -> None:
    egress = await house.composite()
    await egress.until(ACTIVE)
    with pytest.raises(ServerError, match="non-streaming egress"):
        await house.update(egress, add=[FIRST])
    await egress.complete()


async def test_one_destination_fails_and_the_last_one_takes_the_egress_with_it(house: House) -> None:
    egress = await house.composite(FIRST, SECOND, files=False)
    await egress.until(ACTIVE)
    await egress.reconnect(SECOND)
    await egress.fail_destination(FIRST, "connection refused")
    first, second = (await house.record(egress)).stream_results
    assert (first.status, first.error, second.retries) == (pb.StreamInfo.Status.FAILED, "connection refused", 1)
    assert second.last_retry_at >= second.started_at > 0
    await egress.fail_destination(SECOND, "connection reset")
    assert (await house.webhooks(egress))[-1] == ("egress_ended", "EGRESS_FAILED")
    assert (await house.record(egress)).error == "connection reset"


S3 = pb.S3Upload(access_key="the-key", secret="the-secret", bucket="takes")


async def test_it_hides_what_the_real_service_hides_and_no_more(house: House) -> None:
    room = await house.room()
    srt = "srt://127.0.0.1:7000?passphrase=in-clear"
    shots = pb.ImageOutput(s3=S3)
    await house.api.egress.start_room_composite_egress(
        pb.RoomCompositeEgressRequest(
            room_name=room,
            file_outputs=[pb.EncodedFileOutput(filepath="../../{room_name}.ogg", s3=S3)],
            stream_outputs=[pb.StreamOutput(urls=[srt])],
            image_outputs=[shots, shots],
        )
    )
    egress = await house.worker.next()
    await egress.until(ACTIVE)
    await egress.complete()
    kept = await house.record(egress)
    request = kept.room_composite
    assert (request.file_outputs[0].s3.access_key, request.file_outputs[0].s3.secret) == ("{access_key}", "{secret}")
    assert [each.s3.secret for each in request.image_outputs] == ["the-secret", "the-secret"]
    assert (list(request.stream_outputs[0].urls), kept.stream_results[0].url) == ([srt], srt)
    assert kept.file_results[0].location == f"https://takes.s3.amazonaws.com/{room}.mp4"


async def test_names_playlists_and_places_and_writes_out_short_addresses(house: House) -> None:
    """An output's own storage comes before the request's."""
    room = await house.room()
    files = pb.SegmentedFileOutput(filename_prefix="hls/part", playlist_name="hls/all.x", live_playlist_name="now.m3u8")
    azure = pb.AzureBlobUpload(account_name="acc", account_key="its-key", container_name="box")
    request = pb.StartEgressRequest(
        room_name=room,
        media=pb.MediaSource(video_track_id="TR_v"),
        outputs=[
            pb.Output(segments=files, storage=pb.StorageConfig(azure=azure)),
            pb.Output(file=pb.FileOutput(filepath="{room_name}", file_type="OGG")),
            pb.Output(stream=pb.StreamOutput(urls=["mux://mux-key-in-full"])),
        ],
        storage=pb.StorageConfig(gcp=pb.GCPUpload(bucket="bkt", credentials="{}")),
    )
    await house.api.egress.start_egress(request)
    egress = await house.worker.next()
    await egress.until(ACTIVE)
    await house.update(egress, remove=["mux://mux-key-in-full"])
    await egress.complete(location="https://127.0.0.1/elsewhere")
    kept = await house.record(egress)
    (playlist,), (file,), (stream,) = kept.segment_results, kept.file_results, kept.stream_results
    assert (playlist.playlist_name, playlist.live_playlist_name) == ("hls/all.m3u8", "hls/now.m3u8")
    assert playlist.live_playlist_location == "https://acc.blob.core.windows.net/box/hls/now.m3u8"
    assert (file.filename, file.location) == (f"{room}.ogg", "https://127.0.0.1/elsewhere")
    assert stream.url == "rtmps://global-live.mux.com:443/app/{mux...ull}"
    first, second, third = kept.egress.outputs
    assert (first.storage.azure.account_key, second.HasField("storage")) == ("{account_key}", False)
    assert kept.egress.storage.gcp.credentials == "{credentials}"
    assert list(third.stream.urls) == ["mux://mux-key-in-full"], "the real service forgets this one"


async def test_refuses_a_wrong_request_by_the_name_of_the_field(house: House) -> None:
    room = await house.room()
    wrong = pb.RoomCompositeEgressRequest(room_name=room, file_outputs=[FILE, FILE])
    with pytest.raises(ServerError, match="multiple file outputs") as refused:
        await house.api.egress.start_room_composite_egress(wrong)
    assert (refused.value.status, refused.value.code) == (400, "invalid_argument")
    listed = await house.api.egress.list_egress(pb.ListEgressRequest(room_name=room))
    assert not listed.items


async def test_refuses_a_page_without_address_and_on_command(house: House) -> None:
    with pytest.raises(ServerError, match="web url"):
        await house.api.egress.start_web_egress(pb.WebEgressRequest(file_outputs=[FILE]))
    house.worker.starts = refusing("recording is disabled for this account", "permission_denied")
    with pytest.raises(ServerError, match="disabled for this account") as refused:
        await house.composite()
    assert refused.value.status == 403


async def test_a_busy_worker_is_as_none(house: House) -> None:
    house.worker.starts = BUSY
    with pytest.raises(ServerError, match="no response from servers") as refused:
        await house.composite()
    assert refused.value.status == 503


async def test_a_slow_start_is_asked_for_again_under_the_same_id(house: House) -> None:
    """The server's patience for one answer is ten seconds."""
    house.worker.starts = slow(10.5)
    room = await house.room()
    start = pb.RoomCompositeEgressRequest(room_name=room, file_outputs=[FILE])
    async with LiveKitAPI(house.server.url, KEY, SECRET, timeout=aiohttp.ClientTimeout(total=30)) as patient:
        answered = await patient.egress.start_room_composite_egress(start)
    assert (await house.worker.next()).id == answered.egress_id
    listed = await house.api.egress.list_egress(pb.ListEgressRequest(room_name=room))
    assert [each.egress_id for each in listed.items] == [answered.egress_id]


@pytest.mark.parametrize("status", [STARTING, ACTIVE])
async def test_the_record_of_one_that_died_stays(house: House, status: pb.EgressStatus) -> None:
    house.worker.starts = DYING if status == STARTING else AT_ONCE
    egress = await house.composite()
    await egress.until(status)
    await egress.die()
    with pytest.raises(ServerError, match="request timed out") as refused:
        await house.stop(egress.id)
    assert refused.value.status == 408
    assert (await house.record(egress)).status == status


async def test_in_its_room_it_waits_for_a_publisher_hears_layouts_and_ends_with_the_room(house: House) -> None:
    house.worker.joins = True
    egress = await house.composite()
    room = egress.info.room_name
    grants = api.VideoGrants(room_join=True, room=room)
    token = api.AccessToken(KEY, SECRET).with_identity("ana").with_grants(grants).to_jwt()
    async with await Client.join(house.server.ws_url, token) as ana:
        assert egress.info.status == STARTING
        await ana.publish()
        await egress.until(ACTIVE)
        layout = pb.UpdateLayoutRequest(egress_id=egress.id, layout="speaker")
        assert (await house.api.egress.update_layout(layout)).egress_id == egress.id
        await egress.until_layout("speaker")
        assert egress.id not in ana.room.remote_participants
        await house.api.room.delete_room(DeleteRoomRequest(room=room))
        await egress.until(COMPLETE)
        await ana.thrown_out()
    assert egress.info.details == "End reason: Source closed"


async def test_a_room_may_start_its_own(house: House) -> None:
    name = fresh("recorded")
    recording = pb.RoomCompositeEgressRequest(room_name=name, file_outputs=[FILE])
    await house.api.room.create_room(CreateRoomRequest(name=name, egress=RoomEgress(room=recording)))
    egress = await house.worker.next()
    assert (egress.kind, egress.info.room_name) == ("room_composite", name)

    async def kept() -> bool:
        return (await house.record(egress)).status == ACTIVE

    await eventually(kept)


async def test_a_test_that_asks_what_the_state_forbids_is_told(house: House) -> None:
    egress = await house.composite()
    await egress.until(ACTIVE)
    await egress.complete()
    with pytest.raises(AssertionError, match="EGRESS_COMPLETE"):
        await egress.fail("too late")
    await asyncio.wait_for(egress.until(COMPLETE), 1)
