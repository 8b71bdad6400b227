"""The directory of rooms, recordings and streams that we know of, as commands and the Home ask for it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

from commands.core.ports import Place, Viewer
from providers.base import EgressSource, Participant, Recording, RoomRef, Stream
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

    async def present(self, viewer: Viewer, provider: str, name: str) -> list[Participant]:
        """Who is in the live room of that name, as far as we have heard; without what they send."""

    async def recordings(self, viewer: Viewer, provider: str, limit: int) -> list[Recording]:
        """Those that we know of, the running ones first, then the newest."""

    async def streams(self, viewer: Viewer, provider: str, limit: int) -> list[Stream]:
        """As `recordings`."""

    async def live_in_channel(self, viewer: Viewer) -> list[KnownRoom]:
        """Live rooms that were made in the viewer's channel, the newest first, then others that have a card there."""

    async def hidden(self, viewer: Viewer, rooms: Collection[RoomRef]) -> frozenset[RoomRef]:
        """Those of a server's rooms that the viewer may not see. One without an id is meant by its name."""

    async def hidden_recordings(self, viewer: Viewer, recordings: Collection[Recording]) -> frozenset[str]:
        """The ids of those of a server's recordings that the viewer may not see."""

    async def hidden_streams(self, viewer: Viewer, streams: Collection[Stream]) -> frozenset[str]:
        """As `hidden_recordings`."""

    async def dismissed(self, team_id: str, kind: ThingKind, provider: str, ids: Collection[str]) -> frozenset[str]:
        """Those of a server's recordings or streams that it lists as going on, and somebody here has let go of."""

    async def paused(self, team_id: str, provider: str, ids: Collection[str]) -> frozenset[str]:
        """Those of a server's recordings that were stopped so as to go on later."""

    async def made_by(self, team_id: str, provider: str, feed_id: str) -> str | None:
        """Who started a recording, or a stream, that we know of."""

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

    async def blocked_cards(self, viewer: Viewer) -> list[BlockedCard]: ...

    async def webhooks(self, team_id: str, provider: str) -> Webhooks: ...
