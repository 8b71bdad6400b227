"""The in-memory video server: rooms with their lives, people who come and go, recordings.

Synchronous; what it does by itself (close an empty room, bring a recording on) it does by timers in the running loop.
Where it is cheap it behaves as a LiveKit server does: a room is keyed by its name and each life has an id of its own,
creating a live room returns it unchanged, joining makes the room, a second join of an identity throws out the first.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex, token_urlsafe

from pydantic import SecretStr

from providers.base import (
    CreatedRoom,
    Grant,
    Limits,
    Participant,
    Recording,
    RecordingOptions,
    Room,
    RoomOptions,
    RoomRef,
)
from providers.errors import Conflict, NotFound, ProviderError, Rejected
from providers.facts import (
    Fact,
    Origin,
    ParticipantJoined,
    ParticipantLeft,
    RecordingChanged,
    RoomFinished,
    RoomStarted,
    Source,
)
from providers.memory import tokens
from providers.memory.recorder import Recorder
from providers.memory.settings import MemorySettings
from providers.memory.timers import Timers


@dataclass
class _Life:
    """One life of a room. `listeners` are the identities whose token lets them watch only."""

    ref: RoomRef
    options: RoomOptions
    created_at: datetime
    participants: dict[str, Participant] = field(default_factory=dict)
    listeners: set[str] = field(default_factory=set)

    @property
    def people(self) -> int:
        return sum(p.is_person for p in self.participants.values())


class MemoryServer:
    """Tells every change to `tell`, at once and in order; whoever carries it further does so later.

    Attributes:
        faults: operation (`"close_room"`; `"*"` for every one) to the error that calls of it meet. The error comes
            before anything is done.
        delay_seconds: how long each call waits for its answer; beyond the provider's deadline it is `TimedOut`.
    """

    def __init__(self, name: str, settings: MemorySettings, limits: Limits, tell: Callable[[Fact], None]) -> None:
        self.name = name
        self.token_secret = SecretStr(token_urlsafe(32))
        self.faults: dict[str, type[ProviderError]] = {}
        self.delay_seconds = 0.0
        self._settings = settings
        self._limits = limits
        self._tell = tell
        self._lives: dict[str, _Life] = {}
        self._timers = Timers()
        self._recorder = Recorder(name, settings.recording_delay_seconds, self._recording_changed)

    def ping(self) -> None:
        """It is there as long as the process is."""

    def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        if life := self._lives.get(name):
            return CreatedRoom(self._room(life), existed=True)
        if problem := self._limits.room_name_problem(name):
            raise Rejected(problem, provider=self.name)
        life = _Life(RoomRef(self.name, f"RM_{token_hex(6)}", name), options, datetime.now(UTC))
        self._lives[name] = life
        self._tell(RoomStarted(**self._origin(), room=life.ref))
        self._close_later(life, options.empty_timeout, self._settings.empty_timeout_seconds)
        if options.record:
            self._recorder.start(life.ref, RecordingOptions())
        return CreatedRoom(self._room(life), existed=False)

    def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        return [self._room(life) for name, life in self._lives.items() if not names or name in names]

    def close_room(self, room: RoomRef) -> None:
        life = self._this_life(room)
        self._timers.cancel(room.id)
        for identity in list(life.participants):
            self._remove(life, identity, "room closed")
        del self._lives[room.name]
        self._recorder.room_closed(life.ref)
        self._tell(RoomFinished(**self._origin(), room=life.ref))

    def list_participants(self, room: RoomRef) -> list[Participant]:
        return list(self._this_life(room).participants.values())

    def join_with(self, token: SecretStr) -> Participant:
        """Admit whoever holds this token. `Unauthenticated` when it does not verify, `Conflict` when it is full."""
        claims = tokens.verify(self.token_secret, self.name, token)
        return self.join(claims.room, claims.sub, name=claims.name, may_publish=claims.grant is not Grant.SUBSCRIBER)

    def join(
        self, room_name: str, identity: str, *, name: str = "", is_person: bool = True, may_publish: bool = True
    ) -> Participant:
        """Let somebody in, making the room if it is not live. `Conflict` when it is full."""
        if problem := self._limits.identity_problem(identity):
            raise Rejected(problem, provider=self.name)
        if room_name not in self._lives:
            self.create_room(room_name, RoomOptions())
        life = self._lives[room_name]
        if identity in life.participants:
            self._remove(life, identity, "duplicate identity")
        if is_person and life.options.max_participants is not None and life.people >= life.options.max_participants:
            raise Conflict("the room is full", provider=self.name)
        participant = Participant(f"PA_{token_hex(6)}", identity, name, datetime.now(UTC), is_person=is_person)
        life.participants[identity] = participant
        if not may_publish:
            life.listeners.add(identity)
        if is_person:
            self._timers.cancel(life.ref.id)
        self._tell(ParticipantJoined(**self._origin(), room=life.ref, participant=participant))
        return participant

    def leave(self, room_name: str, identity: str, reason: str = "") -> None:
        """Let somebody go; with a `reason` it was not of their own accord. The last person starts the clock."""
        life = self._live(room_name)
        left = self._remove(life, identity, reason)
        if left.is_person and life.people == 0:
            self._close_later(life, life.options.departure_timeout, self._settings.departure_timeout_seconds)

    def publish(self, room_name: str, identity: str, *, is_publishing: bool = True) -> Participant:
        """Let somebody begin or stop sending. `Conflict` where the token lets them watch only."""
        life = self._live(room_name)
        participant = self._participant(life, identity)
        if is_publishing and identity in life.listeners:
            raise Conflict(f"{identity} may watch only", provider=self.name)
        life.participants[identity] = replace(participant, is_publisher=is_publishing)
        return life.participants[identity]

    def start_recording(self, room: RoomRef, options: RecordingOptions) -> Recording:
        if options.layout is not None and options.layout not in self._limits.layouts:
            raise Rejected(f"there is no layout {options.layout}", provider=self.name)
        return self._recorder.start(self._this_life(room).ref, options)

    def stop_recording(self, recording_id: str) -> Recording:
        return self._recorder.stop(recording_id)

    def finish_recording(self, recording_id: str) -> Recording:
        """End it of the server's own accord: ready at once."""
        return self._recorder.finish(recording_id)

    def fail_recording(self, recording_id: str, reason: str) -> Recording:
        return self._recorder.fail(recording_id, reason)

    def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        return self._recorder.list(room)

    async def settled(self) -> None:
        """Return when no recording is on its way from one status to the next."""
        await self._recorder.timers.idle()

    def stop(self) -> None:
        """Do nothing more by itself."""
        self._timers.cancel_all()
        self._recorder.timers.cancel_all()

    def _room(self, life: _Life) -> Room:
        return Room(
            life.ref,
            life.created_at,
            life.people,
            life.options.max_participants,
            life.options.metadata or "",
            self._recorder.is_recording(life.ref),
        )

    def _live(self, room_name: str) -> _Life:
        try:
            return self._lives[room_name]
        except KeyError:
            raise NotFound(f"no live room {room_name}", provider=self.name) from None

    def _this_life(self, room: RoomRef) -> _Life:
        life = self._live(room.name)
        if life.ref.id != room.id:
            raise NotFound(f"{room.id} is over; {life.ref.id} is live", provider=self.name)
        return life

    def _participant(self, life: _Life, identity: str) -> Participant:
        try:
            return life.participants[identity]
        except KeyError:
            raise NotFound(f"no participant {identity}", provider=self.name) from None

    def _remove(self, life: _Life, identity: str, reason: str) -> Participant:
        participant = self._participant(life, identity)
        del life.participants[identity]
        life.listeners.discard(identity)
        self._tell(ParticipantLeft(**self._origin(), room=life.ref, participant=participant, reason=reason))
        return participant

    def _close_later(self, life: _Life, asked: timedelta | None, default_seconds: float) -> None:
        delay_seconds = default_seconds if asked is None else asked.total_seconds()
        self._timers.start(life.ref.id, delay_seconds, lambda: self.close_room(life.ref))

    def _recording_changed(self, recording: Recording) -> None:
        self._tell(RecordingChanged(**self._origin(), recording=recording))

    def _origin(self) -> Origin:
        now = datetime.now(UTC)
        return Origin(provider=self.name, key=f"EV_{token_hex(8)}", at=now, seen_at=now, source=Source.WEBHOOK)
