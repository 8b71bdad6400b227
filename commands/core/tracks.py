"""What people send, in words, and from words to their tracks."""

from collections.abc import Sequence

from commands.core.reply import Moment, Text
from commands.core.words import in_a_row, shortened
from providers.base import Participant, Track, TrackKind, TrackSource

_SOURCES = {
    TrackSource.CAMERA: "camera",
    TrackSource.MICROPHONE: "microphone",
    TrackSource.SCREEN_SHARE: "screen share",
    TrackSource.SCREEN_SHARE_AUDIO: "screen share sound",
}
_KINDS = {TrackKind.AUDIO: "sound", TrackKind.VIDEO: "picture", TrackKind.DATA: "data"}
_LONGEST_NAME = 40


def chosen_kinds(*, audio: bool, video: bool) -> tuple[TrackKind, ...]:
    """What is meant by `--audio` and `--video`: the sound where nothing is said."""
    if audio and video:
        return TrackKind.AUDIO, TrackKind.VIDEO
    return (TrackKind.VIDEO,) if video else (TrackKind.AUDIO,)


def spoken_kinds(kinds: Sequence[TrackKind], between: str) -> str:
    """`sound or picture`."""
    return between.join(_KINDS[kind] for kind in kinds)


def spoken(track: Track) -> str:
    """`camera`; what comes from elsewhere goes by its kind and name."""
    if known := _SOURCES.get(track.source):
        return known
    return f"{_KINDS[track.kind]} “{shortened(track.name, _LONGEST_NAME)}”" if track.name else _KINDS[track.kind]


def spoken_all(tracks: Sequence[Track]) -> str:
    return ", ".join(spoken(track) for track in tracks)


def sending(participant: Participant) -> str:
    """`microphone, camera (muted)`; empty where they send nothing, or the server does not tell what."""
    return ", ".join(f"{spoken(track)} (muted)" if track.muted else spoken(track) for track in participant.tracks)


def sends(participant: Participant) -> str:
    """One sentence for the end of a refusal."""
    return f"They send {sending(participant)}." if participant.tracks else "They send nothing."


def particulars(track: Track) -> Text:
    """Everything about a track but what it is and whose."""
    since: Text = ("since ", Moment(track.published_at)) if track.published_at else ""
    size = f"{track.width}×{track.height}" if track.width and track.height else ""
    encrypted = "encrypted end to end" if track.encrypted else ""
    return in_a_row("muted" if track.muted else "", track.codec, size, since, encrypted)


def matching(tracks: Sequence[Track], word: str) -> list[Track]:
    """Those that `word` names: by id, by source (`camera`, `screen-share`), or by name in any case.

    An id is unique, so it comes first.
    """
    if exact := [track for track in tracks if track.id == word]:
        return exact
    lower = word.casefold()
    source = lower.replace("-", "_").replace(" ", "_")
    by_source = [t for t in tracks if source == t.source.value or lower == _SOURCES.get(t.source)]
    return by_source or [track for track in tracks if track.name and track.name.casefold() == lower]
