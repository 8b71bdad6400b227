"""What is done with one telephone call: ending it, pressing keys in it, handing it on."""

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Annotated, ClassVar, Self

from pydantic import Field

from commands.core.base import Offered, Offers, Positional, Private, Role, RoomCommand, RoomPin, pin
from commands.core.context import Context
from commands.core.errors import MOST_OFFERED, CommandError, Ended, NothingHere
from commands.core.people import meant
from commands.core.phone_numbers import Callee, Keys, PrivateNumber, require_number, shown_callee, veiled
from commands.core.reply import Action, Code, Form, Question, Reply, Strong
from commands.core.words import a_few
from providers.base import Call, CallStatus, Capability, RoomRef, shown_number
from providers.errors import Conflict, NotFound, ProviderError
from providers.facts import CallChanged

_LOOKED_AT = 100
"""Of the calls that we know of, when it is looked for somebody's own."""


class CallPin(RoomPin):
    """The fields of a `CallCommand` for one call."""

    who: str


def pinned(call: Call) -> CallPin:
    """What a button means: by its id, as one number may be in a room twice."""
    return {**pin(call.room), "who": call.ref.id}


def called(call: Call) -> str:
    """What people know whoever is on the telephone by."""
    return call.number or veiled(call.identity) or call.ref.id


class CallCommand(RoomCommand):
    """A command for one call. `doing` says what is done to it: "Say which one to hang up"."""

    doing: ClassVar[str]

    who: Annotated[Callee, Positional(), Offers(Offered.CALL)] = Field(
        description="Who is on the telephone: the number's last four digits, or the identity"
    )

    async def of_maker(self, ctx: Context) -> Self | None:
        """Theirs is a call into a room that they made, and one that they made themselves."""
        own = await super().of_maker(ctx)
        if own is not None:
            return own
        going_on = [c for c in _named(await self._known(ctx), self.who) if not c.status.is_final]
        if len(going_on) != 1:
            return None  # of several it is said by id which
        [call] = going_on
        maker = await ctx.ports.rooms.made_by(ctx.caller.team_id, call.ref.provider, call.ref.id)
        return self.model_copy(update=pinned(call)) if maker == ctx.caller.user_id else None

    async def find(self, ctx: Context) -> Call:
        """Raises `Ended` where the room or the call is over, and `NothingHere`."""
        room = await ctx.find_room(self)
        calls = await calls_in(ctx, room)
        found = _named(calls, self.who)
        if len(found) == 1:
            return found[0]
        if not found:
            raise await self._not_here(ctx, room, calls)
        raise NothingHere(
            (f"{len(found)} in ", Code(room.name), " are called ", Code(self.who), "."),
            f"Say which one to {self.doing}.",
            actions=[
                Action(f"{called(call)} ({veiled(call.identity) or call.ref.id})", self.model_copy(update=pinned(call)))
                for call in found[:MOST_OFFERED]
            ],
        )

    async def find_answered(self, ctx: Context) -> Call:
        """Raises `CommandError`: what rings hears no keys, and is not handed on."""
        call = await self.find(ctx)
        if call.status is not CallStatus.ACTIVE:
            what = (Strong(called(call)), " in ", Strong(call.room.name), " has not answered yet.")
            raise CommandError(what, "Try again when they have.", actions=[Action("Try again", self)])
        return call

    async def _known(self, ctx: Context) -> list[Call]:
        """The calls into this room that we have heard of, those that have ended too."""
        known = await ctx.ports.rooms.calls(ctx.viewer, self.provider, _LOOKED_AT)
        return [c for c in known if c.room.name == self.room and self.room_id in (None, c.room.id)]

    async def _not_here(self, ctx: Context, room: RoomRef, calls: Sequence[Call]) -> CommandError:
        """The call may have ended, and somebody may be in the room and on no telephone."""
        names = sorted({called(call) for call in calls})
        remedy = f"On the telephone: {a_few(names, MOST_OFFERED)}." if names else "Nobody in it is on the telephone."
        with suppress(ProviderError):
            present = await ctx.participants(room) if Capability.LIST_PARTICIPANTS in ctx.provider.capabilities else []
            if people := meant(present, self.who, ctx.caller.team_id):
                who = Strong(people[0].shown_name)
                return NothingHere((who, " is in ", Code(room.name), ", but not on the telephone."), remedy)
        if over := [c for c in _named(await self._known(ctx), self.who) if c.status.is_final]:
            return Ended(("The call ", *_with(over[0]), " has ended already."), remedy)
        return NothingHere(("Nobody on the telephone in ", Code(room.name), " is called ", Code(self.who), "."), remedy)

    async def over(self, ctx: Context, call: Call) -> Ended:
        """What to tell the asker when the server did not know the call; its card learns it too."""
        await ended(ctx, call)
        return Ended(("The call ", *_with(call), " has ended already."), "Somebody hung up a moment ago.")


async def calls_in(ctx: Context, room: RoomRef) -> list[Call]:
    """Those of this life of a room that go on. Raises `Ended` where it is over."""
    try:
        return await ctx.list_calls(room)
    except NotFound:
        raise await ctx.gone(room) from None


