"""Calling somebody into a room by telephone."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from itertools import count
from typing import Annotated, Final

from pydantic import Field

from commands.core.base import Advanced, Offered, Offers, Positional, Private, Role, RoomCommand, pin
from commands.core.context import Context
from commands.core.egress_starting import began_since
from commands.core.errors import CommandError, NothingHere, Problem
from commands.core.identity import numbered
from commands.core.phone_numbers import Keys, PhoneNumber, PrivateNumber, require_number
from commands.core.reply import Action, Code, Question, Reply, Strong, Text
from commands.core.sip_trunks import trunk_name
from commands.core.types import Duration, Name
from commands.core.words import in_a_row
from commands.sip_call import SipHangup, called, calls_in, pinned
from commands.sip_lookup import outbound_trunk
from providers.base import Call, Capability, DialOptions, Provider, RoomRef, Trunk, shown_number
from providers.errors import NotFound, NoWorker, TimedOut
from providers.facts import CallChanged, ThingKind

_LAST: Final = 4
"""How many digits of a number stand in the identity."""


class MayStillRing(TimedOut):
    """The video server has not said in time whether it calls. It may ring all the same, so look who is called before
    you call again."""


class SipDial(
    RoomCommand,
    path="sip dial",
    heading="Call a telephone",
    role=Role.OPERATOR,
    needs=(Capability.DIAL, Capability.LIST_TRUNKS),
    examples=("standup +493012345678", 'standup "+49 30 1234 5678" --trunk office --ringing-for 45s'),
):
    """Call somebody into a room by telephone."""

    number: Annotated[PrivateNumber, Positional(), Private()] = Field(
        description="Whom to call: the number in full, such as +493012345678"
    )
    trunk: Annotated[Name | None, Offers(Offered.TRUNK)] = Field(
        None, description="By which trunk, its name or id; needed where several lead out"
    )
    identity: Annotated[Name | None, Advanced()] = Field(
        None, description="What they are in the room, unique there; phone- and the last four digits by default"
    )
    name: str = Field("", description="The name that others see; the last four digits by default")
    from_: PhoneNumber | None = Field(None, description="The number that they see, one of the trunk's")
    dtmf: Annotated[Keys | None, Advanced()] = Field(
        None, description="Keys to press once somebody answers, such as the PIN of a conference; w waits half a second"
    )
    ringing_for: Annotated[Duration | None, Advanced()] = Field(
        None, description="Give up when nobody has answered for so long, such as 45s"
    )
    max_duration: Duration | None = Field(None, description="Hang up by itself after so long, such as 1h")
    dialtone: Annotated[bool, Advanced()] = Field(False, description="Let the room hear that it rings")

    def problems(self, provider: Provider) -> list[Problem]:
        limits = provider.limits
        checked = {
            "identity": limits.identity_problem(self.identity) if self.identity is not None else None,
            "name": limits.display_name_problem(self.name),
        }
        return [Problem(text, field) for field, text in checked.items() if text]

    async def question(self, ctx: Context) -> Question:
        require_number(self.number)
        room, trunk = await ctx.find_room(self), await self._trunk(ctx)
        there = [c for c in await self._calls(ctx, room) if c.number == shown_number(self.number)]
        facts: list[tuple[str, Text]] = [
            ("Trunk", in_a_row((Strong(trunk_name(trunk)),), (Code(trunk.ref.id),), trunk.address)),
            ("They see", self.from_ or next(iter(trunk.numbers), "")),
            ("Already called", f"{called(there[0])} is in it by telephone." if there else ""),
        ]
        return Question(
            text=("Call ", Code(self.number), " into ", Strong(room.name), "? A call costs money."),
            facts=tuple((label, value) for label, value in facts if value),
            command=self.model_copy(update={**pin(room), "trunk": trunk.ref.id}),
            confirm="Call",
            alone=True,
        )

    async def run(self, ctx: Context) -> Reply:
        await ctx.require_card_place()
        room, trunk = await ctx.find_room(self), await self._trunk(ctx)
        options = DialOptions(
            number=self.number,
            trunk=trunk.ref.id,
            identity=await self._identity(ctx, room),
            name=self.name or shown_number(self.number),
            caller_number=self.from_ or "",
            dtmf=self.dtmf,
            ringing_for=self.ringing_for,
            lasts_at_most=self.max_duration,
            plays_dialtone=self.dialtone,
        )
        async with self._dialing(ctx, room), ctx.reserved(ThingKind.CALL, room.name):
            call = await ctx.provider.dial(room, options)
        await ctx.report(CallChanged(call=call, **ctx.observed()), card=True, made=True)
        await ctx.release(ThingKind.CALL, room.name)
        return Reply(
            text=("Calling ", Strong(called(call)), " into ", Strong(room.name), ". Its card says how it goes."),
            actions=(_hang_up(call),),
        )

    async def aftermath(self, ctx: Context) -> Reply:
        """Which number was called stands in no record."""
        await ctx.require_card_place()
        room = await ctx.find_room(self)
        calls = [c for c in await calls_in(ctx, room) if not c.is_inbound and began_since(ctx, c.started_at)]
        for call in calls:
            await ctx.report(CallChanged(call=call, **ctx.observed()), card=True)
        if not calls:
            return Reply(text=("Nobody is being called into ", Strong(room.name), "; call again if you want that."))
        call = calls[0]
        text = ("A call into ", Strong(room.name), ", to ", Strong(called(call)), f", is {call.status.value}.")
        return Reply(text=text, actions=(_hang_up(call),))

    async def _trunk(self, ctx: Context) -> Trunk:
        """Raises `NothingHere`."""
        trunk = await outbound_trunk(ctx, self.trunk, lambda t: self.model_copy(update={"trunk": t.ref.id}))
        if self.from_ is None or self.from_ in trunk.numbers:
            return trunk
        own = trunk.numbers[:_LAST]
        raise NothingHere(
            ("The trunk ", Strong(trunk_name(trunk)), " does not have the number ", Code(self.from_), "."),
            "Calls go out under a number of the trunk.",
            actions=[Action(f"As {number}", self.model_copy(update={"from_": number})) for number in own],
        )

    async def _calls(self, ctx: Context, room: RoomRef) -> list[Call]:
        return await calls_in(ctx, room) if Capability.LIST_CALLS in ctx.provider.capabilities else []

    async def _identity(self, ctx: Context, room: RoomRef) -> str:
        """One that nobody in the room has: whoever comes in with another's throws them out. Raises `CommandError`."""
        can_tell = Capability.LIST_PARTICIPANTS in ctx.provider.capabilities
        taken = {p.identity for p in await ctx.participants(room)} if can_tell else set[str]()
        if self.identity is None:
            plain = f"phone-{self.number[-_LAST:].removeprefix('+')}"
            return next(each for number in count(1) if (each := numbered(plain, number)) not in taken)
        if self.identity in taken:
            what = (Code(self.identity), " is in ", Strong(room.name), " already, and the call would throw them out.")
            raise CommandError(what, "Give another --identity, or none.")
        return self.identity

    @asynccontextmanager
    async def _dialing(self, ctx: Context, room: RoomRef) -> AsyncIterator[None]:
        """Around the call to the server. Raises `CommandError` and `MayStillRing`."""
        try:
            yield
        except NotFound:
            await self._trunk(ctx)
            raise await ctx.gone(room) from None
        except NoWorker:
            raise CommandError(
                ("No SIP service of ", Code(ctx.provider.name), " answers, so nobody was called."),
                "Calls need one that runs beside the video server and is connected to it. Have it started, "
                "or wait until it is less busy; trunks and rules can be set up without.",
                actions=[Action("Try again", self)],
            ) from None
        except TimedOut as error:
            raise MayStillRing(error.detail, provider=error.provider, operation=error.operation) from error


def _hang_up(call: Call) -> Action:
    return Action("Hang up", SipHangup(**pinned(call)), description=f"Hang up on {called(call)}")
