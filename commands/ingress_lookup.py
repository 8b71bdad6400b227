"""The one ingress that a command is about, by its id, by its name or by the room that it leads into."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, ClassVar, Self

from pydantic import Field

from commands.core.base import Command, Offered, Offers, Positional, RoomName, ServerCommand
from commands.core.context import Context
from commands.core.errors import MOST_OFFERED, CommandError, Ended, NothingHere
from commands.core.ingress_fields import IngressName, key_not_repeated
from commands.core.ingress_words import status_words
from commands.core.repeating import may_hold_key
from commands.core.reply import Action, Code, Mark, Strong
from commands.one_feed import other_servers
from providers.base import Ingress, IngressStatus, RoomRef
from providers.facts import IngressChanged

_LOOKED_AT = 100
"""Of the ingresses that we know of, on each video server."""


class OneIngress(ServerCommand):
    """Base of the commands for one ingress. `doing` says what is done to it: "Say which one to delete"."""

    doing: ClassVar[str] = "change"
    may_meet_keys: ClassVar[bool] = True

    ingress: Annotated[IngressName, Positional(), RoomName(), Offers(Offered.INGRESS)] = Field(
        description="Id of the ingress, its name, its identity, or the room that it leads into"
    )

    async def of_maker(self, ctx: Context) -> Self | None:
        """Theirs is what they made, and what leads into a live room that they made."""
        known = await ctx.ports.rooms.ingresses(ctx.viewer, self.provider, _LOOKED_AT)
        meant = self.meant([i for i in known if i.ref.id == self.ingress or not i.status.is_final])
        own = [ingress for ingress in meant if await _is_makers(ctx, ingress)]
        return self.pinned(own[0]) if len(own) == 1 else None

    def is_called(self, ingress: Ingress) -> bool:
        return self.ingress in (ingress.name, ingress.identity, ingress.room.name)

    def meant(self, ingresses: Sequence[Ingress]) -> list[Ingress]:
        """By id, else by name, which is chosen for people; then by identity, then by room."""
        ids = [i for i in ingresses if i.ref.id == self.ingress]
        names = [i for i in ingresses if i.name == self.ingress]
        identities = [i for i in ingresses if i.identity == self.ingress]
        return ids or names or identities or [i for i in ingresses if i.room.name == self.ingress]

    def pinned(self, ingress: Ingress) -> Self:
        """The same for exactly that one."""
        return self.model_copy(update={"provider": ingress.ref.provider, "ingress": ingress.ref.id})

    async def find(self, ctx: Context) -> Ingress:
        """By id, else the only one that is called so. Raises `Ended` and `NothingHere`."""
        meant = self.meant(await ctx.list_ingresses())
        if len(meant) == 1:
            ctx.meant.append(meant[0].room.name or meant[0].ref.id)
            return meant[0]
        if meant:
            raise self._which(ctx, meant)
        raise await self._not_here(ctx)

    def _which(self, ctx: Context, meant: list[Ingress]) -> CommandError:
        verb = self.doing.capitalize()
        offered = [Action(f"{verb} {i.ref.id}, {status_words(i)}", self.pinned(i)) for i in meant[:MOST_OFFERED]]
        if len(meant) > MOST_OFFERED:
            offered.append(Action("See all", self._every(ctx)))
        return NothingHere(
            ("There are ", f"{len(meant)}", " ingresses called ", Code(self.ingress), " or into a room of that name."),
            f"Say which one to {self.doing}, by its id.",
            actions=offered,
        )

    def _every(self, ctx: Context) -> Command:
        return ctx.ports.commands["ingress", "list"].model_validate({"provider": self.provider})

    async def _not_here(self, ctx: Context) -> CommandError:
        """Where another video server has it, as far as we know, that one is offered. Asks no other server: one that
        does not answer would hold up the answer."""
        rooms, viewer = ctx.ports.rooms, ctx.viewer
        for known in await rooms.ingresses(viewer, self.provider, _LOOKED_AT):
            if known.ref.id == self.ingress:
                return await is_deleted(ctx, known)
        elsewhere = [
            Action(f"On {name}", self.pinned(known))
            for name in other_servers(ctx, self.provider)
            for known in await rooms.ingresses(viewer, name, _LOOKED_AT)
            if known.ref.id == self.ingress or (self.is_called(known) and not known.status.is_final)
        ]
        if may_hold_key(self.ingress) and not elsewhere:
            return key_not_repeated()
        what = ("There is no ingress ", Code(self.ingress), " on ", Code(self.provider), ".")
        if elsewhere:
            return NothingHere(what, "There is one on another video server.", actions=elsewhere[:MOST_OFFERED])
        return NothingHere(what, ("See ", Code(f"{ctx.ports.slash} ingress list"), "."))


async def is_deleted(ctx: Context, ingress: Ingress) -> Ended:
    """What to tell whoever meant one that the server has no more; what we believed of it is mended."""
    if not ingress.status.is_final:
        gone = replace(ingress, status=IngressStatus.DELETED)
        await ctx.report(IngressChanged(ingress=gone, **ctx.observed()))
    return Ended(
        ("The ingress ", *subject(ingress), " has been deleted."),
        ("See ", Code(f"{ctx.ports.slash} ingress list"), " for what there is."),
    )


def subject(ingress: Ingress) -> tuple[str | Mark, ...]:
    """`*Camera 2* into *standup*`."""
    room = ingress.room.name
    return (Strong(ingress.shown_name), " into ", Strong(room)) if room else (Strong(ingress.shown_name),)


async def _is_makers(ctx: Context, ingress: Ingress) -> bool:
    """Whether the asker has made it, or the live room of its name."""
    me = ctx.caller.user_id
    if await ctx.ports.rooms.made_by(ctx.caller.team_id, ingress.ref.provider, ingress.ref.id) == me:
        return True
    return await has_made_room(ctx, ingress.ref.provider, ingress.room.name)


async def require_no_key(ctx: Context, room: str) -> None:
    """Raises `NothingHere` for what looks like a key and is, to our knowledge, the name of no room."""
    if may_hold_key(room) and await ctx.known_room(RoomRef(ctx.provider.name, "", room)) is None:
        raise key_not_repeated()


async def has_made_room(ctx: Context, provider: str, name: str) -> bool:
    """Whether a room of that name is live that the asker has made."""
    known = await ctx.known_room(RoomRef(provider, "", name)) if name else None
    return known is not None and not known.ended and known.made_by == ctx.caller.user_id
