"""What LiveKit's ingress can do with which options, said before the call: its own refusal is terse, and of an address
without a host there is none, but a worker that fails later."""

from collections.abc import Iterator
from typing import Final
from urllib.parse import urlsplit

from livekit.api import IngressAudioEncodingPreset, IngressVideoEncodingPreset

from providers.base import IngressChanges, IngressInput, IngressOptions, TrackSource

PRESETS: Final = {name.lower().replace("_", "-"): name for name, _ in IngressVideoEncodingPreset.items()}
AUDIO_PRESETS: Final = {name.lower().replace("_", "-"): name for name, _ in IngressAudioEncodingPreset.items()}
"""LiveKit's names by ours."""

SCHEMES: Final = ("http", "https", "srt")
"""Of what it fetches."""

ALWAYS_TRANSCODED: Final = (IngressInput.RTMP, IngressInput.URL)

_VIDEO_SOURCES: Final = (None, TrackSource.UNKNOWN, TrackSource.CAMERA, TrackSource.SCREEN_SHARE)
_AUDIO_SOURCES: Final = (None, TrackSource.UNKNOWN, TrackSource.MICROPHONE, TrackSource.SCREEN_SHARE_AUDIO)

_NEEDS_TRANSCODING: Final = "A preset says how to transcode, and what comes by WHIP is passed on unless that is on."


def problem(options: IngressOptions) -> str | None:
    """The first thing that cannot be, in a sentence; None where all is well."""
    return next(_problems(options), None)


def changes_problem(input: IngressInput, changes: IngressChanges, *, is_transcoded: bool) -> str | None:
    """`is_transcoded`: whether what comes is to be, once these changes are made."""
    return next(_changes_problems(input, changes, is_transcoded), None)


def is_transcoded(input: IngressInput, asked: bool | None) -> bool:
    """What LiveKit makes of it where nobody says."""
    return asked if asked is not None else input in ALWAYS_TRANSCODED


def _problems(options: IngressOptions) -> Iterator[str]:
    url = options.url.get_secret_value() if options.url is not None else ""
    if options.input is IngressInput.UNKNOWN:
        yield "Media come by RTMP, by WHIP, or from an address that is fetched."
    if options.input.is_fetched:
        yield from _fetched_problems(options, url)
    elif url:
        yield "An encoder sends to the server's own address; one that is fetched is for that alone."
    transcoded = is_transcoded(options.input, options.is_transcoded)
    yield from _encoding_problems(options.input, options.preset, options.audio_preset, is_transcoded=transcoded)
    if options.video_source not in _VIDEO_SOURCES:
        yield "The video of an ingress is a camera's or a screen's."
    if options.audio_source not in _AUDIO_SOURCES:
        yield "The audio of an ingress is a microphone's or a screen's."


def _fetched_problems(options: IngressOptions, url: str) -> Iterator[str]:
    if not _can_be_fetched(url):
        yield f"The server fetches from addresses that begin with {', '.join(f'{each}://' for each in SCHEMES)}."
    if not options.room:
        yield "What is fetched goes into a room from the beginning, so a room is needed."
    if not options.is_enabled:
        yield "What is fetched is fetched at once: it cannot wait disabled."


def _changes_problems(input: IngressInput, changes: IngressChanges, is_transcoded: bool) -> Iterator[str]:
    texts = (changes.room, changes.identity, changes.name, changes.participant_name, changes.metadata)
    if "" in texts:
        yield "A text of an ingress can be changed, and not emptied."
    yield from _encoding_problems(input, changes.preset, changes.audio_preset, is_transcoded=is_transcoded)


def _encoding_problems(
    input: IngressInput, preset: str | None, audio_preset: str | None, *, is_transcoded: bool
) -> Iterator[str]:
    if not is_transcoded and input in ALWAYS_TRANSCODED:
        yield "What comes by RTMP or is fetched is always transcoded; what comes by WHIP can be passed on as it is."
    if preset is not None and preset not in PRESETS:
        yield f"There is no preset {preset!r}."
    if audio_preset is not None and audio_preset not in AUDIO_PRESETS:
        yield f"There is no preset {audio_preset!r} of audio."
    if not is_transcoded and (preset is not None or audio_preset is not None):
        yield _NEEDS_TRANSCODING


def _can_be_fetched(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in SCHEMES and bool(parts.hostname) and parts.port != 0
    except ValueError:  # brackets or a port that are none
        return False
