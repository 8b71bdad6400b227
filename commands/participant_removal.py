"""Taking people out of a room, keeping them out, and letting them back in."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field

from commands.core.base import Arg, Internal, Role, RoomCommand
from commands.core.context import Context
from commands.core.errors import Ended, NothingHere, Problem
from commands.core.identity import without_number
from commands.core.invitation import keep_out_of, may_lift, own_lift_refused
from commands.core.people import (
    NotInRoom,
    PersonCommand,
    as_identity,
    choose,
    handle,
    has_left,
    meant,
    pinned,
    shown,
    shown_identity,
)
from commands.core.phone_numbers import without_numbers
from commands.core.ports import KeepOut
from commands.core.reply import Action, Code, Mark, Moment, Question, Reply, Strong, Text
from commands.core.types import Duration, Name, spell_duration
from commands.core.words import in_a_row, spoken_duration
from providers.base import Capability, Participant, Provider, RoomRef
from providers.errors import NotFound, ProviderError
from providers.facts import ParticipantLeft

KEEP_OUT_MAX = timedelta(days=30)
KEEP_OUT_OFFERED = timedelta(hours=1)
_MOST_KEPT_OUT_SHOWN = 5
_UNHEARD = (
    "No webhook of this video server has ever reached me, and without one I do not hear of who comes back. "
    "Have its webhooks sent here."
)


class ParticipantRemove(
    PersonCommand,
    path="participant remove",
    role=Role.OPERATOR,
    needs=(Capability.REMOVE_PARTICIPANT, Capability.LIST_PARTICIPANTS),
    examples=("standup bob", "standup bob --keep-out 1h"),
    aliases=("participant kick",),
):
    """Disconnect somebody from a room, and keep them out if wanted."""

    keep_out: Duration | None = Field(None, description="Remove them again when they come back within this time")
    stays: Annotated[tuple[str, ...], Internal()] = Field(
        (), description="The server's ids of those who were there when it was asked"
    )

    def problems(self, provider: Provider) -> list[Problem]:
        found: list[Problem] = []
        if self.keep_out is not None and self.keep_out > KEEP_OUT_MAX:
            found.append(Problem(f"Somebody can be kept out for {spell_duration(KEEP_OUT_MAX)} at most.", "keep_out"))
        if self.keep_out is not None and (problem := provider.limits.identity_problem(self.who)):
            found.append(Problem(problem, "who"))
        return found

    async def question(self, ctx: Context) -> Question:
        room = await ctx.find_room(self)
        present = await ctx.participants(room)
        try:
            person = self._choose(ctx, room, present)
        except NotInRoom as absent:
            return self._about_the_absent(ctx, room, absent)
        if self.keep_out is None:
            kept, stays, command = "", [person], self._pinned(room, handle(person))
        else:
            kept = f" They are kept out for {spoken_duration(self.keep_out, exact=True)}."
            stays = _same_person(present, person.identity)
            there = tuple(stay.id for stay in stays)
            command = self._pinned(room, person.identity).model_copy(update={"stays": there})
        return Question(
            text=("Remove ", Strong(person.shown_name), " from ", Strong(room.name), f"?{kept}"),
            facts=(("Identity", in_a_row(*((Code(shown_identity(stay)),) for stay in stays))),),
            command=command,
            confirm="Remove",
        )

    def _choose(self, ctx: Context, room: RoomRef, present: Sequence[Participant]) -> Participant:
        """Whoever is kept out is so by all their identities, so that it does not matter which of them is meant."""
        if self.keep_out is not None:
            named = [] if self.exact else meant(present, self.who, ctx.caller.team_id)
            found = named or _same_person(present, self.who)
            if len({without_number(each.identity) for each in found}) == 1:
                return found[0]
        return choose(ctx, present, room, self.who, self)

    def _about_the_absent(self, ctx: Context, room: RoomRef, absent: NotInRoom) -> Question:
        """Whoever is not in the room can be kept out too. Where somebody of a similar name is in it, that is said."""
        if self.keep_out is None:
            raise absent
        command = self._pinned(room, self.who if self.exact else as_identity(self.who, ctx.caller.team_id))
        if absent.actions and not self.exact:
            anyway = Action(f"Keep out {without_numbers(command.who)}", command)
            raise NotInRoom(absent.what, absent.remedy, actions=(*absent.actions, anyway)) from None
        who, time = shown(command.who, ctx.caller.team_id), spoken_duration(self.keep_out, exact=True)
        return Question(
            text=(who, " is not in ", Strong(room.name), f" at this moment. Keep that identity out of it for {time}?"),
            command=command,
            confirm="Keep out",
        )

    def _pinned(self, room: RoomRef, identity: str) -> Self:
        return self.model_copy(update=pinned(room, identity))

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        if self.keep_out is not None:
            return await self._keep_out(ctx, room, self.keep_out)
        person = await self._remove(ctx, room)
        again = self._pinned(room, person.identity).model_copy(update={"keep_out": KEEP_OUT_OFFERED})
        return Reply(
            text=("Removed ", Strong(person.shown_name), " from ", Strong(room.name), "."),
            hint="They can come back with a token that is still good, unless they are kept out.",
            actions=(Action("Keep out 1h", again, description=f"Keep {person.shown_name} out for an hour"),),
        )

    async def _keep_out(self, ctx: Context, room: RoomRef, time: timedelta) -> Reply:
        """Written down before anybody is removed, so that nobody slips in between. A dead server is no excuse."""
        who = self.who if self.exact else self._choose(ctx, room, await ctx.participants(room)).identity
        present, trouble = await _look(ctx, room)
        there = _same_person(present, who)
        stays = {*self.stays, *(p.id for p in there)}
        until, known = ctx.ports.clock.now() + time, await ctx.ports.rooms.life(ctx.viewer, room.provider, room.id)
        kept = KeepOut(
            room.provider,
            room.name,
            without_number(who),
            until,
            ctx.caller.user_id,
            tuple(sorted(stays)),
            known.private_to if known is not None else None,
        )
        await _require_no_way_back(ctx, room, kept)
        await ctx.ports.keep_outs.add(ctx.caller.team_id, kept)
        removed: list[Participant] = []
        try:
            removed = [person for person in there if await _is_removed(ctx, room, person)]
        except ProviderError as failure:
            trouble = failure
        return Reply(
            text=(*_how_it_went(room, shown(who, ctx.caller.team_id), removed, trouble), Moment(until), "."),
            hint="" if await ctx.ports.keep_outs.hears_of(ctx.caller.team_id, room.provider) else _UNHEARD,
            actions=await _let_back_in(ctx, kept),
        )

    async def _remove(self, ctx: Context, room: RoomRef) -> Participant:
        person = await self.find_who(ctx, room)
        if not await _is_removed(ctx, room, person):
            raise await has_left(ctx, room, person)
        return person

    async def aftermath(self, ctx: Context) -> Reply:
        kept = await self._how_kept(ctx)
        try:
            person = await self.find_who(ctx, await ctx.find_room(self))
        except (Ended, NothingHere):
            return Reply(text=(shown(self.who, ctx.caller.team_id), " is not in ", Strong(self.room), ".", *kept))
        is_in: Text = (Strong(person.shown_name), " is still in ", Strong(self.room))
        return Reply(text=(*is_in, "; remove them again if you want that.", *kept))

    async def _how_kept(self, ctx: Context) -> Sequence[str | Mark]:
        """Nothing where nobody was to be kept out."""
        if self.keep_out is None:
            return ()
        room, identity = RoomRef(self.provider, "", self.room), as_identity(self.who, ctx.caller.team_id)
        kept = await keep_out_of(ctx, room, identity)
        return (" They are not kept out.",) if kept is None else (" They are kept out until ", Moment(kept.until), ".")


class ParticipantAdmit(
    RoomCommand,
    path="participant admit",
    role=Role.OPERATOR,
    needs=Capability.REMOVE_PARTICIPANT,
    examples=("standup bob", '"Q3 review" @ana'),
):
    """Let somebody who was kept out come into a room again."""

    who: Arg[Name] = Field(description="The identity that was kept out, or an @mention")

    async def run(self, ctx: Context) -> Reply:
        team_id, provider = ctx.caller.team_id, ctx.provider.name
        identity = without_number(as_identity(self.who, team_id))
        room, who = RoomRef(provider, "", self.room), shown(identity, team_id)
        if await ctx.is_hidden(room):
            raise self._not_kept_out(ctx, who, [])
        if not may_lift(ctx, identity) and (own := await keep_out_of(ctx, room, identity)) is not None:
            raise own_lift_refused(own)
        kept = await ctx.kept_out(room)
        is_kept = any(each.identity == identity for each in kept)
        if is_kept and await ctx.ports.keep_outs.lift(team_id, provider, self.room, identity):
            return Reply(
                text=(who, " may come into ", Strong(self.room), " again."),
                hint="They come in with a token that is still good, or with a new one.",
            )
        raise self._not_kept_out(ctx, who, [each for each in kept if each.identity != identity])

    async def aftermath(self, ctx: Context) -> Reply:
        identity = without_number(as_identity(self.who, ctx.caller.team_id))
        room, who = RoomRef(self.provider, "", self.room), shown(identity, ctx.caller.team_id)
        kept = None if await ctx.is_hidden(room) else await keep_out_of(ctx, room, identity)
        if kept is None:
            return Reply(text=(who, " is not kept out of ", Strong(self.room), "."))
        until = (Moment(kept.until), "; let them in again if you want that.")
        return Reply(text=(who, " is kept out of ", Strong(self.room), " until ", *until))

    def _not_kept_out(self, ctx: Context, who: Mark, kept: Sequence[KeepOut]) -> NothingHere:
        """`kept` are those who are."""
        return NothingHere(
            (who, " is not kept out of ", Code(self.room), "."),
            ("Kept out: ", *kept_out_until(kept, ctx.caller.team_id), ".") if kept else "Nobody is.",
            actions=[
                Action(f"Let {without_numbers(k.identity)} back in", self.model_copy(update={"who": k.identity}))
                for k in kept[:_MOST_KEPT_OUT_SHOWN]
                if may_lift(ctx, k.identity)
            ],
        )


def _same_person(present: Sequence[Participant], identity: str) -> list[Participant]:
    return [p for p in present if without_number(p.identity) == without_number(identity)]


async def _look(ctx: Context, room: RoomRef) -> tuple[list[Participant], ProviderError | None]:
    """Nobody is in a room that has ended; of a server in trouble nothing is known."""
    try:
        return await ctx.participants(room), None
    except Ended:
        return [], None
    except ProviderError as trouble:
        return [], trouble


async def _require_no_way_back(ctx: Context, room: RoomRef, kept: KeepOut) -> None:
    """A shorter keep-out in place of the one that holds would be a way to let oneself back in."""
    before = await keep_out_of(ctx, room, kept.identity)
    if before is not None and before.until > kept.until and not may_lift(ctx, kept.identity):
        raise own_lift_refused(before)


async def _is_removed(ctx: Context, room: RoomRef, person: Participant) -> bool:
    """False where the server did not know them."""
    try:
        await ctx.provider.remove_participant(room, person.identity)
    except NotFound:
        return False
    await ctx.report(ParticipantLeft(room=room, participant=person.brief(), reason="removed", **ctx.observed()))
    return True


def _how_it_went(
    room: RoomRef, who: Mark, removed: Sequence[Participant], trouble: ProviderError | None
) -> Sequence[str | Mark]:
    """Up to the time until which they are kept out."""
    if trouble is not None:
        return who, f" could not be removed yet: {trouble.what} I keep trying. They are kept out until "
    if not removed:
        return who, " is not in ", Strong(room.name), ". They are kept out until "
    return "Removed ", Strong(removed[0].shown_name), " from ", Strong(room.name), ". They are kept out until "


async def _let_back_in(ctx: Context, kept: KeepOut) -> tuple[Action, ...]:
    if not may_lift(ctx, kept.identity):
        return ()
    admit = ParticipantAdmit(provider=kept.provider, room=kept.room, who=kept.identity)
    return (Action("Let back in", admit, description=without_numbers(f"Let {kept.identity} into {kept.room} again")),)


def kept_out_until(kept: Sequence[KeepOut], team_id: str) -> Sequence[str | Mark]:
    """`bob until 14:05, cleo until 15:00 and 2 more`."""
    words: list[str | Mark] = []
    for each in kept[:_MOST_KEPT_OUT_SHOWN]:
        words += [", " if words else "", shown(each.identity, team_id), " until ", Moment(each.until)]
    more = len(kept) - _MOST_KEPT_OUT_SHOWN
    return [*words, f" and {more} more" if more > 0 else ""]
