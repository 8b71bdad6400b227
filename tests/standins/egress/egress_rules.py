"""What LiveKit's egress service refuses: its rules and its words, by livekit/egress (pkg/config)."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from livekit.protocol import egress as pb

from tests.standins.egress.egress_info import Outputs, Request, add_results, redact, with_storage, without_key
from tests.standins.psrpc import RpcError, decode, text

_KINDS: Final[Mapping[int, tuple[str, type[Request]]]] = {
    5: ("room_composite", pb.RoomCompositeEgressRequest),
    6: ("track_composite", pb.TrackCompositeEgressRequest),
    7: ("track", pb.TrackEgressRequest),
    11: ("web", pb.WebEgressRequest),
    13: ("participant", pb.ParticipantEgressRequest),
    16: ("egress", pb.StartEgressRequest),
}
"""The requests that `rpc.StartEgressRequest` may hold, by field number. `EgressInfo` calls them the same."""

_PROTOCOLS: Final = {
    "rtmp": pb.StreamProtocol.RTMP,
    "rtmps": pb.StreamProtocol.RTMP,
    "mux": pb.StreamProtocol.RTMP,
    "twitch": pb.StreamProtocol.RTMP,
    "srt": pb.StreamProtocol.SRT,
    "ws": pb.StreamProtocol.WEBSOCKET,
    "wss": pb.StreamProtocol.WEBSOCKET,
}
_SHORTHANDS: Final = {
    "mux": "rtmps://global-live.mux.com:443/app/",
    "twitch": "rtmps://ingest.global-contribute.live-video.net:443/app/",
}
"""The real service asks Twitch which address that is."""

_RTMP_FORMAT: Final = "rtmp urls must be of format rtmp(s)://{host}(/{path})/{app}/{stream_key}( live=1)"


@dataclass(frozen=True)
class Accepted:
    """A start that was found right.

    Attributes:
        kind: what `EgressInfo` calls the request, such as `room_composite`; `egress` is the unified one.
        request: as it came, secrets and all.
        protocol: of its streams.
        info: what others are told of it.
    """

    kind: str
    request: Request
    outputs: Outputs
    protocol: pb.StreamProtocol
    info: pb.EgressInfo

    @property
    def is_template(self) -> bool:
        """A page in a browser that says itself when there is something to see."""
        match self.request:
            case pb.RoomCompositeEgressRequest():
                return True
            case pb.StartEgressRequest():
                return self.request.HasField("template")
            case _:
                return False


def accept(raw: bytes) -> Accepted:
    """Read and check an `rpc.StartEgressRequest`. Raises `RpcError`."""
    envelope = decode(raw)
    found = next((number for number in _KINDS if number in envelope), None)
    if found is None:
        raise _invalid("request")
    kind, message = _KINDS[found]
    body = envelope[found]
    assert isinstance(body, bytes)
    request, redacted = message.FromString(body), message.FromString(body)
    outputs = _outputs(request)
    video = _check_source(request)
    protocol = _check_outputs(outputs, video)
    if protocol == pb.StreamProtocol.WEBSOCKET and video and not isinstance(request, pb.StartEgressRequest):
        raise _invalid("video of a websocket stream")  # the unified request silently leaves its picture out
    redact(redacted)
    room = "" if isinstance(request, pb.WebEgressRequest) else request.room_name
    info = pb.EgressInfo(egress_id=text(envelope, 1), room_id=text(envelope, 3), room_name=room)
    getattr(info, kind).CopyFrom(redacted)
    add_results(info, request, outputs, video)
    return Accepted(kind, request, outputs, protocol, info)


def stream_url(url: str, protocol: pb.StreamProtocol) -> tuple[str, str]:
    """The address in full, and as others are told. Raises `RpcError`, whose text has the URL as it came."""
    parts = urlsplit(url)
    if _PROTOCOLS.get(parts.scheme) != protocol:
        raise _bad_url(url, "invalid scheme")
    full = _SHORTHANDS[parts.scheme] + parts.netloc if parts.scheme in _SHORTHANDS else url
    if protocol != pb.StreamProtocol.RTMP:
        return full, full
    hidden = without_key(full)
    if hidden is None:
        raise _bad_url(url, _RTMP_FORMAT)
    return full, hidden


def _check_source(request: Request) -> bool:
    """Whether there is a picture."""
    if not isinstance(request, pb.TrackEgressRequest) and request.HasField("advanced"):
        _check_encoding(request.advanced)
    match request:
        case pb.WebEgressRequest():
            return _check_page(request)
        case pb.StartEgressRequest() if request.HasField("web"):
            return _check_page(request.web)
    _need(request.room_name, "room_name")
    match request:
        case pb.RoomCompositeEgressRequest():
            return _has_picture(request)
        case pb.ParticipantEgressRequest():
            _need(request.identity, "identity")
            return True
        case pb.TrackCompositeEgressRequest():
            _need(request.audio_track_id or request.video_track_id, "audio_track_id or video_track_id")
            return bool(request.video_track_id)
        case pb.TrackEgressRequest():
            _need(request.track_id, "track_id")
            return False
        case pb.StartEgressRequest():
            return _check_unified(request)


def _check_unified(request: pb.StartEgressRequest) -> bool:
    match request.WhichOneof("source"):
        case "template":
            return _has_picture(request.template)
        case "media":
            _need(request.media.WhichOneof("video") or request.media.HasField("audio"), "audio and video")
            return request.media.WhichOneof("video") is not None
        case _:
            raise _invalid("source")


def _check_page(source: pb.WebEgressRequest | pb.WebSource) -> bool:
    _need(urlsplit(source.url).scheme in ("http", "https"), "web url")
    return _has_picture(source)


def _has_picture(
    source: pb.RoomCompositeEgressRequest | pb.TemplateSource | pb.WebEgressRequest | pb.WebSource,
) -> bool:
    _need(not (source.audio_only and source.video_only), "audio_only and video_only")
    return not source.audio_only


def _check_encoding(options: pb.EncodingOptions) -> None:
    for name, value in (("width", options.width), ("height", options.height)):
        _need(not value or (value >= 16 and value % 2 == 0), name)
    _need(options.depth in (0, 8, 16, 24), "depth")


def _check_outputs(outputs: Outputs, video: bool) -> pb.StreamProtocol:
    """Returns the protocol of the streams."""
    _need(len(outputs.files) < 2, "multiple file outputs")
    _need(len(outputs.streams) < 2, "multiple stream outputs")
    _need(len(outputs.segments) < 2, "multiple segmented file outputs")
    _need(outputs.streams or not outputs.streams_only, "output")
    _need(video or not outputs.images, "audio_only images")
    for segments in outputs.segments:
        _check_playlists(segments)
    if not outputs.streams:
        return pb.StreamProtocol.DEFAULT_PROTOCOL
    (stream,) = outputs.streams
    protocol = _protocol(stream)
    _need(stream.urls or not outputs.streams_only, "stream url")
    for url in stream.urls:
        stream_url(url, protocol)
    return protocol


def _check_playlists(segments: pb.SegmentedFileOutput) -> None:
    folder, name = posixpath.split(segments.live_playlist_name)
    if name:
        of_other, other = posixpath.split(segments.playlist_name)
        _need(folder in ("", of_other), "live_playlist_name must be in same directory as playlist_name")
        same = posixpath.splitext(name)[0] == posixpath.splitext(other)[0]
        _need(not same, "live_playlist_name cannot be identical to playlist_name")


def _protocol(stream: pb.StreamOutput) -> pb.StreamProtocol:
    if stream.protocol != pb.StreamProtocol.DEFAULT_PROTOCOL:
        return stream.protocol
    _need(stream.urls, "stream protocol")
    protocol = _PROTOCOLS.get(urlsplit(stream.urls[0]).scheme)
    if protocol is None:
        raise _bad_url(stream.urls[0], "invalid protocol")
    return protocol


def _outputs(request: Request) -> Outputs:
    match request:
        case pb.StartEgressRequest():
            return _outputs_of_unified(request)
        case pb.TrackEgressRequest():
            return _outputs_of_track(request)
    found = Outputs(
        list(request.file_outputs),
        list(request.stream_outputs),
        list(request.segment_outputs),
        list(request.image_outputs),
    )
    if isinstance(request, pb.ParticipantEgressRequest):
        return found
    match request.WhichOneof("output"):  # the deprecated single one
        case "file" if not found.files:
            found.files.append(request.file)
        case "stream" if not found.streams:
            found.streams.append(request.stream)
        case "segments" if not found.segments:
            found.segments.append(request.segments)
    return found


def _outputs_of_track(request: pb.TrackEgressRequest) -> Outputs:
    match request.WhichOneof("output"):
        case "file":
            file = pb.EncodedFileOutput(filepath=request.file.filepath, disable_manifest=request.file.disable_manifest)
            return Outputs(files=[with_storage(file, request.file)])
        case "websocket_url":
            websocket = pb.StreamProtocol.WEBSOCKET
            return Outputs(streams=[pb.StreamOutput(protocol=websocket, urls=[request.websocket_url])])
        case _:
            return Outputs()


def _outputs_of_unified(request: pb.StartEgressRequest) -> Outputs:
    """An output's own storage comes before the request's."""
    found = Outputs()
    for output in request.outputs:
        storage = output.storage if output.HasField("storage") else request.storage
        match output.WhichOneof("config"):
            case "file":
                file, given = pb.EncodedFileOutput(), output.file
                file.file_type, file.filepath, file.disable_manifest = (
                    given.file_type,
                    given.filepath,
                    given.disable_manifest,
                )
                found.files.append(with_storage(file, storage))
            case "stream":
                found.streams.append(output.stream)
            case "segments":
                found.segments.append(with_storage(output.segments, storage))
            case "images":
                found.images.append(with_storage(output.images, storage))
            case _:
                raise _invalid("output config")
    return found


def _need(right: object, name: str) -> None:
    if not right:
        raise _invalid(name)


def _invalid(name: str) -> RpcError:
    return RpcError("invalid_argument", f"request has missing or invalid field: {name}")


def _bad_url(url: str, reason: str) -> RpcError:
    return RpcError("invalid_argument", f"invalid url {url}: {reason}")
