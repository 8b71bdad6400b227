"""The tutorial application server's Egress folder, by slash commands on a real server with Redis and an egress worker.

Each test is named after its row (`POST /egresses/room-composite`, and so on), which is done by the portable words and
by the low-level ones where there are both. What the worker gets comes through the real server, and so does all that
it tells.
"""

from datetime import timedelta

import pytest
from livekit.protocol import egress as pb

from bot.demo.slack import Message
from commands.core.tokens import quote
from providers.base import TrackSource
from tests.bot.conversations.talk import database, labels
from tests.live.studio import FIRST, RECORDING, SECOND, STREAM, THIRD, Studio
from tests.standins.egress.egress import COMPLETE, Egress
from tests.standins.egress.worker import WAITING

PAGE = "https://media.example.com/scores"

STORAGE_SECRET = "a-secret-of-the-storage"
OUTPUTS = f"""
default_output = "archive"
[providers.livekit.outputs.archive]
kind = "s3"
bucket = "recordings"
region = "eu-1"
access_key = "the-access-key"
secret = "{STORAGE_SECRET}"
prefix = "shows"
[providers.livekit.outputs.cold]
kind = "azure"
account_name = "us"
account_key = "{STORAGE_SECRET}"
container_name = "cold"
"""


@pytest.fixture
async def studio(recording_studio: Studio) -> Studio:
    """With the room in it."""
    await recording_studio.ask("room create standup")
    return recording_studio


@pytest.fixture
async def tracks(studio: Studio) -> list[str]:
    """Ana sends: the ids of her camera and of her microphone."""
    _, tracks = await studio.perform("ana", TrackSource.CAMERA, TrackSource.MICROPHONE)
    return tracks


async def stopped(studio: Studio, egress: Egress, title: str = RECORDING) -> Message:
    """The recording's card, after its **Stop** was pressed and it is ready. Of one that streams too that is asked."""
    answer = await studio.press(await studio.feed(title, "Live", egress.id), "Stop")
    if "Stop both" in labels(answer):
        await studio.press(answer, "Stop both")
    return await studio.feed(title, "Ready", egress.id)


async def test_room_composite(studio: Studio) -> None:
    """`POST /egresses/room-composite`: its card goes through all states, and is all that people need."""
    worker = studio.worker
    worker.joins = True
    answer = await studio.ask("recording start standup --layout speaker")
    assert answer.lines[0] == "Recording *standup*. Its card says when it runs."
    assert "may wait until somebody does" in answer.words
    egress = await worker.next()
    assert isinstance(egress.request, pb.RoomCompositeEgressRequest)
    assert (egress.request.room_name, egress.request.layout) == ("standup", "speaker")
    assert (len(egress.request.file_outputs), len(egress.request.stream_outputs)) == (1, 0)
    starting = await studio.feed(RECORDING, "Starting")
    assert "Stop" in labels(starting)
    await studio.perform("ana", TrackSource.MICROPHONE)
    live = await studio.feed(RECORDING, "Live", "since")
    assert {"Pause", "Stop", "Layout"} <= set(labels(live))
    await studio.card("Recording")
    egress.hold_ending()
    assert (await studio.press(live, "Stop")).lines[0].startswith("Stopping the recording of *standup*")
    await studio.feed(RECORDING, "Ending", "the file is being written")
    await egress.complete(
        size=34_100_000, duration=timedelta(minutes=12), location="https://cdn.example.com/s.mp4?key=1"
    )
    ready = await studio.feed(RECORDING, "Ready")
    assert {"12 min", "34.1 MB"} <= set(ready.lines)
    assert "https://cdn.example.com/s.mp4" in ready.words
    assert "key=1" not in ready.words


async def test_room_composite_by_its_low_level_name(studio: Studio, tracks: list[str]) -> None:
    """`POST /egresses/room-composite`, with the tutorial's own file name and layout."""
    egress = await studio.begun('egress room standup --file "{room_name}-{room_id}-{time}" --format mp4 --layout grid')
    assert isinstance(egress.request, pb.RoomCompositeEgressRequest)
    (file,) = egress.request.file_outputs
    assert (file.filepath, file.file_type) == ("{room_name}-{room_id}-{time}", pb.EncodedFileType.MP4)
    assert egress.request.layout == "grid"
    assert f"standup-{egress.info.room_id}-" in (await stopped(studio, egress)).words


