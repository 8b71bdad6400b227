"""What one can be told of, how loudly, and who wants to be: the words of alerts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Final, Protocol

from providers.facts import ThingKind

if TYPE_CHECKING:
    from commands.core.ports import Place, Viewer

About = tuple[str, ThingKind, str]
"""A thing: its video server, what it is, and the server's id of it."""


class AlertKind(StrEnum):
    """What one subscribes to. `EGRESS` is all that goes out of a room, recordings and streams alike."""

    ROOM = "room"
    PARTICIPANT = "participant"
    TRACK = "track"
    RECORDING = "recording"
    STREAM = "stream"
    EGRESS = "egress"
    INGRESS = "ingress"
    SIP = "sip"
    SERVER = "server"


QUIET: Final = frozenset({AlertKind.PARTICIPANT, AlertKind.TRACK})
"""Kinds that nobody hears of who has not named them."""

_MEANT_BY: Final = {
    AlertKind.RECORDING: frozenset({AlertKind.RECORDING, AlertKind.EGRESS}),
    AlertKind.STREAM: frozenset({AlertKind.STREAM, AlertKind.EGRESS}),
}


class Severity(StrEnum):
    """How much something matters: it goes well, somebody should look, somebody must act."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    def reaches(self, least: "Severity") -> bool:
        """Whether it is at least as bad."""
        return _RANK[self] >= _RANK[least]


_RANK: Final = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Which news are meant. No kinds means all but those in `QUIET`; `room_glob` is a shell pattern on the room's name,
    and what is about no room has an empty one; `provider` None is every video server."""

    provider: str | None = None
    kinds: frozenset[AlertKind] = frozenset()
    room_glob: str = "*"

    def means(self, kind: AlertKind, *, provider: str, room: str) -> bool:
        return self.means_kind(kind) and self.means_place(provider=provider, room=room)

    def means_kind(self, kind: AlertKind) -> bool:
        if not self.kinds:
            return kind not in QUIET
        return bool(_MEANT_BY.get(kind, frozenset({kind})) & self.kinds)

    def means_place(self, *, provider: str, room: str) -> bool:
        return self.provider in (None, provider) and fnmatchcase(room, self.room_glob)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What a channel wants to hear of: what `wish` means and is at least as bad as `least`."""

    id: int
    channel_id: str
    wish: Scope
    created_by: str
    least: Severity = Severity.INFO

    def tells_of(self, kind: AlertKind, severity: Severity, *, provider: str, room: str) -> bool:
        return self.wish.means(kind, provider=provider, room=room) and severity.reaches(self.least)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mute:
    """What a channel is told nothing of before `until`. Its cards are kept true all the same.

    No kinds means all of them here, those in `QUIET`, too.
    """

    id: int
    channel_id: str
    what: Scope
    until: datetime
    said_by: str

    def silences(self, kinds: Collection[AlertKind], *, provider: str, room: str) -> bool:
        """What is of any of the kinds, such as a room, and that somebody joined it."""
        is_of_kind = not self.what.kinds or any(self.what.means_kind(kind) for kind in kinds)
        return is_of_kind and self.what.means_place(provider=provider, room=room)


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """One thing of which a person is told in `channel_id`, their conversation with the bot, until it is over.

    `name` is that of the room that it is or is of.
    """

    provider: str
    kind: ThingKind
    server_id: str
    name: str
    since: datetime
    channel_id: str

    @property
    def about(self) -> About:
        return self.provider, self.kind, self.server_id


@dataclass(frozen=True, slots=True)
class Unfollowed:
    """`ts` is the message that showed it in the conversation; None where that stays, as the thing belongs there
    anyway, and where none was posted."""

    channel_id: str
    ts: str | None


class Subscriptions(Protocol):
    async def add(self, place: "Place", wish: Scope, least: Severity, *, created_by: str) -> Subscription:
        """Add, or return the equal one that is there, with `least` as it is said last."""

    async def remove(self, place: "Place", subscription_id: int) -> bool:
        """False where the channel has no such subscription."""

    async def in_channel(self, place: "Place") -> list[Subscription]: ...

    async def of_person(self, team_id: str, user_id: str) -> list[Subscription]:
        """Those that somebody made, whatever the channel."""

    async def mute(self, place: "Place", what: Scope, until: datetime, *, said_by: str) -> Mute:
        """Add, or prolong or shorten the equal one that is there."""

    async def unmute(self, place: "Place", what: Scope | None) -> int:
        """End the equal one; None: all of the channel. Returns how many."""

    async def mutes(self, place: "Place") -> Sequence[Mute]:
        """Those that hold at this moment."""

    async def live_name(self, viewer: "Viewer", about: About) -> str | None:
        """The name that it goes by; None where it is over, not known, or not to be seen by them."""

    async def follow(self, viewer: "Viewer", user_id: str, direct: "Place", about: About) -> bool:
        """Show the thing to a person in `direct`, their conversation with the bot, until it is over.

        False where it has no `live_name`.
        """

    async def unfollow(self, team_id: str, user_id: str, about: About) -> Unfollowed | None:
        """Its card is kept no more. None where they did not follow it."""

    async def followed_by(self, team_id: str, user_id: str) -> Sequence[Followed]: ...


def in_order(kinds: Collection[AlertKind]) -> list[AlertKind]:
    """As the enumeration has them."""
    return [kind for kind in AlertKind if kind in kinds]
