"""The rooms of the in-memory server: their lives, who leaves them, and the clock of an empty one."""

from collections.abc import Callable, Collection
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex, token_urlsafe

from pydantic import SecretStr

from providers.base import (
    CreatedRoom,
    EgressKind,
    EgressOptions,
    EgressSource,
    FileOutput,
    Limits,
    Room,
    RoomOptions,
    RoomRef,
    Track,
)
from providers.errors import NotFound, Rejected
from providers.facts import (
    Fact,
    Origin,
    ParticipantLeft,
    RecordingChanged,
    RoomFinished,
    RoomStarted,
    Source,
    StreamChanged,
    TrackPublished,
    TrackUnpublished,
)
from providers.memory import egress_rules
from providers.memory.egress_record import Record
from providers.memory.egresses import Egresses
from providers.memory.lives import Life, Member, new_id
from providers.memory.settings import MemorySettings
from providers.memory.timers import Timers


class Rooms:
    """What the other subjects build on. `token_secret` signs the tokens that admit to the rooms.

    Attributes:
        has_workers: whether anybody is there to record, to stream and to fetch. Without, nothing can be started, and
            what goes on goes on.
    """

    def __init__(self, name: str, settings: MemorySettings, limits: Limits, tell: Callable[[Fact], None]) -> None:
        self.name = name
        self.token_secret = SecretStr(token_urlsafe(32))
        self._settings = settings
        self._limits = limits
        self._tell = tell
        self._lives: dict[str, Life] = {}
        self._timers = Timers()
        self._changes = Timers()
        self._egresses = Egresses(name, settings.recording_delay_seconds, self._egress_changed)
        self.has_workers = True

    def create_room(self, name: str, options: RoomOptions) -> CreatedRoom:
        if life := self._lives.get(name):
            return CreatedRoom(self._room(life), existed=True)
        metadata = options.metadata or ""
        asked = EgressOptions(source=EgressSource(layout=options.layout), file=FileOutput())
        self._require_fit(
            self._limits.room_name_problem(name)
            or self._limits.metadata_problem(metadata)
            or egress_rules.problem(asked, self._limits)
        )
        life = Life(RoomRef(self.name, new_id("RM"), name), options, datetime.now(UTC), metadata)
        self._lives[name] = life
        self._tell(RoomStarted(**self._origin(), room=life.ref))
        self._close_later(life, self._empty_timeout(life))
        if options.record and self.has_workers:
            self._begin(life, asked)
        return CreatedRoom(self._room(life), existed=False)

    def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        return [self._room(life) for name, life in self._lives.items() if not names or name in names]

    def update_room_metadata(self, room: RoomRef, metadata: str) -> Room:
        life = self._this_life(room)
        self._require_fit(self._limits.metadata_problem(metadata))
        life.metadata = metadata
        return self._room(life)

    def close_room(self, room: RoomRef) -> None:
        life = self._this_life(room)
        for identity in list(life.members):
            self._remove(life, identity, "room closed")
        self._timers.cancel(room.id)
        del self._lives[room.name]
        self._egresses.room_closed(life.ref)
        self._tell(RoomFinished(**self._origin(), room=life.ref))

    def _begin(self, life: Life | None, options: EgressOptions) -> Record:
        """An egress of what is live in the room, or of a web page, where there is no room."""
        kept_by = {output.name: output.place for output in self._limits.outputs}
        place = f"memory://{self.name}" if options.output is None else kept_by[options.output]
        if life is None:
            return self._egresses.start(None, options, place)
        is_whole = options.source.kind is EgressKind.ROOM
        waits = self._settings.recording_waits_for_publisher and is_whole and not life.is_sending
        return self._egresses.start(life.ref, options, place, waits=waits)

    def _room(self, life: Life) -> Room:
        return Room(
            ref=life.ref,
            created_at=life.created_at,
            participants=life.places_taken,
            max_participants=life.options.max_participants,
            metadata=life.metadata,
            recording=self._egresses.is_recording(life.ref),
            empty_timeout=self._empty_timeout(life),
            departure_timeout=self._departure_timeout(life),
        )

    def _live(self, room_name: str) -> Life:
        try:
            return self._lives[room_name]
        except KeyError:
            raise NotFound(f"no live room {room_name}", provider=self.name) from None

    def _this_life(self, room: RoomRef) -> Life:
        life = self._live(room.name)
        if life.ref.id != room.id:
            raise NotFound(f"{room.id} is over; {life.ref.id} is live", provider=self.name)
        return life

    def _require_fit(self, problem: str | None) -> None:
        if problem is not None:
            raise Rejected(problem, provider=self.name)

    def _remove(self, life: Life, identity: str, reason: str) -> None:
        """Somebody is gone, what they sent before them, and with them the copies of them in other rooms."""
        member = life.member(identity)
        participant = member.participant
        self._keep_tracks(life, member)
        del life.members[identity]
        self._egresses.look_at(life)
        self._tell(ParticipantLeft(**self._origin(), room=life.ref, participant=participant.brief(), reason=reason))
        for other in self._lives.values():
            for copy in [m for m in other.members.values() if m.forwarded_from == participant.id]:
                self._remove(other, copy.participant.identity, "")
        self._attend(life)
        self._departed(life.ref, identity)

    def _departed(self, room: RoomRef, identity: str) -> None:
        """Somebody has left a room. Subjects whose things are participants override this."""

    def _take_out(self, room: RoomRef, identity: str, reason: str = "") -> None:
        """Somebody leaves, if they and their room are still there."""
        life = self._lives.get(room.name)
        if life is not None and life.ref == room and identity in life.members:
            self._remove(life, identity, reason)

    def _soon(self, key: str, change: Callable[[], object]) -> None:
        """What goes on by itself, after as long as a recording takes to go live."""
        self._changes.start(key, self._settings.recording_delay_seconds, change)

    def _keep_tracks(self, life: Life, member: Member, *tracks: Track) -> None:
        """These are what somebody publishes from here on. What ends is told before what begins."""
        before, who = member.participant.tracks, member.participant.brief()
        ids = {track.id for track in tracks}
        member.participant = replace(member.participant, tracks=tracks, is_publisher=bool(tracks))
        for track in before:
            if track.id not in ids:
                self._tell(TrackUnpublished(**self._origin(), room=life.ref, participant=who, track=track))
        known = {track.id for track in before}
        for track in tracks:
            if track.id not in known:
                self._tell(TrackPublished(**self._origin(), room=life.ref, participant=who, track=track))
        self._egresses.look_at(life)

    def _attend(self, life: Life) -> None:
        """Whoever takes a place stops the clock; the last of them starts it. Recorders and agents do neither."""
        if life.places_taken:
            self._timers.cancel(life.ref.id)
        elif life.was_attended:
            self._close_later(life, self._departure_timeout(life))
        life.was_attended = life.places_taken > 0

    def _close_later(self, life: Life, delay: timedelta) -> None:
        self._timers.start(life.ref.id, delay.total_seconds(), lambda: self.close_room(life.ref))

    def _empty_timeout(self, life: Life) -> timedelta:
        asked = life.options.empty_timeout
        return timedelta(seconds=self._settings.empty_timeout_seconds) if asked is None else asked

    def _departure_timeout(self, life: Life) -> timedelta:
        asked = life.options.departure_timeout
        return timedelta(seconds=self._settings.departure_timeout_seconds) if asked is None else asked

    def _egress_changed(self, record: Record) -> None:
        if recording := record.recording:
            self._tell(RecordingChanged(**self._origin(), recording=recording))
        if stream := record.stream:
            self._tell(StreamChanged(**self._origin(), stream=stream))

    def _origin(self) -> Origin:
        now = datetime.now(UTC)
        return Origin(provider=self.name, key=f"EV_{token_hex(8)}", at=now, seen_at=now, source=Source.WEBHOOK)
