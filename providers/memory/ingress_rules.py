"""What the in-memory server lets nobody create, and why: the rules of LiveKit's ingress, as far as they are common."""

from collections.abc import Iterator
from urllib.parse import urlsplit

from providers.base import IngressInput, IngressOptions, Limits, TrackSource

SCHEMES = ("http", "https", "srt")
PRESETS = (
    "h264-720p-30fps-3-layers",
    "h264-1080p-30fps-3-layers",
    "h264-540p-25fps-2-layers",
    "h264-720p-30fps-1-layer",
    "h264-1080p-30fps-1-layer",
)
AUDIO_PRESETS = ("opus-stereo-96kbps", "opus-mono-64kbs")
ALWAYS_TRANSCODED = (IngressInput.RTMP, IngressInput.URL)

_VIDEO_SOURCES = (None, TrackSource.UNKNOWN, TrackSource.CAMERA, TrackSource.SCREEN_SHARE)
_AUDIO_SOURCES = (None, TrackSource.UNKNOWN, TrackSource.MICROPHONE, TrackSource.SCREEN_SHARE_AUDIO)


def problem(options: IngressOptions, limits: Limits) -> str | None:
    """No address is quoted: it may hold a password."""
    for found in (_of_names(options, limits), _of_address(options, limits), _of_encoding(options, limits)):
        for said in found:
            return said
    return None


def is_transcoded(input: IngressInput, asked: bool | None) -> bool:
    """What comes of it where nobody says."""
    return input in ALWAYS_TRANSCODED if asked is None else asked


def _of_names(options: IngressOptions, limits: Limits) -> Iterator[str]:
    """An encoder's may be without a room until one is set."""
    problems = (
        limits.identity_problem(options.identity),
        limits.room_name_problem(options.room) if options.room or options.input.is_fetched else None,
        limits.display_name_problem(options.participant_name),
        limits.metadata_problem(options.metadata),
    )
    yield from filter(None, problems)


def _of_address(options: IngressOptions, limits: Limits) -> Iterator[str]:
    if options.input is IngressInput.UNKNOWN:
        yield "media come by RTMP, by WHIP, or from an address"
    if not options.input.is_fetched:
        if options.url is not None:
            yield "an encoder sends to the server's own address"
        return
    url = "" if options.url is None else options.url.get_secret_value()
    if not _can_be_fetched(url, limits):
        yield f"what is fetched has an address that begins with one of {', '.join(limits.ingress_schemes)}"
    if not options.is_enabled:
        yield "what is fetched is fetched at once"


def _of_encoding(options: IngressOptions, limits: Limits) -> Iterator[str]:
    is_encoded = is_transcoded(options.input, options.is_transcoded)
    if not is_encoded and options.input in limits.always_transcoded:
        yield f"what comes by {options.input} is always transcoded"
    if not is_encoded and (options.preset or options.audio_preset):
        yield "a preset needs transcoding"
    if options.preset is not None and options.preset not in limits.ingress_presets:
        yield f"there is no preset {options.preset}"
    if options.audio_preset is not None and options.audio_preset not in limits.ingress_audio_presets:
        yield f"there is no preset of sound {options.audio_preset}"
    if options.video_source not in _VIDEO_SOURCES or options.audio_source not in _AUDIO_SOURCES:
        yield "video is a camera's or a screen's, and audio a microphone's or a screen's"


def _can_be_fetched(url: str, limits: Limits) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in limits.ingress_schemes and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a host or a port that is none
        return False
