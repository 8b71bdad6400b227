"""What LiveKit's egress can do with which options, said before the call: its own refusal comes late and is terse, and
without a worker that is free it does not come at all."""

from collections.abc import Iterator
from itertools import product
from typing import Final
from urllib.parse import urlsplit

from livekit.api import EncodingOptionsPreset, StreamProtocol

from providers.base import EgressKind, EgressOptions, EgressSource, FileFormat, RoomRef

LAYOUTS: Final = tuple(
    layout + shade for layout, shade in product(("grid", "speaker", "single-speaker"), ("", "-light", "-dark"))
)
"""Those of the template that egress comes with. It takes any other too, and shows `grid`."""

PRESETS: Final = {
    name.lower().replace("_", "-"): number
    for name, number in EncodingOptionsPreset.items()
    if "H264" in name  # `PASSTHROUGH` is younger than the released egress
}

PROTOCOLS: Final = {
    "rtmp": StreamProtocol.RTMP,
    "rtmps": StreamProtocol.RTMP,
    "mux": StreamProtocol.RTMP,
    "twitch": StreamProtocol.RTMP,
    "srt": StreamProtocol.SRT,
    "ws": StreamProtocol.WEBSOCKET,
    "wss": StreamProtocol.WEBSOCKET,
}
"""By an address' scheme. `mux://KEY` and `twitch://KEY` are LiveKit's own shorthands."""

FORMATS: Final = tuple(each.value for each in FileFormat)


def problem(room: RoomRef | None, options: EgressOptions) -> str | None:
    """The first thing that cannot be, in a sentence; None where all is well."""
    return next(_problems(room, options), None)


def protocol(url: str) -> StreamProtocol | None:
    """None for an address of a kind that LiveKit does not stream to."""
    return PROTOCOLS.get(_scheme(url))


def urls_problem(urls: list[str]) -> str | None:
    """Of the addresses that one egress is to go to. None of them is told: they hold keys."""
    protocols = {protocol(url) for url in urls}
    if None in protocols:
        return f"A stream can go to addresses that begin with {', '.join(f'{each}://' for each in PROTOCOLS)}."
    if len(protocols) > 1:
        return "All destinations of one stream are of one kind: RTMP, SRT or websockets."
    return None


def has_picture(source: EgressSource) -> bool:
    match source.kind:
        case EgressKind.TRACKS | EgressKind.TRACK:
            return bool(source.video_track)
        case EgressKind.PARTICIPANT:
            return True
        case EgressKind.ROOM | EgressKind.WEB:
            return not source.audio_only


def _problems(room: RoomRef | None, options: EgressOptions) -> Iterator[str]:
    source, urls = options.source, [url.get_secret_value() for url in options.urls]
    yield from _source_problems(room, source)
    if source.audio_only and source.video_only:
        yield "Only the sound and only the picture together leave nothing."
    if options.preset is not None and options.preset not in PRESETS:
        yield f"There is no preset {options.preset!r}."
    if options.preset is not None and options.encoding is not None:
        yield "A preset and numbers of an encoding exclude each other."
    if wrong := urls_problem(urls):
        yield wrong
    if source.kind is EgressKind.TRACK:
        yield from _track_problems(options)
    if has_picture(source) and any(protocol(url) is StreamProtocol.WEBSOCKET for url in urls):
        yield "Websockets take sound alone."
    if options.images is not None and not has_picture(source):
        yield "There are no images of sound alone."


def _source_problems(room: RoomRef | None, source: EgressSource) -> Iterator[str]:
    if source.has_room and room is None:
        yield "This is taken from a room, so a room is needed."
    if not source.has_room and room is not None:
        yield "A web page is in no room."
    match source.kind:
        case EgressKind.WEB if _scheme(source.url) not in ("http", "https"):
            yield "A web page has an address that begins with http:// or https://."
        case EgressKind.PARTICIPANT if not source.identity:
            yield "The participant's identity is needed."
        case EgressKind.TRACKS if not (source.audio_track or source.video_track):
            yield "A video track, an audio track or both are needed."
        case EgressKind.TRACK if bool(source.audio_track) is bool(source.video_track):
            yield "One track is needed."


def _track_problems(options: EgressOptions) -> Iterator[str]:
    """It is written, or sent, as its publisher encodes it."""
    written = options.file is not None and options.file.format is not None
    if written or options.segments or options.images or options.preset is not None or options.encoding:
        yield "A single track is taken as it is: it has no format, preset, encoding, segments or images of our choice."
    if len(options.urls) + (options.file is not None) > 1:
        yield "A single track goes to one place: a file, or a websocket."
    if any(protocol(url.get_secret_value()) is not StreamProtocol.WEBSOCKET for url in options.urls):
        yield "A single track can be sent to a websocket only."


def _scheme(url: str) -> str:
    try:
        return urlsplit(url).scheme
    except ValueError:  # brackets that are no address
        return ""
