"""Tracks with their senders, found by what people call them."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.core.context import Context
from commands.core.people import meant
from commands.core.reply import Code, Text
from commands.core.tokens import quote
from commands.core.tracks import matching
from commands.core.words import a_few
from providers.base import Participant, RoomRef, Track, TrackSource

_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class SentTrack:
    """A track with its sender."""

    track: Track
    by: Participant

    @property
    def called(self) -> str:
        """`bob/camera`: a way to type it, its id where nothing else tells it from others."""
        known = self.track.source is not TrackSource.UNKNOWN
        return f"{self.by.identity}/{self.track.source.value if known else self.track.name or self.track.id}"


def sent_by(present: Sequence[Participant]) -> list[SentTrack]:
    return [SentTrack(track, person) for person in present for track in person.tracks]


def called_like(present: Sequence[Participant], word: str, team_id: str) -> list[SentTrack]:
    """Those that `word` names: by id, else by source or name whoever sends it, else as `bob/camera`."""
    sent = sent_by(present)
    ids = {track.id for track in matching([s.track for s in sent], word)}
    return [s for s in sent if s.track.id in ids] or _by_sender(present, word, team_id)


def named(tracks: Sequence[SentTrack]) -> str:
    """A few of them."""
    return a_few([s.called for s in tracks], _MOST_NAMED)


def what_there_is(ctx: Context, room: RoomRef, there: Sequence[SentTrack], nothing: str) -> Text:
    """For the end of a refusal; `nothing` where there is none."""
    if not there:
        return nothing
    return ("There is ", named(there), "; see ", Code(f"{ctx.ports.slash} track list {quote(room.name)}"), ".")


def _by_sender(present: Sequence[Participant], word: str, team_id: str) -> list[SentTrack]:
    """What stands after the last slash is the track, as an identity may have slashes too."""
    who, _, what = word.rpartition("/")
    return [
        SentTrack(track, sender) for sender in meant(present, who, team_id) for track in matching(sender.tracks, what)
    ]