async def test_stream(studio: Studio, tracks: list[str]) -> None:
    """`POST /egresses/stream`: what is shown of the address is not the key."""
    answer = await studio.ask("stream start standup", FIRST, "--layout single-speaker")
    assert answer.lines[0] == "Streaming *standup* to 1 place. Its card says how it goes."
    egress = await studio.worker.next()
    assert isinstance(egress.request, pb.RoomCompositeEgressRequest)
    (output,) = egress.request.stream_outputs
    assert (list(output.urls), output.protocol) == ([FIRST], pb.StreamProtocol.RTMP)
    assert (egress.request.layout, len(egress.request.file_outputs)) == ("single-speaker", 0)
    live = await studio.feed(STREAM, "Live", "to 1 destination")
    assert "rtmp://live.example.com/app" in live.words
    assert {"Add destination", "Remove", "Layout", "Stop"} <= set(labels(live))
    await studio.press(live, "Stop")
    await studio.feed(STREAM, "Ended")
    assert "first-key-of-ours" not in studio.world.slack.picture()
    assert b"first-key-of-ours" not in database(studio.world)


async def test_stream_by_its_low_level_name(studio: Studio, tracks: list[str]) -> None:
    """`POST /egresses/stream`, to two places at once, and by SRT."""
    egress = await studio.begun("egress room standup --stream", FIRST, "--stream", SECOND)
    assert isinstance(egress.request, pb.RoomCompositeEgressRequest)
    assert list(egress.request.stream_outputs[0].urls) == [FIRST, SECOND]
    await studio.feed(STREAM, "Live", "to 2 destinations")
    other = await studio.begun("egress room standup --stream", "srt://media.example.com:7000?passphrase=hidden-one")
    assert isinstance(other.request, pb.RoomCompositeEgressRequest)
    assert other.request.stream_outputs[0].protocol == pb.StreamProtocol.SRT
    card = await studio.feed(STREAM, "srt://media.example.com:7000", other.id)
    assert "hidden-one" not in card.words


@pytest.mark.parametrize(
    "words",
    ["recording start standup --participant ana --format mp4", "egress participant standup ana --format mp4"],
)
async def test_participant(studio: Studio, tracks: list[str], words: str) -> None:
    """`POST /egresses/participant`."""
    egress = await studio.begun(words)
    assert isinstance(egress.request, pb.ParticipantEgressRequest)
    assert (egress.request.room_name, egress.request.identity) == ("standup", "ana")
    assert not egress.request.screen_share
    await stopped(studio, egress, "Recording of participant ana in standup")


@pytest.mark.parametrize(
    "words",
    [
        "recording start standup --tracks ana/camera,ana/microphone",
        "egress tracks standup ana/microphone ana/camera --file takes/ana.mp4",
    ],
)
async def test_track_composite(studio: Studio, tracks: list[str], words: str) -> None:
    """`POST /egresses/track-composite`: which of them is seen is found out, in whatever order they are named."""
    egress = await studio.begun(words)
    assert isinstance(egress.request, pb.TrackCompositeEgressRequest)
    assert [egress.request.video_track_id, egress.request.audio_track_id] == tracks
    await stopped(studio, egress, f"Recording of tracks {tracks[0]} and {tracks[1]} in standup")


@pytest.mark.parametrize("words", ["recording start standup --track", 'egress track standup --file "" '])
async def test_track(studio: Studio, tracks: list[str], words: str) -> None:
    """`POST /egresses/track`."""
    egress = await studio.begun(words, tracks[1])
    assert isinstance(egress.request, pb.TrackEgressRequest)
    assert (egress.request.track_id, egress.request.WhichOneof("output")) == (tracks[1], "file")
    await stopped(studio, egress, f"Recording of track {tracks[1]} in standup")


async def test_track_to_a_websocket(studio: Studio, tracks: list[str]) -> None:
    """`POST /egresses/track` with LiveKit's other output, whose address it hides nowhere."""
    egress = await studio.begun("egress track standup ana/microphone --stream wss://media.example.com/pcm?key=hidden")
    assert isinstance(egress.request, pb.TrackEgressRequest)
    assert egress.request.websocket_url == "wss://media.example.com/pcm?key=hidden"
    card = await studio.feed(f"Stream of track {tracks[1]} in standup", "Live", "wss://media.example.com")
    assert "hidden" not in card.words


@pytest.mark.parametrize("words", ["recording start --url", "egress web --file takes/page.mp4"])
async def test_web(studio: Studio, words: str) -> None:
    """`POST /egresses/web`: it needs no room, and what may be secret of the page's address is not shown."""
    egress = await studio.begun(words, f"{PAGE}?token=hidden")
    assert isinstance(egress.request, pb.WebEgressRequest)
    assert egress.request.url == f"{PAGE}?token=hidden"
    ready = await stopped(studio, egress, f"Recording of the page {PAGE}")
    assert "hidden" not in ready.words


