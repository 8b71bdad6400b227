"""Telephones: calls into rooms and out of them, the trunks by which they go, and the rules that say where a call ends
up. Values of the contract.

No password and no PIN is in what can be stored or shown: they are `SecretStr`.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from pydantic import SecretStr

from providers.values import RoomRef


@dataclass(frozen=True, slots=True)
class CallRef:
    provider: str
    id: str


class CallStatus(StrEnum):
    """The life of a telephone call, in its order. The last two are final."""

    DIALING = "dialing"
    RINGING = "ringing"
    ACTIVE = "active"
    ENDED = "ended"
    FAILED = "failed"

    @property
    def is_final(self) -> bool:
        return self in (CallStatus.ENDED, CallStatus.FAILED)


@dataclass(frozen=True, slots=True)
class Call:
    """Somebody on a telephone who is in a room, or shall be. `number` is theirs as far as it may be shown: its last
    four digits, as `shown_number` has them.

    `is_inbound`: they called us. `trunk`: the id of the one that it goes by.
    """

    ref: CallRef
    room: RoomRef
    status: CallStatus
    identity: str = ""
    number: str = ""
    is_inbound: bool = False
    trunk: str = ""
    started_at: datetime | None = None
    ended_at: datetime | None = None
    error: str | None = None


def shown_number(number: str) -> str:
    """`…4567`: a number is somebody's, and a channel is read by many. What is short, such as 112, stays as it is."""
    digits = "".join(character for character in number.partition("@")[0] if character.isdigit())
    return f"…{digits[-4:]}" if len(digits) > 4 else digits


@dataclass(frozen=True, slots=True)
class DialOptions:
    """`number` goes out by the trunk of the id `trunk`. `identity` and `name` are the callee's in the room.

    `caller_number`: one of the trunk's, its first where it is empty. `dtmf`: the digits that are sent once somebody
    answers, `w` waits half a second; they may be a PIN. `ringing_for` and `lasts_at_most`: None leaves it to the
    server. `plays_dialtone`: the room hears it while it rings.
    """

    number: str
    trunk: str
    identity: str
    name: str = ""
    caller_number: str = ""
    dtmf: SecretStr | None = None
    ringing_for: timedelta | None = None
    lasts_at_most: timedelta | None = None
    plays_dialtone: bool = False


class TrunkDirection(StrEnum):
    """Whether calls come in by it, or go out."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class TrunkTransport(StrEnum):
    """What SIP goes over."""

    AUTO = "auto"
    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


@dataclass(frozen=True, slots=True)
class TrunkRef:
    provider: str
    id: str


@dataclass(frozen=True, slots=True)
class Trunk:
    """A connection to a telephone company. `numbers` are ours there.

    Of one that goes out: `address` is the company's, host and port, and `country` the one that is called (ISO 3166,
    two letters). Of one that comes in: who may call, by their `allowed_addresses` and `allowed_numbers`, everybody
    where these are empty.
    """

    ref: TrunkRef
    direction: TrunkDirection
    name: str = ""
    numbers: tuple[str, ...] = ()
    address: str = ""
    transport: TrunkTransport = TrunkTransport.AUTO
    country: str = ""
    allowed_addresses: tuple[str, ...] = ()
    allowed_numbers: tuple[str, ...] = ()
    username: str = ""
    password: SecretStr | None = None
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class TrunkOptions:
    """As `Trunk` has them."""

    direction: TrunkDirection
    name: str = ""
    numbers: tuple[str, ...] = ()
    address: str = ""
    transport: TrunkTransport = TrunkTransport.AUTO
    country: str = ""
    allowed_addresses: tuple[str, ...] = ()
    allowed_numbers: tuple[str, ...] = ()
    username: str = ""
    password: SecretStr | None = None
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class TrunkChanges:
    """None leaves a thing as it is, an empty text or list takes it away."""

    name: str | None = None
    numbers: tuple[str, ...] | None = None
    address: str | None = None
    transport: TrunkTransport | None = None
    country: str | None = None
    allowed_addresses: tuple[str, ...] | None = None
    allowed_numbers: tuple[str, ...] | None = None
    username: str | None = None
    password: SecretStr | None = None
    metadata: str | None = None


class RuleKind(StrEnum):
    """Where a call ends up: in one room; in a room of its own, whose name begins with the rule's; in a room for each
    number that was called."""

    DIRECT = "direct"
    INDIVIDUAL = "individual"
    CALLEE = "callee"


@dataclass(frozen=True, slots=True)
class RuleRef:
    provider: str
    id: str


@dataclass(frozen=True, slots=True)
class Rule:
    """What is done with a call that comes in by `trunks` (ids; by any where there are none) from `callers` (numbers;
    from anybody where there are none).

    `room` is the room's name, or what the names of its rooms begin with. `pin`: what is asked of the caller.
    `hides_number`: the others in the room do not see it.
    """

    ref: RuleRef
    kind: RuleKind
    room: str
    name: str = ""
    pin: SecretStr | None = None
    trunks: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    hides_number: bool = False
    metadata: str = ""

    @property
    def leads_into(self) -> RoomRef:
        """The room, whatever its life; one of such a name where the rule makes rooms of its own."""
        return RoomRef(self.ref.provider, "", self.room)


@dataclass(frozen=True, slots=True)
class RuleOptions:
    """As `Rule` has them."""

    kind: RuleKind
    room: str
    name: str = ""
    pin: SecretStr | None = None
    trunks: tuple[str, ...] = ()
    callers: tuple[str, ...] = ()
    hides_number: bool = False
    metadata: str = ""


@dataclass(frozen=True, slots=True)
class RuleChanges:
    """None leaves a thing as it is, an empty text or list takes it away; a rule always has a kind and a room."""

    kind: RuleKind | None = None
    room: str | None = None
    name: str | None = None
    pin: SecretStr | None = None
    trunks: tuple[str, ...] | None = None
    callers: tuple[str, ...] | None = None
    hides_number: bool | None = None
    metadata: str | None = None
