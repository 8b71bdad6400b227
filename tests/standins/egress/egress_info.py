"""What LiveKit's egress service tells of an egress: its request without secrets, names of files, places of uploads.

Redaction follows livekit/protocol (egress/redact.go, utils/redact.go) with its gaps: what is left in clear there is
left in clear here, and that is SRT and websocket URLs, `mux://` and `twitch://` in the request, the storage of an
output list with two entries or more, and proxies.
"""

import posixpath
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Final, TypeVar

from google.protobuf.message import Message
from livekit.protocol import egress as pb

Request = (
    pb.RoomCompositeEgressRequest
    | pb.TrackCompositeEgressRequest
    | pb.TrackEgressRequest
    | pb.WebEgressRequest
    | pb.ParticipantEgressRequest
    | pb.StartEgressRequest
)

M = TypeVar("M", bound=Message)

_STORAGES: Final[Mapping[str, Mapping[str, str]]] = {
    "s3": {"access_key": "access_key", "secret": "secret", "assume_role_external_id": "external_id"},
    "gcp": {"credentials": "credentials"},
    "azure": {"account_name": "account_name", "account_key": "account_key"},
    "aliOSS": {"access_key": "access_key", "secret": "secret"},
}
"""The secret fields, and the word that stands for each."""

_RTMP: Final = re.compile(r"(rtmps?://)(.*/)(.*/)(\S*)( live=1)?")

_EXTENSIONS: Final = {
    pb.EncodedFileType.MP4: ".mp4",
    pb.EncodedFileType.OGG: ".ogg",
    pb.EncodedFileType.MP3: ".mp3",
}
_KNOWN_EXTENSIONS: Final = (*_EXTENSIONS.values(), ".webm", ".ivf", ".ts", ".m3u8", ".jpeg")


@dataclass
class Outputs:
    """The outputs of any kind of request, in the classic form. A single track's file is an encoded one here."""

    files: list[pb.EncodedFileOutput] = field(default_factory=list)
    streams: list[pb.StreamOutput] = field(default_factory=list)
    segments: list[pb.SegmentedFileOutput] = field(default_factory=list)
    images: list[pb.ImageOutput] = field(default_factory=list)

    @property
    def streams_only(self) -> bool:
        return not (self.files or self.segments or self.images)


def with_storage(output: M, storage: Message) -> M:
    """A copy of an output which is stored where `storage` says, a storage configuration or another output."""
    copy = type(output)()
    copy.CopyFrom(output)
    if kind := _storage(storage):
        getattr(copy, kind).CopyFrom(getattr(storage, kind))
    return copy


def location(output: Message, name: str) -> str:
    """The address that a file gets by its storage, or its path where the worker keeps it."""
    match _storage(output):
        case "s3":
            return f"https://{_of(output, 's3.bucket')}.s3.amazonaws.com/{name}"
        case "gcp":
            return f"https://{_of(output, 'gcp.bucket')}.storage.googleapis.com/{name}"
        case "azure":
            account = _of(output, "azure.account_name")
            return f"https://{account}.blob.core.windows.net/{_of(output, 'azure.container_name')}/{name}"
        case "aliOSS":
            return f"https://{_of(output, 'aliOSS.bucket')}.{_of(output, 'aliOSS.endpoint')}/{name}"
        case _:
            return name


def redact(request: Request) -> None:
    """Hide the secrets of a request in place, as far as the real service does."""
    if isinstance(request, pb.StartEgressRequest):
        _redact_storage(request.storage)
        for output in request.outputs:
            _redact_storage(output.storage)
            _redact_keys(output.stream)
        return
    lists = ("file_outputs", "segment_outputs", "image_outputs", "stream_outputs")
    for name in lists:
        outputs: Sequence[Message] = getattr(request, name, [])
        if len(outputs) == 1:
            _redact_output(outputs[0])
    for name in ("file", "segments", "stream"):
        if name in request.DESCRIPTOR.fields_by_name and request.HasField(name):
            _redact_output(getattr(request, name))


def without_key(url: str) -> str | None:
    """An RTMP URL with most of its key hidden, None where it is none."""
    parts = _RTMP.fullmatch(url)
    if parts is None:
        return None
    key = parts[4]
    shown = next((count for count in (3, 2, 1) if len(key) >= count * 3), 0)
    hidden = f"{{{key[:shown]}...{key[len(key) - shown :]}}}"
    return "".join([parts[1], parts[2], parts[3], hidden, parts[5] or ""])


