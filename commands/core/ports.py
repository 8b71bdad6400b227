"""What commands and dispatch need from outside, each implemented once in `bot/`.

Every method is about one workspace: implementations are bound to the `team_id` of the caller or take it in `Place`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Final, Protocol

from commands.core.base import Role
from commands.core.identity import without_number
from providers.base import Provider
from providers.facts import Fact

if TYPE_CHECKING:
    from commands.core.base import Command
    from commands.core.grants import Grantee, KnownGrantee
    from commands.core.reply import Reply, Text


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

    @property
    def kind(self) -> str:
        """What the people there call it."""
        return "conversation" if self.is_direct else "channel"


@dataclass(frozen=True, slots=True)
class Viewer:
    """Who looks, and from where.

    What was made in private is seen in its own channel, by whoever made it, and by those who see all on that video
    server. `user_id` is None where everybody in the channel reads the answer, `channel_id` where it is asked nowhere in
    particular. `sees_all` are names of video servers.
    """

    team_id: str
    user_id: str | None
    channel_id: str | None
    sees_all: frozenset[str] = frozenset()


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
class KeepOut:
    """Somebody who was removed from a room and may not come back before `until`, whatever life the room is in.

    `room` is its name, because that is what a token admits to. `by` is the person who said so. `stays` are the server's
    ids of those whom it removed: any other id is somebody who came back. What was said of a private room holds only
    for rooms that are private to the same channel, `private_to`.
    """

    provider: str
    room: str
    identity: str
    until: datetime
    by: str
    stays: tuple[str, ...] = ()
    private_to: str | None = None

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
        """Those that hold at this moment for any room of that name, private ones too. See `Context.kept_out`."""

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
class Choice:
    """What somebody set. `is_everywhere`: for the whole workspace, where a channel has not chosen otherwise."""

    key: str
    value: str
    set_by: str
    set_at: datetime
    is_everywhere: bool


class Settings(Protocol):
    """Choices of a channel, such as its default provider, and of the whole workspace: see `everywhere`.

    Which keys there are, and what they take, is in `commands/core/settings.py`.
    """

    async def get(self, place: Place, key: str) -> str | None:
        """The channel's, else the workspace's."""

    async def put(self, place: Place, key: str, value: str, *, by: str) -> None: ...

    async def unset(self, place: Place, key: str) -> bool:
        """False where nothing was set for exactly that place."""

    async def all(self, place: Place) -> Sequence[Choice]:
        """The channel's and the workspace's, by key."""


def everywhere(team_id: str) -> Place:
    """The address of what is set for the whole workspace: no channel has such an id."""
    return Place(team_id, "*")


CHANNEL_PROVIDER: Final = "provider"
"""The setting that holds a channel's default provider."""

CHANNEL_ROOM: Final = "room"
"""The setting that holds the name of a channel's room."""

CHANNEL_JOINS: Final = "joins"
"""The setting that says whether people who join and leave are told of in the threads of a channel's cards."""

JOINS_TOLD: Final = "told"


@dataclass(frozen=True, slots=True)
class Traces:
    """How many rows speak of somebody: of what was done, of what servers told, of what is over, and all the others.

    `live`: things that are not over. What these say of them stays until then. `roles` that are granted to them end, and
    `keep_outs` of them are lifted.
    """

    commands: int = 0
    events: int = 0
    things: int = 0
    others: int = 0
    live: int = 0
    roles: int = 0
    keep_outs: int = 0


class Forgetting(Protocol):
    """What is kept of somebody, by identity: that of somebody of the workspace stands for all that is kept of them."""

    async def traces(self, team_id: str, identity: str) -> Traces: ...

    async def forget(self, team_id: str, identity: str) -> Traces:
        """What there was. That something was done stays, but not by or to whom. It can be done again."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Somebody's role and, in words, where it comes from (`whoami` shows it).

    `is_known` is False where the workspace could not say who they are. `more`: what they are on single video servers,
    where that is more. `until`: when the role ends, None where nobody has said so. `is_granted`: somebody gave it to
    them here, and it can be taken away here.
    """

    role: Role
    because: "Text"
    is_known: bool = True
    until: datetime | None = None
    more: Mapping[str, "Standing"] = field(default_factory=dict)
    is_granted: bool = False

    def on(self, provider: str | None) -> "Standing":
        """What counts on a video server; None for what is about no server."""
        return self.more.get(provider, self) if provider is not None else self

    def reaches(self, command: "Command") -> bool:
        """Whether the role is enough for it, on the video server that it is for."""
        return self.on(getattr(command, "provider", None)).role >= command.spec.role


class Roles(Protocol):
    async def standing(self, caller: Caller, *, without: Collection[int] = ()) -> Standing:
        """Where the workspace cannot be asked, the role is NOBODY and `because` says so. Where grants cannot be read,
        it raises what the store raises: no role is guessed then.

        `because` fits anybody: "a guest in this workspace". `without`: as it is once those grants are taken away.
        """

    async def who_has(self, team_id: str, role: Role, provider: str | None) -> "Text":
        """Who could do what needs the role, to stand after "Ask"; nobody is notified by being named."""

    async def look_up(self, grantee: "Grantee") -> "KnownGrantee | None":
        """None for one that the workspace does not have, or hides from the bot. Raises `CommandError`."""


class Membership(Protocol):
    async def can_post(self, place: Place) -> bool:
        """Whether the bot can post there. A direct conversation counts as yes."""

    async def is_private(self, place: Place) -> bool:
        """Whether not everybody of the workspace may look there; so it is where Slack does not say."""

    @property
    def bot_user_id(self) -> str: ...


class Direct(Protocol):
    """What one person is shown in their conversation with the bot, wherever they asked for it."""

    async def tell(self, to: Caller, reply: "Reply") -> Place:
        """Post it there; that place. Raises `CommandError` where it was not taken."""

    async def take_back(self, place: Place, ts: str) -> None:
        """Delete a message of ours, as far as that goes."""


class Reach(Protocol):
    async def refusal(self, url: str) -> str | None:
        """Why no video server is sent to that address, and what to do, for people; None where it may go."""
