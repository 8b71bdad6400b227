"""What a running command has to hand: who asks, where, which video server, and the ports."""

from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

from commands.core.alerts import Subscriptions
from commands.core.audit import Audit
from commands.core.base import Role
from commands.core.directory import KnownRoom, PutBack, Reserved, Rooms
from commands.core.egress_requests import EgressRequests
from commands.core.errors import CommandError, Ended, NotAllowed, NothingHere
from commands.core.files import Files
from commands.core.grants import Grants
from commands.core.phone_numbers import without_numbers
from commands.core.ports import (
    CHANNEL_PROVIDER,
    CHANNEL_ROOM,
    Caller,
    Clock,
    Direct,
    FactSink,
    Forgetting,
    KeepOut,
    KeepOuts,
    Membership,
    Place,
    Providers,
    Reach,
    Roles,
    Settings,
    Standing,
    Viewer,
)
from commands.core.repeating import repeated
from commands.core.reply import Action, Channel, Code, Person
from commands.core.timers import Stops
from providers.base import Call, Capability, Ingress, Participant, Provider, Recording, Room, RoomRef, Stream
from providers.errors import Conflict, NotFound, RateLimited, Rejected, Unauthenticated, Unsupported
from providers.facts import Origin, ParticipantsListed, RoomFinished, Source, ThingKind

if TYPE_CHECKING:
    from commands.core.base import RoomCommand
    from commands.core.registry import Commands
    from providers.facts import Fact


NOT_MADE = (Conflict, NotFound, RateLimited, Rejected, Unauthenticated, Unsupported)
"""After any other error the server may have made what was asked for."""


@dataclass(frozen=True, slots=True)
class Ports:
    """The outside, the same for every command."""

    providers: Providers
    rooms: Rooms
    facts: FactSink
    keep_outs: KeepOuts
    subscriptions: Subscriptions
    stops: Stops
    egress_requests: EgressRequests
    settings: Settings
    forgetting: Forgetting
    roles: Roles
    grants: Grants
    membership: Membership
    reach: Reach
    audit: Audit
    files: Files
    direct: Direct
    clock: Clock
    commands: "Commands"
    slash: str
    join_url: str | None = None

    def provider(self, name: str | None) -> Provider:
        """The video server of that name, else the deployment's default."""
        provider = self.providers.get(name or "") or self.providers.get(self.providers.default)
        assert provider is not None, "a deployment without providers does not start"
        return provider

    async def provider_of(self, place: Place, named: str | None = None) -> Provider:
        """Where a command goes that is typed there: to the one it names, if that is there, else to the channel's."""
        own = self.providers.get(named or "")
        return own if own is not None else self.provider(await self.settings.get(place, CHANNEL_PROVIDER))


