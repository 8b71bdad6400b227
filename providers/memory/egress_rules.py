"""What the in-memory server refuses to begin, and why: the rules of LiveKit's egress, as far as they are common."""

from collections.abc import Collection, Iterator
from urllib.parse import urlsplit

from pydantic import SecretStr

from providers.addresses import shown_address
from providers.base import EgressKind, EgressOptions, EgressSource, FileFormat, Limits, TrackKind
from providers.errors import Rejected
from providers.memory.lives import Life

SMALLEST_SIDE = 16
"""Pixels of a picture's width or height, both of which are even."""


def problem(options: EgressOptions, limits: Limits) -> str | None:
    """What is wrong with it, whatever goes on in the room."""
    for found in (_of_source(options.source, limits), _of_outputs(options, limits), _of_encoding(options, limits)):
        for said in found:
            return said
    return urls_problem(options.urls, limits)


def urls_problem(urls: Collection[SecretStr], limits: Limits) -> str | None:
    """No URL is quoted whole: it holds a key."""
    protocols = set()
    for url in (url.get_secret_value() for url in urls):
        if said := _url_problem(url, limits):
            return f"{said}: {shown_address(url) or 'no address'}"
        protocols.add(_protocol(url))
    return "all addresses of a stream have one protocol" if len(protocols) > 1 else None


def require_source(life: Life, source: EgressSource) -> None:
    """`NotFound` where the participant or the track is not in the room, `Rejected` for a track of the other kind."""
    if source.kind is EgressKind.PARTICIPANT:
        life.member(source.identity)
    for track_id, kind in ((source.video_track, TrackKind.VIDEO), (source.audio_track, TrackKind.AUDIO)):
        if track_id and life.track(life.publisher(track_id), track_id).kind is not kind:
            raise Rejected(f"{track_id} is no {kind} track", provider=life.ref.provider)


def has_source(life: Life, source: EgressSource) -> bool:
    """Whether there is anything left of what is taken."""
    if source.kind is EgressKind.PARTICIPANT:
        return source.identity in life.members
    if wanted := {source.video_track, source.audio_track} - {""}:
        return any(track.id in wanted for member in life.members.values() for track in member.participant.tracks)
    return True


def _of_source(source: EgressSource, limits: Limits) -> Iterator[str]:
    tracks = [track for track in (source.video_track, source.audio_track) if track]
    if source.layout is not None and source.layout not in limits.layouts:
        yield f"there is no layout {source.layout}"
    if source.audio_only and source.video_only:
        yield "audio only and video only leave nothing"
    if source.kind is EgressKind.WEB and not source.url.startswith(("http://", "https://")):
        yield "a web page begins with http:// or https://"
    if source.kind is EgressKind.TRACKS and not tracks:
        yield "no track is named"
    if source.kind is EgressKind.TRACK and len(tracks) != 1:
        yield "one track is to be named"


def _of_outputs(options: EgressOptions, limits: Limits) -> Iterator[str]:
    is_sound = options.source.audio_only or bool(options.source.audio_track and not options.source.video_track)
    if options.source.kind is EgressKind.TRACK and (options.urls or options.segments or options.images):
        yield "a single track goes to a file"
    if options.file and options.file.format is FileFormat.MP3 and not is_sound:
        yield "mp3 holds no picture"
    if options.images and is_sound:
        yield "there are no images of sound"
    if options.output is not None and options.output not in [output.name for output in limits.outputs]:
        yield f"there is no output {options.output}"


def _of_encoding(options: EgressOptions, limits: Limits) -> Iterator[str]:
    if options.preset is not None and options.preset not in limits.presets:
        yield f"there is no preset {options.preset}"
    if (encoding := options.encoding) is None:
        return
    if options.preset is not None:
        yield "a preset excludes an encoding"
    for side in (encoding.width, encoding.height):
        if side is not None and (side < SMALLEST_SIDE or side % 2):
            yield f"{side} is no even number of {SMALLEST_SIDE} pixels or more"


def _url_problem(url: str, limits: Limits) -> str | None:
    try:
        parts = urlsplit(url)
        if parts.scheme not in limits.stream_schemes:
            return f"an address begins with one of {', '.join(limits.stream_schemes)}"
        if not parts.hostname or parts.port == 0:
            return "there is no host in the address"
    except ValueError:  # a host or a port that is none
        return "the address cannot be read"
    _, _, key = parts.path.strip("/").partition("/")
    return None if key or _protocol(url) != "rtmp" else "there is no stream key in the address"


def _protocol(url: str) -> str:
    return "rtmp" if url.startswith("rtmp") else url.partition("://")[0]
