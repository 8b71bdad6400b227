"""What the stand-in egress worker refuses, without a server: that has no part in it."""

import pytest
from livekit.protocol import egress as pb

from tests.standins.egress.egress_rules import Accepted, accept
from tests.standins.psrpc import RpcError, encode

FILE = pb.EncodedFileOutput(filepath="takes/{room_name}-{time}")
RTMP = "rtmp://127.0.0.1/app/key"


def start(number: int, request: pb.RoomCompositeEgressRequest | pb.StartEgressRequest) -> Accepted:
    """`number`: the request's field in `rpc.StartEgressRequest`."""
    request.room_name = "standup"
    return accept(encode({1: "EG_a", 3: "RM_a", number: request.SerializeToString()}))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("multiple file outputs", pb.RoomCompositeEgressRequest(file_outputs=[FILE, FILE])),
        ("multiple stream outputs", pb.RoomCompositeEgressRequest(stream_outputs=[pb.StreamOutput(urls=[RTMP])] * 2)),
        ("output", pb.RoomCompositeEgressRequest()),
        ("stream url", pb.RoomCompositeEgressRequest(stream_outputs=[pb.StreamOutput(protocol="RTMP")])),
        ("audio_only images", pb.RoomCompositeEgressRequest(audio_only=True, image_outputs=[pb.ImageOutput()])),
        (
            "audio_only and video_only",
            pb.RoomCompositeEgressRequest(audio_only=True, video_only=True, file_outputs=[FILE]),
        ),
        (
            "video of a websocket",
            pb.RoomCompositeEgressRequest(stream_outputs=[pb.StreamOutput(urls=["ws://127.0.0.1/"])]),
        ),
        (
            "invalid scheme",
            pb.RoomCompositeEgressRequest(stream_outputs=[pb.StreamOutput(urls=[RTMP, "srt://127.0.0.1:7000"])]),
        ),
        ("width", pb.RoomCompositeEgressRequest(file_outputs=[FILE], advanced=pb.EncodingOptions(width=641))),
        (
            "live_playlist_name",
            pb.RoomCompositeEgressRequest(
                segment_outputs=[pb.SegmentedFileOutput(playlist_name="a", live_playlist_name="b/c")]
            ),
        ),
    ],
)
def test_refuses_by_the_name_of_the_field(text: str, wrong: pb.RoomCompositeEgressRequest) -> None:
    with pytest.raises(RpcError, match=text) as refused:
        start(5, wrong)
    assert refused.value.code == "invalid_argument"


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        ("source", pb.StartEgressRequest(outputs=[pb.Output(file=pb.FileOutput())])),
        ("web url", pb.StartEgressRequest(web=pb.WebSource(url="ftp://127.0.0.1/"))),
        ("output config", pb.StartEgressRequest(template=pb.TemplateSource(), outputs=[pb.Output()])),
        ("audio and video", pb.StartEgressRequest(media=pb.MediaSource())),
    ],
)
def test_refuses_a_unified_request_alike(text: str, wrong: pb.StartEgressRequest) -> None:
    with pytest.raises(RpcError, match=text):
        start(16, wrong)


def test_a_unified_websocket_stream_loses_its_picture_without_a_word() -> None:
    stream = pb.Output(stream=pb.StreamOutput(urls=["wss://127.0.0.1/in"]))
    found = start(16, pb.StartEgressRequest(template=pb.TemplateSource(), outputs=[stream]))
    assert (found.protocol, found.is_template) == (pb.StreamProtocol.WEBSOCKET, True)


@pytest.mark.parametrize(
    ("typed", "name"),
    [("a.ogg", "a.mp4"), ("a.b", "a.b.mp4"), ("../../a/./b.mp4", "a/b.mp4"), ("{room_id}/{retry}", "RM_a/0.mp4")],
)
def test_names_a_file_as_the_real_service_does(typed: str, name: str) -> None:
    found = start(5, pb.RoomCompositeEgressRequest(file_outputs=[pb.EncodedFileOutput(filepath=typed)]))
    assert found.info.file_results[0].filename == name


@pytest.mark.parametrize(
    ("key", "hidden"), [("abcdefghi", "{abc...ghi}"), ("abcdefgh", "{ab...gh}"), ("abc", "{a...c}"), ("ab", "{...}")]
)
def test_hides_most_of_a_key(key: str, hidden: str) -> None:
    stream = pb.StreamOutput(urls=[f"rtmp://127.0.0.1/app/{key}"])
    found = start(5, pb.RoomCompositeEgressRequest(stream_outputs=[stream]))
    assert found.info.room_composite.stream_outputs[0].urls == [f"rtmp://127.0.0.1/app/{hidden}"]
