"""What is odd about a recording or a stream that goes on, as far as it can be seen from outside. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from bot.alerts.state import Outgoing, RecordingState, RoomState
from providers.base import (
    EgressKind,
    EgressSource,
    Participant,
    ParticipantKind,
    Recording,
    RecordingStatus,
    Stream,
    TrackSource,
)
from providers.facts import Condition

PATIENCE: Final[Mapping[Condition, timedelta]] = {
    Condition.NO_PUBLISHER: timedelta(seconds=15),
    Condition.NO_START_SIGNAL: timedelta(seconds=30),
    Condition.ROOM_OVER: timedelta(minutes=1),
    Condition.UNATTENDED: timedelta(minutes=2),
    Condition.LEFT_BEHIND: timedelta(minutes=2),
    Condition.SLOW_END: timedelta(minutes=1),
}
"""How long it may be so before that is odd. A recorder begins some seconds after it has joined (LiveKit's waits up to
5 s for a picture), and what it has recorded is stored after it has ended."""

_WORTH_IT: Final = (ParticipantKind.PERSON, ParticipantKind.PHONE, ParticipantKind.INGRESS, ParticipantKind.BRIDGE)
"""For whom a room is recorded. A camera is, with nobody around."""

_SCREEN: Final = (TrackSource.SCREEN_SHARE, TrackSource.SCREEN_SHARE_AUDIO)

_STARTING, _LIVE, _ENDING = RecordingStatus.STARTING, RecordingStatus.LIVE, RecordingStatus.ENDING
"""Streams have statuses of the same names."""


@dataclass(frozen=True, slots=True)
class Sight:
    """What is seen around a recording or a stream at `at`.

    `room` is what we know of its room, None where that is nothing; `is_listed`: whether the server lists the room, None
    where it lists none. `participants` are those in it as the server has them, None where it was not asked or cannot
    tell. `updated_at` is when the server last wrote anything of the thing down, None where it does not say.
    """

    at: datetime
    room: RoomState | None = None
    is_listed: bool | None = None
    participants: Sequence[Participant] | None = None
    updated_at: datetime | None = None


def condition(state: Outgoing, seen: Sight) -> Condition | None:
    """What is odd about it. Of what is taken from a web page, it is only seen that it ends slowly."""
    if state.is_over:
        return None
    if state.condition is Condition.LEFT_BEHIND and not _is_at_work(state, seen):
        return Condition.LEFT_BEHIND
    if state.status == _ENDING:
        return _where_it_lasts(Condition.SLOW_END, state.since, seen)
    if not state.room.id:
        return None
    if (over_since := _over_since(state, seen)) is not None:
        return _where_it_lasts(Condition.ROOM_OVER, over_since, seen)
    if seen.participants is None:
        return None
    return (_not_begun if state.status == _STARTING else _left_alone)(state, seen, seen.participants)


def depends_on_who_is_there(state: Outgoing, seen: Sight, *, is_recorded: bool | None) -> bool:
    """Whether who is in its room decides what is to be thought of it: not while it has just begun, nor while people and
    its recorder are there by all that we know. `is_recorded` is the server's word for the room, None where recorders
    are not judged by that.
    """
    if state.is_over or not state.room.id or _over_since(state, seen) is not None:
        return False
    if state.status == _STARTING:
        return seen.at - state.since >= PATIENCE[Condition.NO_PUBLISHER]
    if state.status != _LIVE or seen.at - state.since < PATIENCE[Condition.LEFT_BEHIND]:
        return False
    known = seen.room.present.values() if seen.room is not None else ()
    has_recorder = is_recorded and any(_is_its_recorder(state, each.participant) for each in known)
    return _is_deserted(state, seen) or (is_recorded is not None and not has_recorder)


def is_missing_its_recorder(state: Outgoing, seen: Sight) -> bool:
    """It goes on, and the recorder is not in the room: in LiveKit's it has the egress's id for its identity."""
    if state.status != _LIVE or seen.participants is None:
        return False
    return not any(_is_its_recorder(state, who) for who in seen.participants)


def _is_at_work(state: Outgoing, seen: Sight) -> bool:
    """Whether what was found left behind was not. Where its status has changed since, nobody asks."""
    if any(_is_its_recorder(state, who) for who in seen.participants or ()):
        return True
    found_at = state.condition_at
    return seen.updated_at is not None and found_at is not None and seen.updated_at > found_at


def _is_its_recorder(state: Outgoing, who: Participant) -> bool:
    return who.kind is ParticipantKind.EGRESS and who.identity == _feed(state).ref.id


def _feed(state: Outgoing) -> Recording | Stream:
    return state.recording if isinstance(state, RecordingState) else state.stream


def _over_since(state: Outgoing, seen: Sight) -> datetime | None:
    """Since when its room is over, by our clock; None where it is not. One of which nothing is known is over where the
    server does not list it: whatever was listed once is known."""
    room = seen.room
    if room is None:
        return state.since if seen.is_listed is False else None
    if not room.is_over:
        return None
    return max(state.since, *(at for at in (room.observed_at, room.lost_at) if at is not None))


def _not_begun(state: Outgoing, seen: Sight, participants: Sequence[Participant]) -> Condition | None:
    is_sent = _is_sent(_feed(state).source, [who for who in participants if who.kind is not ParticipantKind.EGRESS])
    why = Condition.NO_START_SIGNAL if is_sent else Condition.NO_PUBLISHER
    return _where_it_lasts(why, state.since, seen)


def _is_sent(source: EgressSource, participants: Sequence[Participant]) -> bool:
    """Whether there is what it is of: of a room anything, of a participant the screen or all but that."""
    match source.kind:
        case EgressKind.PARTICIPANT:
            own = [track for who in participants if who.identity == source.identity for track in who.tracks]
            return any((track.source in _SCREEN) is source.screen_share for track in own)
        case EgressKind.TRACKS | EgressKind.TRACK:
            sent = {track.id for who in participants for track in who.tracks}
            return {source.video_track, source.audio_track} - {""} <= sent
        case _:
            return any(who.tracks for who in participants)


def _left_alone(state: Outgoing, seen: Sight, participants: Sequence[Participant]) -> Condition | None:
    if is_missing_its_recorder(state, seen) and seen.updated_at is not None:
        behind = _where_it_lasts(Condition.LEFT_BEHIND, max(state.since, seen.updated_at), seen)
        if behind is not None:
            return behind
    is_needed = any(who.kind in _WORTH_IT for who in participants)
    return Condition.UNATTENDED if _is_deserted(state, seen) and not is_needed else None


def _is_deserted(state: Outgoing, seen: Sight) -> bool:
    """By what we know nobody has been in the room for long. When the last ones left is kept as long as that matters."""
    if seen.room is None or seen.room.people:
        return False
    empty_since = max([state.since, *seen.room.left.values(), *seen.room.listed])
    return seen.at - empty_since >= PATIENCE[Condition.UNATTENDED]


def _where_it_lasts(what: Condition, since: datetime, seen: Sight) -> Condition | None:
    return what if seen.at - since >= PATIENCE[what] else None
