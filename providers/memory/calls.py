"""Telephone calls into the rooms of the in-memory server and out of them. Each is a participant from its beginning.

DIALING ──> RINGING ──> ACTIVE ──> ENDED
    └─────────┴──> FAILED (declined)
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from secrets import token_hex

from pydantic import SecretStr

from providers.base import (
    Call,
    CallRef,
    CallStatus,
    DialOptions,
    Limits,
    ParticipantKind,
    RoomOptions,
    RoomRef,
    TrunkDirection,
    shown_number,
)
from providers.errors import Conflict, NotFound, NoWorker
from providers.facts import CallChanged, Fact
from providers.memory.lives import new_id
from providers.memory.people import People
from providers.memory.settings import MemorySettings
from providers.memory.trunks import Trunks
from providers.sip_rules import PAUSE, dial_problem, keys_problem, number_problem


@dataclass
class Line:
    """A call, and the keys that the other side hears: those `heard`, and those that wait for somebody to answer."""

    call: Call
    dtmf: str = ""
    heard: str = ""


class Phones(Trunks, People):
    """Every new status is told.

    Attributes:
        has_phones: whether anybody is there to place calls. Those that go on go on.
        phones_answer: whether the other side answers by itself; else it rings until it is made to do something.
        refuses_transfers: whether the other side lets itself not be handed on.
    """

    def __init__(self, name: str, settings: MemorySettings, limits: Limits, tell: Callable[[Fact], None]) -> None:
        super().__init__(name, settings, limits, tell)
        self._lines: dict[str, Line] = {}
        self.has_phones = True
        self.phones_answer = True
        self.refuses_transfers = False

    def dial(self, room: RoomRef, options: DialOptions) -> Call:
        life, trunk = self._this_life(room), self._trunk(options.trunk)
        if trunk.direction is not TrunkDirection.OUTBOUND:
            raise NotFound(f"{options.trunk} is no trunk by which calls go out", provider=self.name)
        self._require_fit(dial_problem(options))
        self._require_fit(self._limits.identity_problem(options.identity))
        is_ours = options.caller_number in ("", *trunk.numbers)
        self._require_fit(None if is_ours else "the caller's number is none of the trunk's")
        dtmf = self._heard_of(options.dtmf) if options.dtmf else ""
        if not self.has_phones:
            raise NoWorker("nobody places calls", provider=self.name)
        call = Call(
            CallRef(self.name, new_id("SCL")),
            life.ref,
            CallStatus.DIALING,
            options.identity,
            shown_number(options.number),
            trunk=trunk.ref.id,
            started_at=datetime.now(UTC),
        )
        self._begin_call(Line(call, dtmf), options.name)
        self._soon(call.ref.id, lambda: self._ring(call.ref.id))
        return call

    def list_calls(self, room: RoomRef) -> list[Call]:
        """In the order in which they were begun."""
        life = self._this_life(room)
        calls = [line.call for line in self._lines.values()]
        return [call for call in calls if call.room == life.ref and not call.status.is_final]

    def hang_up(self, call_id: str) -> None:
        self._finish(self._ongoing(call_id), CallStatus.ENDED, reason="removed")

    def send_dtmf(self, call_id: str, digits: SecretStr) -> None:
        """Before somebody answers nobody hears it."""
        line, keys = self._ongoing(call_id), self._heard_of(digits)
        if line.call.status is CallStatus.ACTIVE:
            line.heard += keys

    def transfer_call(self, call_id: str, number: str) -> None:
        line = self._ongoing(call_id)
        self._require_fit(number_problem(number))
        if self.refuses_transfers:
            raise Conflict("the other side refuses to be handed on", provider=self.name)
        self._finish(line, CallStatus.ENDED)

    def answer(self, call_id: str) -> Call:
        """The other side does. `Conflict` where it has done so already."""
        line = self._ongoing(call_id)
        if line.call.status is CallStatus.ACTIVE:
            raise Conflict("somebody has answered", provider=self.name)
        self._changes.cancel(call_id)
        line.heard += line.dtmf
        return self._change_call(line, CallStatus.ACTIVE)

    def refuse(self, call_id: str, reason: str = "declined") -> Call:
        """The other side does."""
        return self._finish(self._ongoing(call_id), CallStatus.FAILED, error=reason)

    def hang_up_there(self, call_id: str) -> Call:
        """The other side does."""
        return self._finish(self._ongoing(call_id), CallStatus.ENDED)

    def call_in(self, room_name: str, number: str) -> Call:
        """Somebody calls, by the first trunk that there is, and is in the room, which is made if it is not live."""
        trunks = (t for t in self.list_trunks() if t.direction is TrunkDirection.INBOUND)
        shown, identity = shown_number(number), f"phone-{token_hex(3)}"
        trunk = next((trunk.ref.id for trunk in trunks), "")
        room = self.create_room(room_name, RoomOptions()).room.ref
        call = Call(CallRef(self.name, new_id("SCL")), room, CallStatus.ACTIVE, identity, shown, True, trunk)
        return self._begin_call(Line(replace(call, started_at=datetime.now(UTC))), f"Phone {shown}")

    def dtmf_heard(self, call_id: str) -> str:
        """The keys that the other side has heard, also of a call that has ended."""
        return self._line(call_id).heard

    def _departed(self, room: RoomRef, identity: str) -> None:
        super()._departed(room, identity)
        for line in [line for line in self._lines.values() if (line.call.room, line.call.identity) == (room, identity)]:
            if not line.call.status.is_final:
                self._finish(line, CallStatus.ENDED)

    def _begin_call(self, line: Line, name: str) -> Call:
        call = line.call
        self.join(call.room.name, call.identity, name=name, kind=ParticipantKind.PHONE)
        self._lines[call.ref.id] = line
        return self._change_call(line, call.status)

    def _ring(self, call_id: str) -> None:
        self._change_call(self._line(call_id), CallStatus.RINGING)
        if self.phones_answer:
            self._soon(call_id, lambda: self.answer(call_id))

    def _finish(self, line: Line, status: CallStatus, *, error: str | None = None, reason: str = "") -> Call:
        self._changes.cancel(line.call.ref.id)
        line.call = replace(line.call, ended_at=datetime.now(UTC), error=error)
        ended = self._change_call(line, status)
        self._take_out(ended.room, ended.identity, reason)
        return ended

    def _change_call(self, line: Line, status: CallStatus) -> Call:
        line.call = replace(line.call, status=status)
        self._tell(CallChanged(**self._origin(), call=line.call))
        return line.call

    def _line(self, call_id: str) -> Line:
        try:
            return self._lines[call_id]
        except KeyError:
            raise NotFound(f"there is no {call_id}", provider=self.name) from None

    def _ongoing(self, call_id: str) -> Line:
        line = self._line(call_id)
        if line.call.status.is_final:
            raise NotFound(f"{call_id} has {line.call.status}", provider=self.name)
        return line

    def _heard_of(self, keys: SecretStr) -> str:
        """What is heard of them; they are not repeated, as they may be a PIN."""
        pressed = keys.get_secret_value().upper()
        self._require_fit(keys_problem(pressed))
        return pressed.replace(PAUSE, "")