def add_results(info: pb.EgressInfo, request: Request, outputs: Outputs, video: bool) -> None:
    """One result for each file, playlist and series of images, with its name."""
    names = _placeholders(info, request)
    stem = f"{info.room_name or 'web'}-{names['{time}']}"
    for file in outputs.files:
        extension = _EXTENSIONS.get(file.file_type, ".mp4" if video else ".ogg")
        info.file_results.add(filename=_with_extension(_filled(file.filepath, names), stem, extension))
    for segments in outputs.segments:
        info.segment_results.add(**_playlists(segments, names, stem))
    for images in outputs.images:
        prefix = _filled(images.filename_prefix, names)
        info.image_results.add(
            filename_prefix=prefix + stem if prefix in ("", posixpath.dirname(prefix) + "/") else prefix
        )


def _storage(holder: Message) -> str | None:
    known = holder.DESCRIPTOR.fields_by_name
    return next((kind for kind in _STORAGES if kind in known and holder.HasField(kind)), None)


def _of(holder: Message, path: str) -> str:
    kind, name = path.split(".")
    return str(getattr(getattr(holder, kind), name))


def _redact_output(output: Message) -> None:
    if isinstance(output, pb.StreamOutput):
        _redact_keys(output)
    else:
        _redact_storage(output)


def _redact_storage(holder: Message) -> None:
    kind = _storage(holder)
    if kind is None:
        return
    upload = getattr(holder, kind)
    for name, word in _STORAGES[kind].items():
        if getattr(upload, name):
            setattr(upload, name, f"{{{word}}}")
    if kind == "s3":  # the real service looks at the external id here, so that a lone session token goes altogether
        upload.session_token = "{session_token}" if upload.assume_role_external_id else ""


def _redact_keys(stream: pb.StreamOutput) -> None:
    stream.urls[:] = [without_key(url) or url for url in stream.urls]


def _placeholders(info: pb.EgressInfo, request: Request) -> dict[str, str]:
    """What a file's name may hold. What only the media would tell stays as it was typed."""
    now = datetime.now(UTC)
    names = {
        "{time}": now.strftime("%Y-%m-%dT%H%M%S"),
        "{utc}": now.strftime("%Y%m%d%H%M%S") + f"{now.microsecond // 1000:03}",
        "{room_name}": info.room_name,
        "{room_id}": info.room_id,
        "{retry}": str(info.retry_count),
        "{publisher_identity}": getattr(request, "identity", ""),
        "{track_id}": getattr(request, "track_id", ""),
    }
    return {placeholder: value for placeholder, value in names.items() if value}


def _filled(template: str, names: Mapping[str, str]) -> str:
    """The path within its storage: there is no way out of it by `../`."""
    path = template
    for placeholder, value in names.items():
        path = path.replace(placeholder, value)
    folder = "/" if path.endswith("/") else ""
    path = posixpath.normpath(path) if path else ""
    while path.startswith("../"):
        path = path.removeprefix("../")
    return "" if path in ("", ".", "..") else path + folder


def _with_extension(path: str, stem: str, extension: str) -> str:
    if path == "" or path.endswith("/"):
        return path + stem + extension
    base, known = posixpath.splitext(path)
    return (base if known in _KNOWN_EXTENSIONS else path) + extension


def _playlists(segments: pb.SegmentedFileOutput, names: Mapping[str, str], stem: str) -> dict[str, str]:
    """The names of the playlists; without one of its own a playlist is called as its segments are."""
    playlist, live, prefix = (
        _filled(each, names) for each in (segments.playlist_name, segments.live_playlist_name, segments.filename_prefix)
    )
    folder, name = posixpath.split(playlist)
    prefix_folder, prefix_name = posixpath.split(prefix)
    whole = posixpath.join(folder or prefix_folder, (posixpath.splitext(name)[0] or prefix_name or stem) + ".m3u8")
    found = {"playlist_name": whole}
    if live:
        found["live_playlist_name"] = posixpath.join(
            posixpath.dirname(whole), posixpath.splitext(posixpath.basename(live))[0] + ".m3u8"
        )
    return found
