"""What commands and dispatch need from outside, each implemented once in `bot/`.

Every method is about one workspace: implementations are bound to the `team_id` of the caller or take it in `Place`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from commands.core.base import Role
from commands.core.identity import without_number
from providers.base import Participant, Provider, Recording, RoomRef
from providers.facts import Fact, ThingKind

if TYPE_CHECKING:
    from commands.core.base import Command
    from commands.core.reply import Text


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks. `name` is for display only; rights hang on the ids."""

    team_id: str
    user_id: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """Where it was asked. `thread_ts` is the first message of the thread it was asked in, None outside of one.

    `is_direct`: a conversation with the bot alone.
    """

    team_id: str
    channel_id: str
    thread_ts: str | None = None
    is_direct: bool = False


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and from where.

    What was made in private is seen in its own channel, by whoever made it, and by those who see all. `user_id` is None
    where everybody in the channel reads the answer, `channel_id` where it is asked nowhere in particular.
    """

    team_id: str
    user_id: str | None
    channel_id: str | None
    sees_all: bool = False


class Clock(Protocol):
    def now(self) -> datetime:
        """The time, aware, in UTC."""

    def monotonic(self) -> float: ...


class Providers(Protocol):
    """The configured video servers by name."""

    @property
    def names(self) -> Sequence[str]: ...

    @property
    def default(self) -> str:
        """The one for a channel that has chosen none."""

    def get(self, name: str) -> Provider | None: ...


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

    async def live_in_channel(self, viewer: Viewer) -> list[KnownRoom]:
        """Live rooms that were made in the viewer's channel, the newest first, then others that have a card there."""

    async def hidden(self, viewer: Viewer, rooms: Collection[RoomRef]) -> frozenset[RoomRef]:
        """Those of a server's rooms that the viewer may not see. One without an id is meant by its name."""

    async def hidden_recordings(self, viewer: Viewer, recordings: Collection[Recording]) -> frozenset[str]:
        """The ids of those of a server's recordings that the viewer may not see."""

    async def made_by(self, team_id: str, provider: str, recording_id: str) -> str | None:
        """Who started a recording that we know of."""

    async def reserve(self, place: Place, provider: str, name: str) -> None:
        """A room of that name that comes up from now on is private to the place, whoever tells us of it first."""

    async def release(self, place: Place, provider: str, name: str) -> None:
        """It did not come up."""

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
class BlockedCard:
    """A card of a live thing that Slack does not let us show. `reason` is Slack's word for why."""

    channel_id: str
    reason: str
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

    async def blocked_cards(self, viewer: Viewer) -> list[BlockedCard]: ...

    async def webhooks(self, team_id: str, provider: str) -> Webhooks: ...


@dataclass(frozen=True, slots=True)
class KeepOut:
    """Somebody who was removed from a room and may not come back before `until`, whatever life the room is in.

    `room` is its name, because that is what a token admits to. `by` is the person who said so. `stays` are the server's
    ids of those whom it removed: any other id is somebody who came back.
    """

    provider: str
    room: str
    identity: str
    until: datetime
    by: str
    stays: tuple[str, ...] = ()

    def covers(self, identity: str) -> bool:
        """Whoever of the workspace is out is out by each of their numbered identities."""
        return without_number(identity) == without_number(self.identity)


class KeepOuts(Protocol):
    """Who is kept out. Whoever comes back is removed again, as soon as the bot hears of it."""

    async def add(self, team_id: str, keep_out: KeepOut) -> None:
        """Durable when this returns. A second one for the same identity replaces the first."""

    async def lift(self, team_id: str, provider: str, room: str, identity: str) -> bool:
        """False where nobody of that identity was kept out."""

    async def of_room(self, team_id: str, provider: str, room: str) -> list[KeepOut]:
        """Those that hold at this moment."""

    async def hears_of(self, team_id: str, provider: str) -> bool:
        """Whether a webhook of that server ever came. Where none does, nobody hears of those who come back."""


class FactSink(Protocol):
    async def report(
        self, fact: Fact, *, team_id: str, made_by: str | None, card_in: Place | None, is_private: bool = False
    ) -> None:
        """Take a fact from a command. It is durable when this returns, and folded unless the database has trouble.

        `made_by` is who made the thing, None where it was there before; `card_in` wants a card there, in its thread
        where it has one. `is_private`: the thing was made in a place where not everybody may look.
        """


