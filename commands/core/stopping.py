"""What people are told of planned stops, of a room as of a recording."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from commands.core.context import Context
from commands.core.errors import CommandError, Ended
from commands.core.reply import Action, Button, Code, Mark, Moment, Person, Reply
from commands.core.timers import LONGEST, PlannedStop, PutOff, Refusal, Target, length_problem
from commands.core.words import parts, spoken_duration

if TYPE_CHECKING:
    from commands.core.base import Command

Words = Sequence[str | Mark]

SLOW: Final = timedelta(seconds=5)
"""What is later than that was not done when it was first tried, or the bot was away."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stoppable:
    """Something with an end that can be planned. `subject`, `verb` and `past` are its words: "The room x", "end",
    "ended".

    `extend` and `keep` put the stop off and cancel it, whatever happened since; `afresh` begins another of the kind.
    """

    target: Target
    subject: Words
    verb: str
    past: str
    extend: "Command"
    keep: "Command"
    afresh: Button

    @property
    def goes_on(self) -> Words:
        return (*self.subject, f" goes on until somebody {self.verb}s it.")

    def when(self, stop: PlannedStop, now: datetime) -> Words:
        if is_overdue(stop, now):
            return (*self.was_to(stop), ". That has not worked yet, and is tried again.")
        return (*self.subject, f" {self.verb}s ", Moment(stop.stops_at), ".")

    def was_to(self, stop: PlannedStop) -> Words:
        return (*self.subject, f" was to {self.verb} ", Moment(stop.stops_at))


@dataclass(frozen=True, slots=True)
class Planned:
    """What a reply says of a stop that was planned with what it is about: a sentence to follow the one that names the
    thing, and buttons. Empty where nothing was asked for."""

    said: Words = ()
    actions: tuple[Action, ...] = ()


async def plan(ctx: Context, it: Stoppable, after: timedelta | None) -> Planned:
    """A stop so long from now. It takes the place of one that is there, so that one is said."""
    if after is None:
        return Planned()
    before = (await stops_of(ctx, [it.target])).get(it.target)
    done = await _plan(ctx, it.target, after)
    if done.refused is not None or done.stop is None:
        return Planned((f" It is being {it.past} at this moment, as planned.",))
    ends: Words = (f"t {it.verb}s by itself ", Moment(done.stop.stops_at), ".")
    if before is None:
        return Planned((" I", *ends))
    was_to = (f" It was to {it.verb} ", *as_said(before, ctx.ports.clock.now()), "; from here on i", *ends)
    return Planned(was_to, _put_back(it, before, done.stop))


def is_overdue(stop: PlannedStop, now: datetime) -> bool:
    return now - stop.stops_at > SLOW


def as_said(stop: PlannedStop, now: datetime) -> Words:
    """When, and who said so: to follow "stops"."""
    overdue = ("; that has not worked yet",) if is_overdue(stop, now) else ()
    return (Moment(stop.stops_at), ", as ", Person(stop.by), " said", *overdue)


async def stops_of(ctx: Context, targets: Collection[Target]) -> Mapping[Target, PlannedStop]:
    """What is planned, asked for at once. A page that shows many things asks once."""
    if not targets:
        return {}
    return {stop.target: stop for stop in await ctx.ports.stops.of(ctx.caller.team_id, targets)}


async def extend(ctx: Context, it: Stoppable, longer: timedelta, rev: int | None) -> Reply:
    """Put the stop off. Whoever types it where none is planned wants one so far from now. Raises `CommandError`."""
    done = await ctx.ports.stops.put_off(ctx.caller.team_id, it.target, longer, by=ctx.caller.user_id, rev=rev)
    told: Words = ()
    if done.refused is Refusal.NONE and rev is None:
        done, told = await _plan(ctx, it.target, longer), ("No stop was planned. ",)
    now = ctx.ports.clock.now()
    if done.refused is not None or done.stop is None:
        raise _refusal(it, done, now)
    return Reply(text=(*told, *it.when(done.stop, now)), actions=(Action("Keep going", it.keep),))


async def keep_going(ctx: Context, it: Stoppable) -> Reply:
    """Cancel the stop. Raises `CommandError`."""
    done = await ctx.ports.stops.cancel(ctx.caller.team_id, it.target, by=ctx.caller.user_id)
    if done.refused is not None:
        raise _refusal(it, done, ctx.ports.clock.now())
    return Reply(text=it.goes_on)


async def planned_now(ctx: Context, it: Stoppable) -> Reply:
    """What is planned at this moment: the truth after a change whose end nobody saw."""
    stop = (await stops_of(ctx, [it.target])).get(it.target)
    if stop is None:
        return Reply(text=("No stop is planned. ", *it.goes_on))
    return Reply(text=it.when(stop, ctx.ports.clock.now()), actions=(Action("Keep going", it.keep),))


async def with_plan(ctx: Context, found: Reply, it: Stoppable, after: timedelta | None) -> Reply:
    """What was found of a thing whose maker wanted a stop `after` so long: with the button that plans it, where the
    process died before that."""
    if after is None or await stops_of(ctx, [it.target]):
        return found
    wanted = it.extend.model_copy(update={"by": after})
    button = Action(f"{it.verb.capitalize()} in {spoken_duration(after, exact=True)}", wanted)
    return replace(found, text=(*parts(found.text), " No stop is planned."), actions=(*found.actions, button))


async def _plan(ctx: Context, target: Target, after: timedelta) -> PutOff:
    stops_at = ctx.ports.clock.now() + after
    return await ctx.ports.stops.plan(ctx.caller.team_id, target, stops_at, by=ctx.caller.user_id)


def _put_back(it: Stoppable, before: PlannedStop, after: PlannedStop) -> tuple[Action, ...]:
    """A stop can be put off, and is never brought forward."""
    longer = timedelta(seconds=round((before.stops_at - after.stops_at).total_seconds()))
    if length_problem(longer):
        return ()
    return (Action("Put it back", it.extend.model_copy(update={"by": longer, "rev": after.rev})),)


def _refusal(it: Stoppable, done: PutOff, now: datetime) -> CommandError:
    stop, again = done.stop, Action("Extend", it.extend)
    match done.refused:
        case Refusal.STOPPING if stop is not None and is_overdue(stop, now):
            tried = ". Its server has not done it yet, and is being asked at this moment."
            what = (*it.was_to(stop), tried)
            return CommandError(what, "Try again in half a minute.", actions=[again, Action("Keep going", it.keep)])
        case Refusal.STOPPING:
            return Ended((*it.subject, f" is being {it.past} already."), "Start a new one?", actions=[it.afresh])
        case Refusal.CHANGED if stop is not None:
            moved = ("It was changed already: ", Person(stop.by), " moved it to ", Moment(stop.stops_at), ".")
            return CommandError(moved, "Put it off from there?", actions=[again])
        case Refusal.TOO_FAR:
            what = (f"A stop can be put off to {LONGEST.days} days from now at most.",)
            return CommandError(what, ("Give a shorter ", Code("--by"), "."))
    return CommandError(("No stop is planned. ", *it.goes_on), actions=[Action("Plan a stop", it.extend)])
