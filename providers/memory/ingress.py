"""What comes into the rooms of the in-memory server from encoders and addresses.

WAITING ──> BUFFERING ──> LIVE ──> WAITING, or COMPLETE for what is fetched
                FAILED from any of them, and from there as from WAITING

Who asks is answered; what happens by itself is told.
"""

from collections.abc import Callable
from dataclasses import fields, replace
from datetime import UTC, datetime
from secrets import choice
from typing import Final
from urllib.parse import urlsplit

from pydantic import SecretStr

from providers.addresses import shown_text
from providers.base import (
    AudioReceived,
    CreatedIngress,
    Ingress,
    IngressChanges,
    IngressInput,
    IngressOptions,
    IngressRef,
    IngressStatus,
    IngressTrouble,
    Limits,
    ParticipantKind,
    RoomRef,
    TrackSource,
    VideoReceived,
)
from providers.errors import Conflict, NotFound, NoWorker
from providers.facts import Fact, IngressChanged
from providers.memory import ingress_rules
from providers.memory.egresses import DEAD
from providers.memory.ingress_record import AAC, H264, Record
from providers.memory.lives import new_id
from providers.memory.people import People
from providers.memory.settings import MemorySettings
from providers.memory.tracks import Tracks

_OF_KEYS: Final = "23456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
"""Of LiveKit's, so that a key is known as one here, too (livekit/protocol, utils/guid/id.go)."""