async def test_list(studio: Studio, tracks: list[str]) -> None:
    """`GET /egresses?roomName`, `?egressId`, `?active`, and all of them."""
    await studio.ask("room create retro")
    await studio.perform("bob", TrackSource.CAMERA, room="retro")
    over = await studio.begun("recording start standup")
    await stopped(studio, over)
    going = await studio.begun("stream start standup", FIRST)
    elsewhere = await studio.begun("recording start retro")
    found = {
        words: {id for id in (over.id, going.id, elsewhere.id) if id in (await studio.ask(words)).words}
        for words in (
            "egress list",
            "egress list standup",
            f"egress list --id {elsewhere.id}",
            "egress list --active",
            "egress list standup --active",
            "recording list",
            "recording list standup",
            "recording list --active",
            "stream list",
            "stream list retro",
        )
    }
    assert found == {
        "egress list": {over.id, going.id, elsewhere.id},
        "egress list standup": {over.id, going.id},
        f"egress list --id {elsewhere.id}": {elsewhere.id},
        "egress list --active": {going.id, elsewhere.id},
        "egress list standup --active": {going.id},
        "recording list": {over.id, elsewhere.id},
        "recording list standup": {over.id},
        "recording list --active": {elsewhere.id},
        "stream list": {going.id},
        "stream list retro": set(),
    }
    shown = await studio.ask("egress show", over.id)
    assert {"EGRESS_COMPLETE", "room composite"} <= set(shown.lines)
    assert (await studio.ask("egress list --id EG_none")).lines[0] == "No egress on `livekit` is `EG_none`."


@pytest.mark.parametrize(("noun", "start"), [("recording", ""), ("stream", FIRST), ("egress", "")])
async def test_update_layout(studio: Studio, noun: str, start: str) -> None:
    """`POST /egresses/{e}/layout`: it arrives at whoever records, in the room."""
    studio.worker.joins = True
    await studio.perform("ana", TrackSource.CAMERA)
    egress = await studio.begun(f"{'recording' if noun == 'egress' else noun} start standup", start)
    answer = await studio.ask(noun, "layout", egress.id, "single-speaker-dark")
    await egress.until_layout("single-speaker-dark")
    assert answer.lines[0] == f"The {noun} of *standup* was told to show `single-speaker-dark`."
    assert "some keep the layout they began with" in answer.words


async def test_add_and_remove_stream_urls(studio: Studio, tracks: list[str]) -> None:
    """`POST /egresses/{e}/streams`, both in one call. The whole address of what goes is known from the start."""
    egress = await studio.begun("stream start standup", FIRST, SECOND)
    await studio.feed(STREAM, "Live", "to 2 destinations")
    answer = await studio.ask("stream update standup --add", THIRD, "--remove rtmp://b.example.com/app")
    assert "1 destination added, `rtmp://b.example.com/app` removed" in answer.words
    card = await studio.feed(STREAM, "rtmps://media.example.com:443/app", "Ended")
    going = [each.url for each in egress.info.stream_results if not each.ended_at]
    assert [url.partition("/app/")[0] for url in going] == ["rtmp://live.example.com", "rtmps://media.example.com:443"]
    assert labels(card).count("Remove") == 2
    await studio.ask("stream add standup", "rtmp://b.example.com/app/a-fourth-key")
    card = await studio.feed(STREAM, "to 3 destinations")
    first = next(button for button in card.buttons if button.label == "Remove")
    await studio.press(card, first.action_id)
    await studio.ask("stream remove standup rtmps://media.example.com:443/app")
    await studio.feed(STREAM, "to 1 destination")


@pytest.mark.parametrize(
    ("start", "stop", "title"),
    [
        ("recording start standup", "recording stop standup", RECORDING),
        (f"stream start standup {FIRST}", "stream stop standup", STREAM),
        (f'egress room standup --file "" --stream {FIRST}', "egress stop standup", STREAM),
        (f'egress room standup --file "" --stream {FIRST}', "recording stop standup", RECORDING),
    ],
)
async def test_stop(studio: Studio, tracks: list[str], start: str, stop: str, title: str) -> None:
    """`DELETE /egresses/{e}`; one that writes and streams is stopped as either."""
    egress = await studio.begun(start)
    await studio.feed(title, "Live", egress.id)
    answer = await studio.ask(stop)
    if "--file" in start:
        assert "that ends too" in answer.words
        answer = await studio.press(answer, "Stop both")
    assert answer.lines[0].startswith("Stopping the ")
    await egress.until(COMPLETE)
    card = await studio.feed(title, "Ready" if title == RECORDING else "Ended", egress.id)
    assert "Stop" not in labels(card)
    again = await studio.ask(stop.replace("standup", egress.id))
    assert "has ended already" in again.words