@dataclass(frozen=True, slots=True)
class Context:
    """One run of one command. `provider` is the command's own, or the channel's default for one without a server.

    `is_aloud`: everybody in the channel reads the answer. `meant` are names of rooms that the run found to be meant
    beside the one that was named; the record of it has them. `tried_at`: of an aftermath, when the run began.
    """

    caller: Caller
    place: Place
    provider: Provider
    ports: Ports
    standing: Standing
    is_aloud: bool = False
    meant: list[str] = field(default_factory=list)
    tried_at: datetime | None = None
    _known: dict[RoomRef, KnownRoom | None] = field(default_factory=dict, init=False, repr=False, compare=False)

    @property
    def role(self) -> Role:
        """The asker's, on this video server."""
        return self.standing.on(self.provider.name).role

    @property
    def viewer(self) -> Viewer:
        """For whom it is looked: aloud, for everybody who is there."""
        return viewer_of(self.ports, self.caller, self.place, self.standing, is_aloud=self.is_aloud)

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        """The server's live rooms, or those of the names, that may be seen here."""
        live = await self.provider.list_rooms(names)
        hidden = await self.ports.rooms.hidden(self.viewer, [room.ref for room in live])
        return [room for room in live if room.ref not in hidden]

    async def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        """The server's recordings, or those of one life of a room, that may be seen here."""
        found = await self.provider.list_recordings(room)
        hidden = await self.ports.rooms.hidden_recordings(self.viewer, found)
        return [recording for recording in found if recording.ref.id not in hidden]

    async def list_streams(self, room: RoomRef | None = None) -> list[Stream]:
        """As `list_recordings`."""
        found = await self.provider.list_streams(room)
        hidden = await self.ports.rooms.hidden_streams(self.viewer, found)
        return [stream for stream in found if stream.ref.id not in hidden]

    async def list_ingresses(self, room: RoomRef | None = None, *, id: str | None = None) -> list[Ingress]:
        """The server's ingresses, those into a room of that name, or the one of that id, that may be seen here."""
        found = await self.provider.list_ingresses(room, id=id)
        hidden = await self.ports.rooms.hidden_ingresses(self.viewer, found)
        return [ingress for ingress in found if ingress.ref.id not in hidden]

    async def list_calls(self, room: RoomRef) -> list[Call]:
        """Those of this life of a room that may be seen here. Raises `NotFound` as the provider does."""
        found = await self.provider.list_calls(room)
        hidden = await self.ports.rooms.hidden_calls(self.viewer, found)
        return [call for call in found if call.ref.id not in hidden]

    async def dismissed(self, kind: ThingKind, feeds: Collection[Recording | Stream]) -> frozenset[str]:
        """The ids of those that the server lists as going on, and somebody here has let go of."""
        ids = [feed.ref.id for feed in feeds if not feed.status.is_final]
        rooms = self.ports.rooms
        return await rooms.dismissed(self.caller.team_id, kind, self.provider.name, ids) if ids else frozenset()

    async def require_free_name(self, name: str) -> None:
        """Before a room of that name is made or joined, which to the server is one with a room that is not seen here.

        Raises `CommandError`, which does not say whose the name is.
        """
        await self.require_seen(RoomRef(self.provider.name, "", name))

    async def require_seen(self, room: RoomRef) -> None:
        """Of a room that the server has just returned in place of a new one. Raises as `require_free_name` does."""
        if await self.is_hidden(room):
            raise cannot_be_used(room.name)

    async def is_hidden(self, room: RoomRef) -> bool:
        """One without an id is meant by its name."""
        return bool(await self.ports.rooms.hidden(self.viewer, [room]))

    @asynccontextmanager
    async def reserved(self, kind: ThingKind, name: str) -> AsyncIterator[PutBack]:
        """Around the call that makes a room of that name, or what is reserved by it (`directory.reserved_as`): what
        comes up in a private place is private from the first that anybody hears of it. In another place the name is
        free from now on. What has no name is not reserved.

        Kept stays what the server may have made all the same. Where it refused, the name is kept as it was before; what
        is given is called where it made nothing else. Raises `CommandError` for a room's name that somebody else has
        taken meanwhile; what others are about to record or stream can be recorded and streamed, too.
        """
        reserved = await self._reserve(kind, name) if name else None
        if reserved is None and kind is ThingKind.ROOM:
            raise cannot_be_used(name)
        async with self.putting_back(kind, name, reserved) as put_back:
            yield put_back

    @asynccontextmanager
    async def putting_back(self, kind: ThingKind, name: str, reserved: Reserved | None) -> AsyncIterator[PutBack]:
        """Around the call that a name was reserved for; None where none was. As `reserved`."""

        async def put_back() -> None:
            if reserved is not None:
                await self.ports.rooms.restore(self.caller.team_id, kind, self.provider.name, name, reserved)

        try:
            yield put_back
        except (*NOT_MADE, CommandError):
            await put_back()
            raise

    async def _reserve(self, kind: ThingKind, name: str) -> Reserved | None:
        rooms, server = self.ports.rooms, self.provider.name
        if await self.ports.membership.is_private(self.place):
            return await rooms.reserve(self.viewer, kind, server, name, by=self.caller.user_id)
        return await rooms.release(self.viewer, kind, server, name)

    async def release(self, kind: ThingKind, name: str) -> None:
        """What comes up by that name belongs to nobody yet."""
        if name:
            await self.ports.rooms.release(self.viewer, kind, self.provider.name, name)

    async def known_room(self, room: RoomRef) -> KnownRoom | None:
        """What our directory has of that life, or of the newest of that name where there is no id. It is read once:
        every button of a long answer asks for the same."""
        if room not in self._known:
            rooms, viewer = self.ports.rooms, self.viewer
            found = (
                rooms.life(viewer, room.provider, room.id)
                if room.id
                else rooms.newest(viewer, room.provider, room.name)
            )
            self._known[room] = await found
        return self._known[room]

    async def kept_out(self, room: RoomRef) -> list[KeepOut]:
        """Who is kept out of it. One without an id is meant by its name, and may be yet to come."""
        known = await self.known_room(room)
        private_to = {None if known is None else known.private_to, None}
        if known is None or not room.id:
            private_to.add(self.place.channel_id)
        kept = await self.ports.keep_outs.of_room(self.caller.team_id, room.provider, room.name)
        return [each for each in kept if each.private_to in private_to]

    async def reserve_for_token(self, room: RoomRef, lasting: timedelta) -> None:
        """Before a token is made that admits so long: each room that it brings up is private where this one is, or
        where whoever joins would make it. Raises `CommandError` where somebody else has just taken the name."""
        is_private = await self.ports.membership.is_private(self.place)
        joins = replace(self.viewer, user_id=self.caller.user_id) if is_private else None
        await self.reserve_room(room, joins, self.ports.clock.now() + lasting)

    async def reserve_room(self, room: RoomRef, owner: Viewer | None, until: datetime | None = None) -> Reserved | None:
        """Before something is made that may bring the room up: each life is private where this one is, or to `owner`
        where there is none. None where it is public. Raises `CommandError` where somebody else has taken the name."""
        rooms = self.ports.rooms
        known = await rooms.life(self.viewer, room.provider, room.id) if room.id else None
        if known is not None and known.private_to is not None:
            owner = Viewer(self.caller.team_id, known.made_by, known.private_to)
        elif room.id or owner is None:
            return None
        kept = await rooms.reserve(owner, ThingKind.ROOM, room.provider, room.name, by=owner.user_id, until=until)
        if kept is None:
            raise cannot_be_used(room.name)
        return kept

    def remember(self, rooms: Iterable[KnownRoom]) -> None:
        """What was read otherwise is not read again."""
        self._known.update({room.ref: room for room in rooms})

    async def find_room(self, command: "RoomCommand") -> RoomRef:
        """From what was typed or pressed to one life of a room: what we know first, then the server.

        Raises `Ended` for a life that is over and `NothingHere` for a name that is on no server we may look at; where
        only another provider has the name, that one is offered as a button.
        """
        if command.room_id is not None:
            return await self._this_life(command)
        known = await self.ports.rooms.newest(self.viewer, self.provider.name, command.room)
        if known is not None and not known.ended:
            return known.ref
        if Capability.LIST_ROOMS in self.provider.capabilities:
            for room in await self.list_rooms([command.room]):
                return room.ref
        raise await self._not_here(command)

    async def _this_life(self, command: "RoomCommand") -> RoomRef:
        """An id counts only with the name it belongs to, or what a record has of that: it can be typed, and then it is
        anybody's guess.

        Of a life that neither we nor the server know it is said that it has ended: a card may outlive what we keep.
        """
        assert command.room_id is not None
        meant = RoomRef(self.provider.name, command.room_id, command.room)
        known = await self.ports.rooms.life(self.viewer, self.provider.name, command.room_id)
        if known is not None and command.room not in (known.ref.name, without_numbers(known.ref.name)):
            raise await self._not_here(command)
        if known is not None:
            is_live = not known.ended
        elif Capability.LIST_ROOMS in self.provider.capabilities:
            is_live = await self._is_listed(meant)
        else:
            is_live = not await self.is_hidden(meant)
        if not is_live:
            raise has_ended(command.room)
        return known.ref if known is not None else meant

    async def _is_listed(self, room: RoomRef) -> bool:
        return any(live.ref.id == room.id for live in await self.list_rooms([room.name]))

    async def _not_here(self, command: "RoomCommand") -> NothingHere:
        elsewhere = [
            room.ref.provider
            for room in await self.ports.rooms.live_named(self.viewer, command.room)
            if room.ref.provider != self.provider.name and self.standing.on(room.ref.provider).role > Role.NOBODY
        ]
        what = ("There is no room ", Code(repeated(command.room)), " on ", Code(self.provider.name), ".")
        if elsewhere:
            return NothingHere(
                what,
                "There is one of that name on another video server.",
                actions=[
                    Action(f"On {name}", command.model_copy(update={"provider": name}))
                    for name in dict.fromkeys(elsewhere)
                ],
            )
        if await self.ports.settings.get(self.place, CHANNEL_ROOM) == command.room:
            unset = Code(f"{self.ports.slash} setting unset {CHANNEL_ROOM}")
            return NothingHere(
                what, (f"It is what the setting {CHANNEL_ROOM} names here; ", unset, " takes that back.")
            )
        return NothingHere(what, ("See what is live with ", Code(f"{self.ports.slash} room list"), "."))

    async def require_card_place(self) -> None:
        """Raises `NotAllowed` where no card could be posted, before anything is made that would want one."""
        await require_card_place(self.place, self.ports.membership)

    async def report(self, fact: "Fact", *, card: bool = False, made: bool = False) -> None:
        """Hand on what the server answered.

        `card`: this channel wants to see the thing from now on. `made`: the asker made it, and did not just find it.
        """
        await self.ports.facts.report(
            fact,
            team_id=self.caller.team_id,
            made_by=self.caller.user_id if made else None,
            card_in=self.place if card else None,
            is_private=made and await self.ports.membership.is_private(self.place),
        )

    async def participants(self, room: RoomRef) -> list[Participant]:
        """Who is in this life of a room; the cards learn it too. Raises `Ended` where it is over."""
        observed = self.observed()
        try:
            found = await self.provider.list_participants(room)
        except NotFound:
            raise await self.gone(room) from None
        await self.report(ParticipantsListed(room=room, participants=tuple(p.brief() for p in found), **observed))
        return found

    async def gone(self, room: RoomRef) -> CommandError:
        """What to tell the asker when the server did not know this life.

        It is asked once more, as one absence proves nothing; then what we believed of the room is mended.
        """
        if Capability.LIST_ROOMS in self.provider.capabilities and await self._is_listed(room):
            return CommandError(("The video server was not sure about ", Code(room.name), "."), "Try again.")
        if await self.ports.rooms.life(self.viewer, room.provider, room.id) is not None:
            await self.report(RoomFinished(room=room, **self.observed()))
        return has_ended(room.name)

    def observed(self) -> Origin:
        """The common part of a fact that this run has just learnt: no server numbered or dated it."""
        now = self.ports.clock.now()
        return Origin(provider=self.provider.name, key=f"command:{uuid4()}", at=now, seen_at=now, source=Source.COMMAND)