class Incoming(People, Tracks):
    """An encoder's is made of itself; one that is fetched needs a worker, and goes live by itself."""

    def __init__(self, name: str, settings: MemorySettings, limits: Limits, tell: Callable[[Fact], None]) -> None:
        super().__init__(name, settings, limits, tell)
        self._ingresses: dict[str, Record] = {}

    def create_ingress(self, options: IngressOptions) -> CreatedIngress:
        self._require_fit(ingress_rules.problem(options, self._limits))
        ref = IngressRef(self.name, new_id("IN"))
        if not options.input.is_fetched:
            key, address = _new_key(), _address(self.name, options.input)
            return CreatedIngress(self._write(Record(ref, options, address, key)).ingress, key)
        if not self.has_workers:
            raise NoWorker("no worker runs", provider=self.name)
        return CreatedIngress(self._buffer(Record(ref, options, "", None), H264, AAC).ingress, None)

    def list_ingresses(self, room: RoomRef | None = None, *, id: str | None = None) -> list[Ingress]:
        """Newest first."""
        records = [r for r in reversed(self._ingresses.values()) if room is None or r.options.room == room.name]
        return [record.ingress for record in records if id in (None, record.ref.id)]

    def update_ingress(self, ingress_id: str, changes: IngressChanges) -> Ingress:
        """Whoever sends is cut off, as on LiveKit, and may come back; a failure is forgotten."""
        record = self._changeable(ingress_id)
        changed = {each.name: value for each in fields(changes) if (value := getattr(changes, each.name)) is not None}
        self._require_fit("no text of an ingress can be emptied" if "" in changed.values() else None)
        options = replace(record.options, **changed)
        self._require_fit(ingress_rules.problem(options, self._limits))
        if record.is_in_session:
            record = self._end(record, IngressStatus.WAITING)
        elif record.status is IngressStatus.FAILED:
            record = self._change(record.anew)
        room_id = record.room_id if options.room == record.options.room else ""
        return self._write(replace(record, options=options, room_id=room_id)).ingress

    def delete_ingress(self, ingress_id: str) -> Ingress:
        record = self._ingress(ingress_id)
        del self._ingresses[ingress_id]
        self._changes.cancel(ingress_id)
        if record.is_in_session:
            self._take_out(record.room, record.options.identity)
        return replace(record.ingress, status=IngressStatus.DELETED)

    def copy_ingress(self, ingress_id: str) -> CreatedIngress:
        return self.create_ingress(self._changeable(ingress_id).options)

    def key_of(self, ingress_id: str) -> str:
        """`Conflict` for one that is fetched."""
        if (key := self._ingress(ingress_id).key) is None:
            raise Conflict(f"{ingress_id} is fetched", provider=self.name)
        return key.get_secret_value()

    def send_into(self, key: str, video: VideoReceived | None = H264, audio: AudioReceived | None = AAC) -> Ingress:
        """An encoder connects. `NotFound` for a key of none, `Conflict` where it is not let in, which shows there."""
        record = self._of_key(key)
        if record.is_in_session:
            raise Conflict("somebody sends by this key", provider=self.name)
        if not record.options.is_enabled:
            self._change(replace(record.anew, trouble=IngressTrouble.DISABLED))
            raise Conflict("it is disabled", provider=self.name)
        if not record.options.room:
            problem, trouble = "no room name", IngressTrouble.NO_ROOM
            self._change(replace(record.anew, status=IngressStatus.FAILED, error=problem, trouble=trouble))
            raise Conflict(problem, provider=self.name)
        return self._buffer(record, video, audio).ingress

    def stop_sending(self, ingress_id: str) -> Ingress:
        """The encoder goes."""
        return self._end(self._in_session(ingress_id), IngressStatus.WAITING).ingress

    def finish_ingress(self, ingress_id: str) -> Ingress:
        """What is fetched is at its end."""
        return self._end(self._in_session(ingress_id), IngressStatus.COMPLETE).ingress

    def fail_ingress(self, ingress_id: str, reason: str, trouble: IngressTrouble | None = None) -> Ingress:
        """What comes cannot be used; the encoder may come back."""
        return self._end(self._in_session(ingress_id), IngressStatus.FAILED, shown_text(reason), trouble).ingress

    def abandon_ingress(self, ingress_id: str) -> Ingress:
        """Its worker dies: what is listed of it stays as it is until somebody sends again, and nobody tells."""
        record = replace(self._in_session(ingress_id), is_abandoned=True)
        self._ingresses[ingress_id] = record
        self._changes.cancel(ingress_id)
        self._take_out(record.room, record.options.identity)
        return record.ingress

    def _departed(self, room: RoomRef, identity: str) -> None:
        super()._departed(room, identity)
        for record in [r for r in self._ingresses.values() if r.room == room and r.options.identity == identity]:
            if record.is_in_session:
                is_fetched = record.options.input.is_fetched
                self._end(record, IngressStatus.COMPLETE if is_fetched else IngressStatus.WAITING)

    def _buffer(self, record: Record, video: VideoReceived | None, audio: AudioReceived | None) -> Record:
        self._soon(record.ref.id, lambda: self._go_live(record.ref.id, video, audio))
        return self._change(replace(record.anew, status=IngressStatus.BUFFERING, started_at=datetime.now(UTC)))

    def _go_live(self, ingress_id: str, video: VideoReceived | None, audio: AudioReceived | None) -> None:
        record = self._ingress(ingress_id)
        try:
            room = self._enter(record.options, video, audio)
        except Conflict as error:
            trouble = IngressTrouble.NOT_FETCHED if _is_dead(record.options) else None
            self._end(record, IngressStatus.FAILED, error.detail, trouble)
        else:
            self._change(replace(record, status=IngressStatus.LIVE, room_id=room.id, video=video, audio=audio))

    def _enter(self, options: IngressOptions, video: VideoReceived | None, audio: AudioReceived | None) -> RoomRef:
        """Be in the room and send. `Conflict` where it is full, or the address to fetch from is dead."""
        if _is_dead(options):
            raise Conflict("connection refused", provider=self.name)
        room, who = options.room, options.identity
        self.join(room, who, name=options.participant_name, kind=ParticipantKind.INGRESS, metadata=options.metadata)
        if video is not None:
            self.publish(room, who, options.video_source or TrackSource.CAMERA)
        if audio is not None:
            self.publish(room, who, options.audio_source or TrackSource.MICROPHONE)
        return self._live(room).ref

    def _end(
        self,
        record: Record,
        status: IngressStatus,
        error: str | None = None,
        trouble: IngressTrouble | None = None,
    ) -> Record:
        self._changes.cancel(record.ref.id)
        now = datetime.now(UTC)
        over = replace(record, status=status, error=error, trouble=trouble, ended_at=now)
        ended = replace(over, room_id="", video=None, audio=None)
        self._change(ended)
        self._take_out(record.room, record.options.identity)
        return ended

    def _ingress(self, ingress_id: str) -> Record:
        try:
            return self._ingresses[ingress_id]
        except KeyError:
            raise NotFound(f"there is no {ingress_id}", provider=self.name) from None

    def _of_key(self, key: str) -> Record:
        """The key is not repeated."""
        for record in self._ingresses.values():
            if record.key is not None and record.key.get_secret_value() == key:
                return record
        raise NotFound("there is no ingress of this key", provider=self.name)

    def _changeable(self, ingress_id: str) -> Record:
        record = self._ingress(ingress_id)
        if record.options.input.is_fetched:
            raise Conflict("what is fetched cannot be changed", provider=self.name)
        return record

    def _in_session(self, ingress_id: str) -> Record:
        record = self._ingress(ingress_id)
        if not record.is_in_session:
            raise Conflict(f"nothing comes: it is {record.status}", provider=self.name)
        return record

    def _write(self, record: Record) -> Record:
        record = self._ingresses[record.ref.id] = replace(record, updated_at=datetime.now(UTC))
        return record

    def _change(self, record: Record) -> Record:
        """It comes to another status, which is told."""
        record = self._write(record)
        self._tell(IngressChanged(**self._origin(), ingress=record.ingress))
        return record


def _new_key() -> SecretStr:
    return SecretStr("".join(choice(_OF_KEYS) for _ in range(12)))


def _address(name: str, input: IngressInput) -> str:
    """Where an encoder would send; nobody listens there. Over RTMP and WHIP the key follows after a slash."""
    return f"rtmp://{name}.example/live" if input is IngressInput.RTMP else f"https://{name}.example/whip"


def _is_dead(options: IngressOptions) -> bool:
    url = "" if options.url is None else options.url.get_secret_value()
    return (urlsplit(url).hostname or "").endswith(DEAD)
