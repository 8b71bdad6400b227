"""The directory of rooms, and of what goes out of them and comes in, as commands and the Home ask for it."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from commands.core.ports import Place, Viewer
from providers.base import Call, EgressSource, Ingress, Participant, Recording, RoomRef, Stream
from providers.facts import Condition, ThingKind


@dataclass(frozen=True, slots=True)
class KnownRoom:
    """A room's row in our directory: one life, with where it was made and by whom.

    `is_private`: it is seen in its channel alone, by whoever made it, and by admins.
    """

    ref: RoomRef
    ended: bool
    channel_id: str | None = None
    made_by: str | None = None
    is_private: bool = False

    @property
    def private_to(self) -> str | None:
        """The channel that it is private to; None for a public one."""
        return self.channel_id if self.is_private else None


@dataclass(frozen=True, slots=True)
class Reservation:
    """Of a name: what comes up by it until then is private to the channel and to whoever asked for it."""

    channel_id: str
    by: str | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Reserved:
    """How the reservation of a name was changed. None is none."""

    before: Reservation | None
    after: Reservation | None


PutBack = Callable[[], Awaitable[None]]
"""Nothing came of what a name was reserved for: it is kept as it was before."""


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where something was made and by whom, and where its cards stand that can be shown.

    `is_private`: it is seen in its channel alone, by whoever made it, and by admins.
    """

    channel_id: str | None
    made_by: str | None
    is_private: bool
    cards: Sequence[Place] = ()

    @property
    def private_to(self) -> str | None:
        return self.channel_id if self.is_private else None


def reserved_as(room: RoomRef | None, source: EgressSource) -> str:
    """By what a recording or a stream is reserved that is about to come up: its room's name, or the host of the page
    that it shows, as a server may tell the rest of the address otherwise. Empty where nothing is known of either."""
    if room is not None and room.name:
        return room.name
    try:
        host = urlsplit(source.url).hostname
    except ValueError:  # no address
        return ""
    return f"//{host}" if host else ""


class Rooms(Protocol):
    """The directory of rooms that we know of, from commands and webhooks.

    What the viewer may not see is left out of every answer, as if it did not exist.
    """

    async def newest(self, viewer: Viewer, provider: str, name: str) -> KnownRoom | None:
        """The latest life of that name, live ones first."""

    async def life(self, viewer: Viewer, provider: str, room_id: str) -> KnownRoom | None: ...

    async def live_named(self, viewer: Viewer, name: str) -> list[KnownRoom]:
        """Live rooms of that name on any provider."""

    async def live(self, viewer: Viewer, provider: str) -> list[KnownRoom]:
        """The live rooms of a video server, the newest first."""

    async def ended(self, viewer: Viewer, provider: str, names: Collection[str]) -> Mapping[str, datetime]:
        """When the newest life of each of the names ended, of those that are over."""

    async def present(self, viewer: Viewer, provider: str, name: str) -> list[Participant]:
        """Who is in the live room of that name, as far as we have heard; without what they send."""

    async def sent_into(self, team_id: str, provider: str, room_ids: Collection[str]) -> Mapping[str, frozenset[str]]:
        """The identities of the ingresses that are in those lives of rooms, as far as we have heard, whoever may see
        them: to count, never to tell of."""

    async def recordings(self, viewer: Viewer, provider: str, limit: int) -> list[Recording]:
        """Those that we know of, the running ones first, then the newest."""

    async def streams(self, viewer: Viewer, provider: str, limit: int) -> list[Stream]:
        """As `recordings`."""

    async def ingresses(self, viewer: Viewer, provider: str, limit: int) -> list[Ingress]:
        """As `recordings`: one that waits is not over."""

    async def calls(self, viewer: Viewer, provider: str, limit: int) -> list[Call]:
        """As `recordings`."""

    async def live_in_channel(self, viewer: Viewer) -> list[KnownRoom]:
        """Live rooms that were made in the viewer's channel, the newest first, then others that have a card there."""

    async def hidden(self, viewer: Viewer, rooms: Collection[RoomRef]) -> frozenset[RoomRef]:
        """Those of a server's rooms that the viewer may not see. One without an id is meant by its name."""

    async def hidden_recordings(self, viewer: Viewer, recordings: Collection[Recording]) -> frozenset[str]:
        """The ids of those of a server's recordings that the viewer may not see."""

    async def hidden_streams(self, viewer: Viewer, streams: Collection[Stream]) -> frozenset[str]:
        """As `hidden_recordings`."""

    async def hidden_ingresses(self, viewer: Viewer, ingresses: Collection[Ingress]) -> frozenset[str]:
        """As `hidden_recordings`. Its room is meant by name."""

    async def hidden_calls(self, viewer: Viewer, calls: Collection[Call]) -> frozenset[str]:
        """As `hidden_recordings`."""

    async def dismissed(self, team_id: str, kind: ThingKind, provider: str, ids: Collection[str]) -> frozenset[str]:
        """Those of a server's recordings or streams that it lists as going on, and somebody here has let go of."""

    async def paused(self, team_id: str, provider: str, ids: Collection[str]) -> frozenset[str]:
        """Those of a server's recordings that were stopped so as to go on later."""

    async def made_by(self, team_id: str, provider: str, id: str) -> str | None:
        """Who started the recording, the stream or the call of that id, or made the ingress, if we know of it."""

    async def provenance(self, team_id: str, kind: ThingKind, provider: str, id: str) -> Provenance | None:
        """None for what we have not heard of."""

    async def reserve(
        self,
        viewer: Viewer,
        kind: ThingKind,
        provider: str,
        name: str,
        *,
        by: str | None,
        until: datetime | None = None,
    ) -> Reserved | None:
        """A room of that name, or what is reserved by it (`reserved_as`), that comes up soon is private to the viewer's
        channel and to whoever asked for it, whoever tells us of it first. So is one that comes up before `until`.

        None where the name is somebody else's: it is kept for them, or they have a private room of it. Of several who
        reserve a name at once, one gets it.
        """

    async def release(self, viewer: Viewer, kind: ThingKind, provider: str, name: str) -> Reserved:
        """The name is free again, if it was kept for the viewer, or the viewer sees all there."""

    async def restore(self, team_id: str, kind: ThingKind, provider: str, name: str, reserved: Reserved) -> None:
        """Nothing came of the change: what was there before is there again, unless it was changed once more."""

    async def of_thread(self, place: Place) -> KnownRoom | None:
        """The room whose card, or a card of a recording of it, starts the place's thread or stands in it."""


