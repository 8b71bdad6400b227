"""The states of what comes into a room: ingresses and telephone calls."""

from dataclasses import replace
from datetime import datetime
from typing import ClassVar, Final, Literal

from bot.alerts.state_base import OfRoom, State, Watched
from providers.base import AudioReceived, Call, CallStatus, Ingress, IngressStatus, RoomRef, VideoReceived

_WOBBLE: Final = 0.25
"""What is received varies by so much all the time; a card is not edited for that."""


class IngressState(Watched):
    """It may begin, stop and fail again and again. `live_at` and `failed_at` are when it last did, by its server."""

    _BENEATH: ClassVar[dict[str, object]] = Watched._BENEATH | {"live_at": None, "failed_at": None}

    kind: Literal["ingress"] = "ingress"
    ingress: Ingress
    live_at: datetime | None = None
    failed_at: datetime | None = None

    @property
    def room(self) -> RoomRef:
        return self.ingress.room

    @property
    def status(self) -> IngressStatus:
        return self.ingress.status

    @property
    def since(self) -> datetime:
        """When its server last wrote of it, so that what was odd is forgotten once it does again."""
        return self.ingress.written_at or self.seen_at

    @property
    def has_failed_last(self) -> bool:
        """It has not been live since it failed, whatever it does now."""
        return self.failed_at is not None and (self.live_at is None or self.live_at < self.failed_at)

    def looks_like(self, other: State) -> bool:
        if not isinstance(other, IngressState) or self.condition is not other.condition:
            return False
        mine, theirs = self.ingress, other.ingress
        steady = replace(
            theirs,
            updated_at=mine.updated_at,
            video=mine.video if _is_alike(mine.video, theirs.video) else theirs.video,
            audio=mine.audio if _is_alike(mine.audio, theirs.audio) else theirs.audio,
        )
        unlooked = self.model_copy(update={"look": None})
        return Watched.looks_like(unlooked, other.model_copy(update={"ingress": steady, "look": None}))


class CallState(OfRoom):
    kind: Literal["call"] = "call"
    call: Call

    @property
    def room(self) -> RoomRef:
        return self.call.room

    @property
    def status(self) -> CallStatus:
        return self.call.status


def _is_alike(one: VideoReceived | AudioReceived | None, other: VideoReceived | AudioReceived | None) -> bool:
    match one, other:
        case VideoReceived(), VideoReceived():
            is_near = _is_near(one.bitrate, other.bitrate) and _is_near(one.frame_rate, other.frame_rate)
            return is_near and replace(one, bitrate=other.bitrate, frame_rate=other.frame_rate) == other
        case AudioReceived(), AudioReceived():
            return _is_near(one.bitrate, other.bitrate) and replace(one, bitrate=other.bitrate) == other
    return one == other


def _is_near(one: float, other: float) -> bool:
    return abs(one - other) <= _WOBBLE * max(one, other)