@dataclass(frozen=True, slots=True)
class Subscription:
    """What a channel wants to hear of. No kinds means all; `room_glob` is a shell pattern on the room's name."""

    id: int
    channel_id: str
    provider: str | None
    kinds: frozenset[ThingKind]
    room_glob: str
    created_by: str


class Subscriptions(Protocol):
    async def add(
        self,
        place: Place,
        *,
        provider: str | None,
        kinds: frozenset[ThingKind],
        room_glob: str,
        created_by: str,
    ) -> Subscription:
        """Add, or return the equal one that is there."""

    async def remove(self, place: Place, subscription_id: int) -> bool:
        """False where the channel has no such subscription."""

    async def in_channel(self, place: Place) -> list[Subscription]: ...

    async def of_person(self, team_id: str, user_id: str) -> list[Subscription]:
        """Those that somebody made, whatever the channel."""


class Settings(Protocol):
    """Choices of a channel, such as its default provider."""

    async def get(self, place: Place, key: str) -> str | None: ...

    async def put(self, place: Place, key: str, value: str, *, by: str) -> None: ...


CHANNEL_PROVIDER = "provider"
"""The setting that holds a channel's default provider."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody's role and, in words, where it comes from (`whoami` shows it).

    `is_known` is False where the workspace could not say who they are. `more`: what they are on single video servers,
    where that is more. `until`: when the role ends, None where nobody has said so.
    """

    role: Role
    because: "Text"
    is_known: bool = True
    until: datetime | None = None
    more: Mapping[str, "Standing"] = field(default_factory=dict)

    def on(self, provider: str | None) -> "Standing":
        """What counts on a video server; None for what is about no server."""
        return self.more.get(provider, self) if provider is not None else self


class Roles(Protocol):
    async def standing(self, caller: Caller) -> Standing:
        """Never raises: where the workspace cannot be asked, the role is NOBODY and `because` says so."""

    async def who_has(self, team_id: str, role: Role, provider: str | None) -> "Text":
        """Who could do what needs the role, to stand after "Ask"; nobody is notified by being named."""


class Membership(Protocol):
    async def can_post(self, place: Place) -> bool:
        """Whether the bot can post there. A direct conversation counts as yes."""

    async def is_private(self, place: Place) -> bool:
        """Whether not everybody of the workspace may look there; so it is where Slack does not say."""

    @property
    def bot_user_id(self) -> str: ...


class Outcome(StrEnum):
    """How an attempt ended. UNKNOWN: the process died or was stopped before the answer came."""

    DONE = "done"
    REFUSED = "refused"
    ASKED = "asked"
    FAILED = "failed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of somebody to do something. `words` are redacted; `response_url` is encrypted where it is kept.

    `delivery` is what the request is known by, so that one that comes twice is done once. `under` is the message that
    asked aloud, and is answered under. `about` is the room or recording that is meant, as it was asked for.
    `request_id` is on every line of the log that belongs to it.
    """

    caller: Caller
    place: Place
    path: tuple[str, ...]
    words: str
    provider: str | None
    door: str
    response_url: str | None = field(default=None, repr=False)
    under: str | None = None
    delivery: str | None = None
    about: str | None = None
    request_id: str | None = None


class Repeated(Exception):
    """The delivery was written down before: whoever took it then sees to it."""


class Attempts(Protocol):
    async def open(self, attempt: Attempt) -> int:
        """Write it down before anything is done; returns its id. Raises `Repeated`."""

    async def close(self, attempt_id: int, outcome: Outcome, *, detail: str = "", reference: str = "") -> None:
        """How it ended. The asker does not know yet."""

    async def answered(self, attempt_id: int) -> None:
        """The asker knows how it ended, so nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that waits for a press: a question's answer, or a button too large or too secret to carry it.

    `user_id` binds it to one person; None lets anybody of the team press.
    """

    command: "Command"
    team_id: str
    user_id: str | None
    confirmed: bool
    expires_at: datetime


class PendingActions(Protocol):
    """Kept encrypted; the token is what a button holds."""

    async def put(self, pending: Pending) -> str: ...

    async def peek(self, token: str) -> Pending | None:
        """None for an unknown, used or expired one."""

    async def expired(self, token: str) -> Pending | None:
        """One that nobody used in time, as long as it is kept; None for any other."""

    async def take(self, token: str) -> bool:
        """Use it up. False if somebody else did first: of two presses one wins."""


QUESTION_LIFETIME = timedelta(minutes=5)
"""How long a question waits for its answer."""