async def ended(ctx: Context, call: Call) -> None:
    """Let its card know."""
    over = replace(call, status=CallStatus.ENDED, ended_at=ctx.ports.clock.now())
    await ctx.report(CallChanged(call=over, **ctx.observed()))


def _named(calls: Sequence[Call], who: str) -> list[Call]:
    """All whom `who` fits, as far as that may be shown: an id and an identity are unique, so they come first."""
    for exact in (
        [call for call in calls if who in (call.ref.id, shown_callee(call.ref.id))],
        [call for call in calls if who in (call.identity, shown_callee(call.identity))],
    ):
        if exact:
            return exact
    return [call for call in calls if who.removeprefix("…") == call.number.removeprefix("…")]


def _with(call: Call) -> tuple[str | Strong, ...]:
    return ("with ", Strong(called(call)), " in ", Strong(call.room.name))


class SipHangup(
    CallCommand,
    path="sip hangup",
    heading="End call",
    role=Role.OPERATOR,
    needs=(Capability.HANG_UP, Capability.LIST_CALLS),
    examples=("standup 4567", "standup phone-4567"),
    aliases=("sip hang-up",),
):
    """Hang up on somebody who is in a room by telephone."""

    doing: ClassVar[str] = "hang up"

    async def question(self, ctx: Context) -> Question:
        call = await self.find(ctx)
        return Question(
            text=("Hang up on ", Strong(called(call)), " in ", Strong(call.room.name), "?"),
            command=self.model_copy(update=pinned(call)),
            confirm="Hang up",
        )

    async def run(self, ctx: Context) -> Reply:
        call = await self.find(ctx)
        try:
            await ctx.provider.hang_up(call)
        except NotFound:
            raise await self.over(ctx, call) from None
        await ended(ctx, call)
        return Reply(text=("Hung up on ", Strong(called(call)), " in ", Strong(call.room.name), "."))

    async def aftermath(self, ctx: Context) -> Reply:
        call = await self.find(ctx)
        return Reply(text=("The call ", *_with(call), " goes on; hang up again if you want that."))


class SipDtmf(
    CallCommand,
    path="sip dtmf",
    heading="Send digits",
    role=Role.OPERATOR,
    needs=(Capability.SEND_DTMF, Capability.LIST_CALLS),
    examples=("standup 4567 1234#", "standup phone-4567 ww2"),
):
    """Press keys in a telephone call, as for a menu or a PIN."""

    doing: ClassVar[str] = "press keys for"

    digits: Annotated[Keys, Positional()] = Field(
        description="0 to 9, *, #, A to D; w waits half a second. Nothing keeps them"
    )

    async def run(self, ctx: Context) -> Reply:
        call = await self.find_answered(ctx)
        try:
            await ctx.provider.send_dtmf(call, self.digits)
        except NotFound:
            raise await self.over(ctx, call) from None
        return Reply(text=("Pressed the keys for ", Strong(called(call)), " in ", Strong(call.room.name), "."))

    async def aftermath(self, ctx: Context) -> Reply:
        call = await self.find(ctx)
        return Reply(
            text=("Whether the keys were pressed for ", Strong(called(call)), " no video server tells."),
            hint="Listen where the call is before you press them again.",
            actions=(Form("Send digits...", SipDtmf, tuple(pinned(call).items())),),
        )


class SipTransfer(
    CallCommand,
    path="sip transfer",
    heading="Transfer call",
    role=Role.OPERATOR,
    needs=(Capability.TRANSFER_CALL, Capability.LIST_CALLS),
    examples=("standup 4567 +493012345678",),
):
    """Hand somebody who is in a room by telephone on to another number."""

    doing: ClassVar[str] = "transfer"

    number: Annotated[PrivateNumber, Positional(), Private()] = Field(
        description="Where to: the number in full, such as +493012345678"
    )

    async def question(self, ctx: Context) -> Question:
        require_number(self.number)
        call = await self.find_answered(ctx)
        return Question(
            text=(
                *("Transfer ", Strong(called(call)), " from ", Strong(call.room.name), " to ", Code(self.number), "? "),
                "They leave the room, and the call to that number costs money.",
            ),
            command=self.model_copy(update=pinned(call)),
            confirm="Transfer",
            alone=True,
        )

    async def run(self, ctx: Context) -> Reply:
        call = await self.find_answered(ctx)
        try:
            await ctx.provider.transfer_call(call, self.number)
        except NotFound:
            raise await self.over(ctx, call) from None
        except Conflict as refused:
            said = f" The video server said: {refused.detail}." if refused.detail else ""
            raise CommandError(
                ("The other side did not take the transfer of ", Strong(called(call)), "."),
                f"They are still in the room.{said} Check the number, and whether the trunk allows transfers.",
            ) from None
        await ended(ctx, call)
        to = shown_number(self.number)
        return Reply(text=("Transferred ", Strong(called(call)), " from ", Strong(call.room.name), f" to {to}."))

    async def aftermath(self, ctx: Context) -> Reply:
        call = await self.find(ctx)
        return Reply(text=(Strong(called(call)), " is still in ", Strong(call.room.name), "; transfer them again."))