async def enter(ports: Ports, caller: Caller, place: Place, provider: Provider, *, is_aloud: bool = False) -> Context:
    """What somebody who asks there has to hand."""
    return Context(caller, place, provider, ports, await ports.roles.standing(caller), is_aloud)


def viewer_of(ports: Ports, caller: Caller, place: Place, standing: Standing, *, is_aloud: bool = False) -> Viewer:
    """An admin of a video server sees everything on it, but nobody sees aloud what others who read it may not."""
    if is_aloud:
        return Viewer(caller.team_id, None, place.channel_id)
    sees_all = frozenset(name for name in ports.providers.names if standing.on(name).role >= Role.ADMIN)
    return Viewer(caller.team_id, caller.user_id, place.channel_id or None, sees_all)


async def require_card_place(place: Place, membership: Membership) -> None:
    """Raises `NotAllowed` where the bot cannot post, and says how to invite it."""
    if not await membership.can_post(place):
        raise NotAllowed(
            ("I am not in ", Channel(place.channel_id), ", so I could not keep you posted there."),
            ("Type ", Code("/invite"), " and pick ", Person(membership.bot_user_id), ", then try again."),
        )


def cannot_be_used(name: str) -> CommandError:
    """Does not say whose the name is."""
    return CommandError(("The name ", Code(name), " cannot be used here."), "Take another one.")


def has_ended(name: str) -> Ended:
    return Ended(("The room ", Code(name), " has ended."), "Create it again if it is needed.")
