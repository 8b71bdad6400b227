"""Ingresses that nobody needs any more, or nothing works on: which there are, and their end."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Annotated, Final

from pydantic import Field

from commands.core.asking import every_live_room, in_each
from commands.core.base import Internal, Role, ServerCommand
from commands.core.context import Context
from commands.core.errors import NothingHere
from commands.core.ingress_orphans import Orphan, Orphaned, is_silent, may_be_in, why_orphaned
from commands.core.reply import Action, Code, Moment, Question, Reply, Text
from commands.core.words import counted, in_a_row, joined, parts
from commands.ingress_lookup import subject
from commands.ingress_upkeep import delete
from providers.base import Capability, Ingress, RoomRef
from providers.errors import ProviderError

MOST: Final = 10
"""Of those that are deleted at once: so many a question can list."""


class IngressClean(
    ServerCommand,
    path="ingress clean",
    heading="Clean up",
    role=Role.OPERATOR,
    needs=(Capability.DELETE_INGRESS, Capability.LIST_INGRESSES),
):
    """Delete the ingresses whose worker died."""

    ids: Annotated[tuple[str, ...], Internal()] = Field((), description="Those that the question listed")

    async def question(self, ctx: Context) -> Question:
        found = await self._found(ctx)
        if not found:
            raise NothingHere(_nothing_to_clean(ctx), ("See ", Code(f"{ctx.ports.slash} ingress list --orphans"), "."))
        listed = found[:MOST]
        more = f" {len(found) - len(listed)} more come after these." if len(found) > len(listed) else ""
        many = "these ingresses, with their keys" if len(listed) > 1 else "this ingress, with its key"
        return Question(
            text=f"Delete {many}?{more}",
            facts=tuple((each.ref.id, (*subject(each), f": {Orphan.WORKER_DIED}")) for each in listed),
            command=self.model_copy(update={"ids": tuple(each.ref.id for each in listed)}),
            confirm="Clean up",
            deny="Keep them" if len(listed) > 1 else "Keep it",
        )

    async def run(self, ctx: Context) -> Reply:
        """Looks again: what has come back to life since it was asked is kept."""
        found = {ingress.ref.id: ingress for ingress in await self._found(ctx)}
        gone = [found[id] for id in self.ids if id in found]
        ends = await asyncio.gather(*(_end(ctx, ingress) for ingress in gone))
        kept = [id for id in self.ids if id not in found]
        failed = [(ingress, trouble) for ingress, trouble in zip(gone, ends, strict=True) if trouble]
        facts: list[tuple[str, Text]] = [(each.ref.id, f"not deleted: {trouble}") for each, trouble in failed]
        facts += [(id, "kept: its worker is back, or somebody has deleted it") for id in kept]
        deleted = len(gone) - len(failed)
        number = counted(deleted, "ingress", "ingresses") if deleted else "no ingress"
        again = (Action("Clean up again", IngressClean(provider=self.provider)),) if failed else ()
        return Reply(text=("Deleted ", number, "."), facts=tuple(facts), actions=again)

    async def _found(self, ctx: Context) -> Sequence[Ingress]:
        """Those beyond doubt: with an ingress its key is gone, which may be set in an encoder."""
        ingresses = await ctx.list_ingresses()
        sure = {id for id, orphaned in (await orphans(ctx, ingresses)).items() if orphaned.is_sure}
        return [ingress for ingress in ingresses if ingress.ref.id in sure]

    async def aftermath(self, ctx: Context) -> Reply:
        found = await self._found(ctx)
        if not found:
            return Reply(text=_nothing_to_clean(ctx))
        ids = joined([(Code(ingress.ref.id),) for ingress in found], ", ")
        are = counted(len(found), "ingress has lost its worker", "ingresses have lost their workers")
        again = Action("Clean up", IngressClean(provider=self.provider))
        return Reply(text=(f"{are}: ", *parts(ids), "; clean up again if you want that."), actions=(again,))


def _nothing_to_clean(ctx: Context) -> Text:
    return ("No ingress on ", Code(ctx.provider.name), " has lost its worker.")


def orphan_words(ingress: Ingress, orphaned: Orphaned | None) -> Text:
    """`its room is gone · ended yesterday at 18:00 · last received yesterday at 17:55`; empty for None."""
    if orphaned is None:
        return ""
    ended_at = orphaned.room_ended_at
    received = ("last received ", Moment(ingress.ended_at)) if ended_at and ingress.ended_at else ""
    return in_a_row(orphaned.why, ("ended ", Moment(ended_at)) if ended_at else "", received)


async def orphans(ctx: Context, ingresses: Sequence[Ingress]) -> Mapping[str, Orphaned]:
    """Which of them are orphans, by their ids. Nothing where the server does not tell its rooms.

    It is asked once for these, and for the people of those into which something comes by its record alone. Rooms that
    are not seen here count: their names and people are not told, but that an ingress is of use in one is.
    """
    if not ingresses or Capability.LIST_ROOMS not in ctx.provider.capabilities:
        return {}
    now, live = ctx.ports.clock.now(), await every_live_room(ctx.provider)
    silent = {each.ref.id: may_be_in(each, live) for each in ingresses if is_silent(each, now)}
    can_look = Capability.LIST_PARTICIPANTS in ctx.provider.capabilities
    asked = {room for rooms in silent.values() for room in rooms}
    there = await in_each(asked, ctx.provider.list_participants) if can_look else None
    ended = await _ended(ctx, ingresses, live)
    why = {
        each.ref.id: why_orphaned(
            each,
            now,
            participants=None if there is None else [who for r in silent.get(each.ref.id, ()) for who in there[r]],
            room_ended_at=ended.get(each.room.name),
        )
        for each in ingresses
    }
    return {id: orphaned for id, orphaned in why.items() if orphaned is not None}


async def _ended(ctx: Context, ingresses: Iterable[Ingress], live: Iterable[RoomRef]) -> Mapping[str, datetime]:
    """When the rooms of those that wait ended, by name, where none is live."""
    names = {each.room.name for each in ingresses if each.room.name and not each.status.is_receiving}
    names -= {room.name for room in live}
    return await ctx.ports.rooms.ended(ctx.viewer, ctx.provider.name, names) if names else {}


async def _end(ctx: Context, ingress: Ingress) -> str:
    """Why it is not deleted; empty where it is, or was before."""
    try:
        await delete(ctx, ingress)
    except ProviderError as trouble:
        return trouble.what
    return ""
