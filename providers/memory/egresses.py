"""The egresses of the in-memory server. They go live, and later become complete, by themselves after a short while.

STARTING ──> ACTIVE ──> ENDING ──> COMPLETE
    └──> ABORTED (stopped too soon)     FAILED from any that is not final
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from secrets import token_hex
from urllib.parse import urlsplit

from pydantic import SecretStr

from providers.addresses import shown_text
from providers.base import (
    Destination,
    DestinationStatus,
    EgressKind,
    EgressOptions,
    EgressRef,
    EgressTrouble,
    RecordingStatus,
    RoomRef,
)
from providers.errors import Conflict, LeftBehind, NotFound, Rejected
from providers.memory.egress_record import Record, State, destination, destination_id
from providers.memory.egress_rules import has_source
from providers.memory.lives import Life
from providers.memory.timers import Timers

DEAD = ".invalid"
"""A host whose name ends so refuses every connection. RFC 6761 keeps such names from being anybody's."""


class Egresses:
    """`tell` is called with every new state of one. What a method takes as `id` may be unknown: `NotFound`."""

    def __init__(self, provider: str, delay_seconds: float, tell: Callable[[Record], None]) -> None:
        self._provider = provider
        self._delay_seconds = delay_seconds
        self._tell = tell
        self._records: dict[str, Record] = {}
        self.timers = Timers()

    def start(self, room: RoomRef | None, options: EgressOptions, place: str, *, waits: bool = False) -> Record:
        """One that waits goes on when somebody in the room sends."""
        ref = EgressRef(self._provider, f"EG_{token_hex(6)}")
        destinations = tuple(destination(url) for url in options.urls)
        room = room or RoomRef(self._provider, "", "")
        record = self._keep(Record(ref, room, options, place, destinations=destinations, waits=waits))
        if not waits:
            self._soon(ref.id, self._go_live)
        return record

    def stop(self, id: str) -> Record:
        """`Conflict` when it is ending or has ended already, `LeftBehind` when its worker is gone."""
        return self._begin_to_end(self._going_on(id))

    def finish(self, id: str, *, trouble: EgressTrouble | None = None, is_backup: bool = False) -> Record:
        """Complete it at once."""
        record = self._unfinished(id)
        return self._end(record, State.COMPLETE, trouble=trouble or record.trouble, is_backup=is_backup)

    def fail(self, id: str, reason: str, trouble: EgressTrouble | None = None) -> Record:
        """Let it fail at once."""
        return self._end(self._unfinished(id), State.FAILED, error=reason, trouble=trouble)

    def upload(self, id: str) -> Record:
        """All is recorded, and is being stored: so it stays until it is made to finish or fail."""
        record = self._unfinished(id)
        self._let_go(id)
        return self._keep(replace(record, state=State.ENDING, is_uploading=True))

    def abandon(self, id: str) -> Record:
        """Its worker dies: what is known of it stays as it is, and nobody tells."""
        record = self._unfinished(id)
        self._let_go(id)
        abandoned = self._records[id] = replace(record, is_abandoned=True)
        return abandoned

    def update_layout(self, id: str, layout: str) -> Record:
        record = self._going_on(id)
        if record.options.source.kind is not EgressKind.ROOM:
            raise Conflict("only a whole room has a layout", provider=self._provider)
        source = replace(record.options.source, layout=layout)
        return self._keep(replace(record, options=replace(record.options, source=source)))

    def update_destinations(self, id: str, add: Collection[SecretStr], remove: Collection[SecretStr]) -> Record:
        """All of it or, where one cannot be, none. One that goes nowhere any more, and writes nothing, ends."""
        record = self._going_on(id)
        going = {each.id for each in record.going}
        leaving, coming = {destination_id(url) for url in remove}, [destination(url) for url in add]
        if not record.destinations:
            raise Rejected("it was begun without addresses", provider=self._provider)
        if leaving - going:
            raise NotFound("it does not go to one of these addresses", provider=self._provider)
        if any(each.id in going - leaving for each in coming):
            raise Rejected("it goes to one of these addresses already", provider=self._provider)
        new = {each.id for each in coming}
        staying = [_over(each) if each.id in leaving else each for each in record.destinations if each.id not in new]
        record = self._keep(replace(record, destinations=(*staying, *coming)))
        if not record.going and not record.options.writes:
            return self._begin_to_end(record)
        if coming and record.state is State.ACTIVE:
            self.timers.start(_connecting(id), self._delay_seconds, lambda: self._connect(self.get(id)))
        return record

    def fail_destination(self, id: str, destination_id: str, reason: str) -> Record:
        """With the last one, where nothing is written, it fails itself."""
        record = self._unfinished(id)
        lost, why = self._destination(record, destination_id), shown_text(reason)
        return self._sent_to(record, [_failed(each, why) if each is lost else each for each in record.destinations])

    def reconnect_destination(self, id: str, destination_id: str) -> Record:
        """The connection broke, and is there again."""
        record = self._unfinished(id)
        before = self._destination(record, destination_id)
        again = replace(before, retries=before.retries + 1, retried_at=datetime.now(UTC))
        return self._sent_to(record, [again if each is before else each for each in record.destinations])

    def room_closed(self, room: RoomRef) -> None:
        for record in self._of(room):
            self._begin_to_end(record)

    def look_at(self, life: Life) -> None:
        """Somebody left, or began or ceased to send: what waited for that goes on, and what was of them ends."""
        for record in self._of(life.ref):
            if not has_source(life, record.options.source):
                self._begin_to_end(record, EgressTrouble.SOURCE_GONE)
            elif record.waits and life.is_sending:
                self._records[record.ref.id] = replace(record, waits=False)
                self._soon(record.ref.id, self._go_live)

    def get(self, id: str) -> Record:
        try:
            return self._records[id]
        except KeyError:
            raise NotFound(f"there is no {id}", provider=self._provider) from None

    def listed(self, room: RoomRef | None = None) -> list[Record]:
        """Newest first. A room without an id is meant by its name, whatever its life."""
        found = [*reversed(self._records.values())]
        if room is None:
            return found
        return [r for r in found if (r.room == room if room.id else r.room.name == room.name)]

    def is_recording(self, room: RoomRef) -> bool:
        recordings = (record.recording for record in self.listed(room))
        return any(r is not None and r.status is RecordingStatus.LIVE for r in recordings)

    def _of(self, room: RoomRef) -> list[Record]:
        """Those of the room that go on and can be made to end."""
        return [r for r in self.listed(room) if r.state in (State.STARTING, State.ACTIVE) and not r.is_abandoned]

    def _unfinished(self, id: str) -> Record:
        record = self.get(id)
        if record.state.is_final:
            raise Conflict(f"it is {record.state}", provider=self._provider)
        if record.is_abandoned:
            raise LeftBehind(f"it is {record.state}, and its worker is gone", provider=self._provider)
        return record

    def _going_on(self, id: str) -> Record:
        record = self._unfinished(id)
        if record.state is State.ENDING:
            raise Conflict(f"it is {record.state}", provider=self._provider)
        return record

    def _destination(self, record: Record, id: str) -> Destination:
        for each in record.going:
            if each.id == id:
                return each
        raise NotFound(f"it does not go to {id}", provider=self._provider)

    def _go_live(self, id: str) -> None:
        self._connect(replace(self.get(id), state=State.ACTIVE, started_at=datetime.now(UTC)))

    def _connect(self, record: Record) -> Record:
        """Each destination that it was on its way to is reached, or cannot be."""
        return self._sent_to(record, [_arrived(each) for each in record.destinations])

    def _sent_to(self, record: Record, destinations: Iterable[Destination]) -> Record:
        """One that goes nowhere any more, and writes nothing, has failed."""
        record = replace(record, destinations=tuple(destinations))
        if record.going or record.options.writes:
            return self._keep(record)
        return self._end(record, State.FAILED, error=next((d.error for d in record.destinations if d.error), None))

    def _begin_to_end(self, record: Record, trouble: EgressTrouble | None = None) -> Record:
        if record.state is State.STARTING and record.waits:
            return self._end(record, State.ABORTED, error="nothing to show came", trouble=EgressTrouble.NO_START_SIGNAL)
        if record.state is State.STARTING:
            trouble = trouble or EgressTrouble.STOPPED_TOO_SOON
            return self._end(record, State.ABORTED, error="stopped before it began", trouble=trouble)
        self._let_go(record.ref.id)
        self._soon(record.ref.id, self.finish)
        return self._keep(replace(record, state=State.ENDING, trouble=trouble))

    def _end(
        self,
        record: Record,
        state: State,
        *,
        error: str | None = None,
        trouble: EgressTrouble | None = None,
        is_backup: bool = False,
    ) -> Record:
        self._let_go(record.ref.id)
        return self._keep(
            replace(
                record,
                state=state,
                ended_at=datetime.now(UTC),
                destinations=tuple(_over(each) if each in record.going else each for each in record.destinations),
                error=error,
                trouble=trouble,
                is_uploading=False,
                is_backup=is_backup,
            )
        )

    def _soon(self, id: str, change: Callable[[str], object]) -> None:
        self.timers.start(id, self._delay_seconds, lambda: change(id))

    def _let_go(self, id: str) -> None:
        """What it was about to do by itself it does not."""
        self.timers.cancel(id)
        self.timers.cancel(_connecting(id))

    def _keep(self, record: Record) -> Record:
        record = self._records[record.ref.id] = replace(record, updated_at=datetime.now(UTC))
        self._tell(record)
        return record


def _connecting(id: str) -> str:
    """The key of the timer by which destinations are reached that were added later."""
    return f"{id} connecting"


def _arrived(destination: Destination) -> Destination:
    if destination.status is not DestinationStatus.CONNECTING:
        return destination
    if (urlsplit(destination.address).hostname or "").endswith(DEAD):
        return _failed(destination, "connection refused")
    return replace(destination, status=DestinationStatus.LIVE, started_at=datetime.now(UTC))


def _failed(destination: Destination, reason: str) -> Destination:
    return replace(destination, status=DestinationStatus.FAILED, ended_at=datetime.now(UTC), error=reason)


def _over(destination: Destination) -> Destination:
    return replace(destination, status=DestinationStatus.ENDED, ended_at=datetime.now(UTC))
