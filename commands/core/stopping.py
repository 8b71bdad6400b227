"""What people are told of planned stops, of a room as of a recording."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

from commands.core.context import Context
from commands.core.errors import CommandError, Ended
from commands.core.reply import Action, Button, Mark, Moment, Person, Reply
from commands.core.timers import LONGEST, PlannedStop, PutOff, Refusal, Target
from commands.core.words import parts, spoken_duration

if TYPE_CHECKING:
    from commands.core.base import Command

Words = Sequence[str | Mark]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stoppable:
    """Something with an end that can be planned. `subject` and `ends` are its words: "The room x", "ends".

    `extend` and `keep` put the stop off and cancel it, whatever happened since; `afresh` begins another of the kind.
    """

    target: Target
    subject: Words
    ends: str
    extend: "Command"
    keep: "Command"
    afresh: Button

    def when(self, stop: PlannedStop) -> Words:
        return (*self.subject, f" {self.ends} at ", Moment(stop.stops_at), ".")


async def plan(ctx: Context, target: Target, after: timedelta | None) -> PutOff | None:
    """A stop so long from now. None where none was asked for."""
    if after is None:
        return None
    stops_at = ctx.ports.clock.now() + after
    return await ctx.ports.stops.plan(ctx.caller.team_id, target, stops_at, by=ctx.caller.user_id)


def by_itself(planned: PutOff | None, ends: str) -> Words:
    """A sentence to follow the one that names the thing; empty where nothing is planned."""
    if planned is None or planned.stop is None:
        return ()
    if planned.refused is Refusal.STOPPING:
        return (" It is being stopped at this moment, as planned.",)
    return (f" It {ends} by itself at ", Moment(planned.stop.stops_at), ".")


async def extend(ctx: Context, it: Stoppable, longer: timedelta, rev: int | None) -> Reply:
    """Put the stop off. Whoever types it where none is planned wants one so far from now. Raises `CommandError`."""
    done = await ctx.ports.stops.put_off(ctx.caller.team_id, it.target, longer, by=ctx.caller.user_id, rev=rev)
    told: Words = ()
    if done.refused is Refusal.NONE and rev is None:
        planned = await plan(ctx, it.target, longer)
        assert planned is not None, "a length was given"
        done, told = planned, ("No stop was planned. ",)
    if done.refused is not None or done.stop is None:
        raise _refusal(it, done)
    return Reply(text=(*told, *it.when(done.stop)), actions=(Action("Keep going", it.keep),))


async def keep_going(ctx: Context, it: Stoppable) -> Reply:
    """Cancel the stop. Raises `CommandError`."""
    done = await ctx.ports.stops.cancel(ctx.caller.team_id, it.target, by=ctx.caller.user_id)
    if done.refused is not None:
        raise _refusal(it, done)
    return Reply(text=(*it.subject, " goes on until somebody stops it."))


async def planned_now(ctx: Context, it: Stoppable) -> Reply:
    """What is planned at this moment: the truth after a change whose end nobody saw."""
    stops = await ctx.ports.stops.of(ctx.caller.team_id, [it.target])
    if not stops:
        return Reply(text=("No stop is planned. ", *it.subject, " goes on until somebody stops it."))
    return Reply(text=it.when(stops[0]), actions=(Action("Keep going", it.keep),))


async def with_plan(ctx: Context, found: Reply, target: Target, after: timedelta | None, extend: "Command") -> Reply:
    """What was found of a thing whose maker wanted a stop `after` so long: with the button that plans it, where the
    process died before that."""
    if after is None or await ctx.ports.stops.of(ctx.caller.team_id, [target]):
        return found
    wanted = extend.model_copy(update={"by": after})
    button = Action(f"Stop in {spoken_duration(after, exact=True)}", wanted)
    return replace(found, text=(*parts(found.text), " No stop is planned."), actions=(*found.actions, button))


def _refusal(it: Stoppable, done: PutOff) -> CommandError:
    stop = done.stop
    match done.refused:
        case Refusal.STOPPING:
            return Ended((*it.subject, " is being stopped already."), "Start a new one?", actions=[it.afresh])
        case Refusal.CHANGED if stop is not None:
            what = ("It was changed already: ", Person(stop.by), " has it that it ", it.ends, " at ")
            return CommandError((*what, Moment(stop.stops_at), "."), actions=[Action("Extend", it.extend)])
        case Refusal.TOO_FAR:
            return CommandError(f"A stop can be put off to {LONGEST.days} days from now at most.")
    return CommandError(
        ("No stop is planned. ", *it.subject, " goes on until somebody stops it."),
        actions=[Action("Plan a stop", it.extend)],
    )