async def test_record_from_the_start_of_a_room(studio: Studio) -> None:
    """LiveKit's own way, by the creation of the room."""
    answer = await studio.ask("room create retro --record --layout speaker")
    assert answer.lines[0] == "Created *retro*. It is being recorded."
    egress = await studio.worker.next()
    assert isinstance(egress.request, pb.RoomCompositeEgressRequest)
    assert (egress.request.room_name, egress.request.layout) == ("retro", "speaker")
    await stopped(studio, egress, "Recording of retro")


async def test_several_outputs_at_once(studio: Studio, tracks: list[str]) -> None:
    """A file, segments, images and a stream of one egress: a recording and a stream, each with its card."""
    egress = await studio.begun(
        "egress room standup --file takes/one.mp4 --segments hls/one --images shots/one --every 5s",
        f"--preset h264-1080p-30 --stream {FIRST}",
    )
    asked = egress.request
    assert isinstance(asked, pb.RoomCompositeEgressRequest)
    assert asked.preset == pb.EncodingOptionsPreset.H264_1080P_30
    assert asked.segment_outputs[0].filename_prefix == "hls/one"
    assert (asked.image_outputs[0].filename_prefix, asked.image_outputs[0].capture_interval) == ("shots/one", 5)
    await studio.feed(STREAM, "Live")
    ready = await stopped(studio, egress)
    assert [each for each in ("File", "Playlist", "Images", "Manifest") if f"*{each}*" in ready.words] == [
        "File",
        "Playlist",
        "Images",
        "Manifest",
    ]
    assert {"takes/one.mp4", "hls/one.m3u8", "shots/one"} <= set(ready.words.split("`"))
    await studio.feed(STREAM, "Ended")


async def test_encoding(studio: Studio, tracks: list[str]) -> None:
    """Segments and images by the portable words, encoded by numbers."""
    encoding = "--width 640 --height 360 --fps 25 --video-bitrate 800 --audio-bitrate 96 --key-frames 2s"
    egress = await studio.begun("recording start standup --segments --images 10s --path takes/two", encoding)
    asked = egress.request
    assert isinstance(asked, pb.RoomCompositeEgressRequest)
    assert asked.advanced == pb.EncodingOptions(
        width=640, height=360, framerate=25, video_bitrate=800, audio_bitrate=96, key_frame_interval=2
    )
    assert (len(asked.file_outputs), asked.segment_outputs[0].filename_prefix) == (0, "takes/two")
    assert "Playlist" in (await stopped(studio, egress)).words


async def test_hls(studio: Studio, tracks: list[str]) -> None:
    """A stream that viewers open by its playlist."""
    egress = await studio.begun("stream start standup --hls")
    assert isinstance(egress.request, pb.RoomCompositeEgressRequest)
    assert egress.request.segment_outputs[0].live_playlist_name
    card = await studio.feed(STREAM, "Live", "HLS playlist", "-live.m3u8")
    await studio.press(card, "Stop")
    await studio.feed(STREAM, "Ended")


@pytest.mark.parametrize("provider_settings", [OUTPUTS])
async def test_named_outputs(studio: Studio, tracks: list[str]) -> None:
    """The worker gets the storage with its keys, and nobody else sees them."""
    studio.worker.starts = WAITING
    shown = await studio.ask("provider show livekit")
    assert {"*archive* · output", "*cold* · output"} <= set(shown.lines)
    assert "s3: bucket recordings in eu-1, under shows/" in shown.words
    await studio.ask("recording start standup --path one.mp4 --format mp4")
    by_default = await studio.worker.next()
    assert isinstance(by_default.request, pb.RoomCompositeEgressRequest)
    (file,) = by_default.request.file_outputs
    assert (file.filepath, file.s3.bucket, file.s3.secret) == ("shows/one.mp4", "recordings", STORAGE_SECRET)
    await studio.ask("egress room standup --segments hls/ --images shots/ --output cold")
    named = await studio.worker.next()
    assert isinstance(named.request, pb.RoomCompositeEgressRequest)
    (segments,), (images,) = named.request.segment_outputs, named.request.image_outputs
    assert [each.account_key for each in (segments.azure, images.azure)] == [STORAGE_SECRET] * 2
    assert segments.azure.container_name == "cold"
    for egress in (by_default, named):
        await egress.go_active()
        await stopped(studio, egress)
    await studio.ask("egress show", by_default.id)
    assert STORAGE_SECRET not in studio.world.slack.picture()
    assert STORAGE_SECRET.encode() not in database(studio.world)
    refused = await studio.ask("recording start standup --output", quote("warm"))
    assert "there is archive, cold" in refused.words
