"""Who is in rooms by telephone."""

import asyncio
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from commands.core.base import Internal, Offered, Offers, Positional, RoomName, ServerCommand
from commands.core.context import Context
from commands.core.paging import PagedCommand, Rows
from commands.core.phone_numbers import veiled
from commands.core.reply import Code, Form, Item, Moment, Reply, Strong, Text
from commands.core.types import Name
from commands.core.words import counted, in_a_row, in_natural_order
from commands.sip_actions import call_actions
from commands.sip_call import called
from commands.sip_dial import SipDial
from providers.base import Call, Capability, Provider, RoomRef
from providers.errors import NotFound

_MOST_ASKED: Final = 40
"""In how many rooms it is looked, those first of which we know that somebody is on the telephone there."""

_KNOWN: Final = 100


class SipList(
    PagedCommand,
    ServerCommand,
    path="sip list",
    heading="List calls",
    needs=(Capability.LIST_CALLS, Capability.LIST_ROOMS),
    examples=("", "standup"),
    aliases=("sip calls",),
):
    """List who is in rooms by telephone, and who is being called."""

    filters = ("room", "room_id")
    per_page = 6

    room: Annotated[Name | None, Positional(), RoomName(), Offers(Offered.ROOM)] = Field(
        None, description="Only those in this room"
    )
    room_id: Annotated[str | None, Internal(of="room")] = Field(None, description="The life of the room that is meant")

    async def run(self, ctx: Context) -> Reply:
        rooms = await self._rooms(ctx)
        asked = rooms[:_MOST_ASKED]
        found = [call for calls in await asyncio.gather(*(_calls(ctx, room) for room in asked)) for call in calls]
        found.sort(key=lambda c: (in_natural_order(c.room.name), called(c), c.ref.id))
        left_out = _not_asked(len(rooms))
        if not found:
            given = (("provider", ctx.provider.name), *((("room", self.room),) if self.room is not None else ()))
            dial = (Form("Call...", SipDial, given),) if SipDial.spec.needs <= ctx.provider.capabilities else ()
            return Reply(text=self._how_many(ctx, 0), hint=left_out, actions=dial)
        shown: Rows[Call] = Rows(
            item=lambda c: _item(c, ctx.provider),
            columns=("Room", "Who", "Identity", "State", "Since", "Call"),
            cells=_cells,
            names=lambda c: c.room.name + c.room.id + c.ref.id,
            buttons=3,
        )
        facts: tuple[tuple[str, Text], ...] = (("Not all rooms", left_out),) if left_out else ()
        return self.listed(self._how_many(ctx, len(found)), found, shown, facts=facts)

    async def _rooms(self, ctx: Context) -> list[RoomRef]:
        live = [room.ref for room in await ctx.list_rooms([self.room] if self.room is not None else ())]
        if self.room_id is not None:
            return [room for room in live if room.id == self.room_id]
        known = await ctx.ports.rooms.calls(ctx.viewer, ctx.provider.name, _KNOWN)
        first = {call.room.id for call in known if not call.status.is_final}
        return sorted(live, key=lambda room: room.id not in first)

    def _how_many(self, ctx: Context, found: int) -> Text:
        where = ("on ", Code(ctx.provider.name)) if self.room is None else ("in ", Strong(self.room))
        return (counted(found, "call", "calls") if found else "No call", " at this moment ", *where, ".")


async def _calls(ctx: Context, room: RoomRef) -> Sequence[Call]:
    """None in a room that has ended meanwhile."""
    try:
        return await ctx.list_calls(room)
    except NotFound:
        return ()


def _not_asked(rooms: int) -> str:
    if rooms <= _MOST_ASKED:
        return ""
    return f"I looked in {_MOST_ASKED} of {rooms:,} rooms; name the room to look in another one."


def _item(call: Call, provider: Provider) -> Item:
    return Item(
        title=(Strong(called(call)), " in ", Strong(call.room.name), f" · {call.status.value}"),
        detail=in_a_row(
            "called in" if call.is_inbound else "was called",
            (Code(veiled(call.identity)),) if call.identity else "",
            ("since ", Moment(call.started_at)) if call.started_at else "",
            call.error or "",
        ),
        actions=tuple(b for b in call_actions(call) if b.command_type.spec.needs <= provider.capabilities),
    )


def _cells(call: Call) -> tuple[Text, ...]:
    return (
        (Strong(call.room.name),),
        (Strong(called(call)),),
        (Code(veiled(call.identity)),) if call.identity else "",
        f"{call.status.value}, {'called in' if call.is_inbound else 'was called'}",
        (Moment(call.started_at),) if call.started_at else "",
        (Code(call.ref.id),),
    )