@dataclass(frozen=True, slots=True)
class LiveRoom:
    """A live room as far as we have heard: how many people are in it, which recordings run, and when we heard last.

    `is_direct`: it was made in somebody's conversation with the bot alone.
    """

    known: KnownRoom
    people: int
    recordings: tuple[str, ...]
    seen_at: datetime
    is_direct: bool = False


@dataclass(frozen=True, slots=True)
class FailedRecording:
    """`room_is_live`: it can be recorded again."""

    recording: Recording
    made_by: str | None
    seen_at: datetime
    room_is_live: bool


@dataclass(frozen=True, slots=True)
class GoingOn:
    """A recording or a stream that goes on, what is odd about it, and who started it."""

    feed: Recording | Stream
    condition: Condition | None = None
    made_by: str | None = None


@dataclass(frozen=True, slots=True)
class TroubledIngress:
    """An ingress by which nothing comes, as it has failed or, `is_left_behind`, nobody works on it. `at`: when it
    failed, or when we last heard of it."""

    ingress: Ingress
    is_left_behind: bool
    made_by: str | None
    at: datetime


@dataclass(frozen=True, slots=True)
class BlockedCard:
    """A card of a live thing that Slack does not let us show. `reason` is Slack's word for why."""

    channel_id: str
    reason: str
    provider: str
    thing: str
    made_by: str | None


@dataclass(frozen=True, slots=True)
class Webhooks:
    """When a server's webhook last came, and when we first heard of that server by other ways; None for never."""

    last_at: datetime | None
    heard_otherwise_at: datetime | None


class Dashboard(Protocol):
    """What we know at a glance, for somebody's front page. The newest come first everywhere."""

    async def live_rooms(
        self, viewer: Viewer, providers: Collection[str], *, mine: bool, limit: int
    ) -> tuple[list[LiveRoom], int]:
        """At most `limit` rooms that the viewer made, or that others did where not `mine`; and how many there are."""

    async def known_lives(self, team_id: str, provider: str, room_ids: Collection[str]) -> frozenset[str]:
        """Those of the rooms that we have heard of, ended ones too."""

    async def failed_recordings(
        self, viewer: Viewer, providers: Collection[str], *, since: datetime
    ) -> list[FailedRecording]: ...

    async def going_on(self, viewer: Viewer, providers: Collection[str], *, limit: int) -> tuple[list[GoingOn], int]:
        """At most `limit` of the recordings and streams that go on, and how many there are."""

    async def troubled_ingresses(
        self, viewer: Viewer, providers: Collection[str], *, since: datetime
    ) -> list[TroubledIngress]:
        """Those that have failed since then, and those that were left behind whenever that was."""

    async def blocked_cards(self, viewer: Viewer) -> list[BlockedCard]: ...

    async def webhooks(self, team_id: str, provider: str) -> Webhooks: ...
