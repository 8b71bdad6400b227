"""Agents: programs that are asked into rooms by their name."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from typing import Annotated, Final

from pydantic import Field

from commands.core.base import (
    Arg,
    LongText,
    Offered,
    Offers,
    Positional,
    Private,
    Role,
    RoomCommand,
    pin,
)
from commands.core.context import Context
from commands.core.egress_starting import began_since
from commands.core.errors import NothingHere, Problem
from commands.core.json_text import json_hint
from commands.core.paging import PagedCommand, Rows
from commands.core.reply import Action, Code, Form, Item, Moment, Reply, Strong, Text
from commands.core.types import Name
from commands.core.words import counted, in_a_row, joined
from commands.one_named import Noun, pick
from providers.base import AgentDispatch, AgentJob, Capability, JobStatus, Provider, RoomRef
from providers.errors import NotFound, ProviderError

_TAKEN_WITHIN: Final = timedelta(seconds=15)
"""A worker that is there takes a job at once, but livekit-server 1.13.5 lists it after about 5 s."""

_DISPATCH: Final[Noun[AgentDispatch]] = Noun("agent", lambda d: d.ref.id, lambda d: (d.agent,), "agent list")

_STATUSES = {
    JobStatus.PENDING: "on its way",
    JobStatus.RUNNING: "in the room",
    JobStatus.DONE: "done",
    JobStatus.FAILED: "failed",
    JobStatus.CANCELLED: "cancelled",
}


class AgentDispatchCommand(
    RoomCommand,
    path="agent dispatch",
    heading="Ask agent in",
    role=Role.OPERATOR,
    needs=Capability.DISPATCH_AGENT,
    examples=("standup assistant", 'standup assistant --metadata {"language":"de"}'),
):
    """Ask an agent into a room: a program that takes part in it."""

    agent: Arg[Name] = Field(description="The name that the agent's worker goes by")
    metadata: Annotated[str, LongText(), Private()] = Field("", description="Text for the agent")

    def problems(self, provider: Provider) -> list[Problem]:
        problem = provider.limits.metadata_problem(self.metadata)
        return [Problem(problem, "metadata")] if problem else []

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        before = [d for d in await self._there(ctx, room) if d.agent == self.agent]
        try:
            dispatch = await ctx.provider.dispatch_agent(room, self.agent, self.metadata)
        except NotFound:
            raise await ctx.gone(room) from None
        again = f"It was asked in before, {counted(len(before), 'time', 'times')}, so several may come."
        return Reply(
            text=("Asked ", Strong(self.agent), " into ", Strong(room.name), ". It comes when a worker takes it."),
            facts=(("Id", (Code(dispatch.ref.id),)),),
            hint=joined([again if before else "", json_hint(self.metadata)], " "),
            actions=_possible(ctx, [_look(room), _remove(room, dispatch)]),
        )

    async def _there(self, ctx: Context, room: RoomRef) -> Sequence[AgentDispatch]:
        """The server's trouble with the list is no reason not to ask."""
        if Capability.LIST_AGENT_DISPATCHES in ctx.provider.capabilities:
            with suppress(ProviderError):
                return await ctx.provider.list_agent_dispatches(room)
        return ()

    async def aftermath(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        began = [d for d in await dispatches(ctx, room) if d.agent == self.agent and began_since(ctx, d.created_at)]
        if not began:
            return Reply(text=(Strong(self.agent), " was not asked into ", Strong(room.name), "; ask again."))
        text = (Strong(self.agent), " was asked into ", Strong(room.name), ".")
        return Reply(text=text, actions=_possible(ctx, [_look(room), _remove(room, began[-1])]))


class AgentList(
    PagedCommand,
    RoomCommand,
    path="agent list",
    heading="List agents",
    needs=Capability.LIST_AGENT_DISPATCHES,
    examples=("standup", "."),
    aliases=("agents",),
):
    """List the agents that were asked into a room, and how their work goes."""

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        found = sorted(await dispatches(ctx, room), key=lambda d: (d.agent, d.ref.id))
        if not found:
            ask = Form("Ask agent in", AgentDispatchCommand, tuple(pin(room).items()))
            text: Text = ("No agent was asked into ", Strong(room.name), ".")
            return Reply(text=text, actions=_possible(ctx, [ask]))
        now = ctx.ports.clock.now()
        idle = [d for d in found if not d.jobs and (d.created_at is None or now - d.created_at >= _TAKEN_WITHIN)]
        shown: Rows[AgentDispatch] = Rows(
            item=lambda d: _item(ctx, room, d, is_idle=d in idle),
            columns=("Agent", "State", "Identity", "Since", "Id"),
            cells=lambda d: _cells(d, is_idle=d in idle),
            names=lambda d: d.ref.id,
        )
        text = (counted(len(found), "agent was", "agents were"), " asked into ", Strong(room.name), ".")
        facts: tuple[tuple[str, Text], ...] = (("Not taken", _not_taken(idle)),) if idle else ()
        return self.model_copy(update={"room_id": room.id or None}).listed(text, found, shown, facts=facts)


class AgentRemove(
    RoomCommand,
    path="agent remove",
    heading="Remove agent",
    role=Role.OPERATOR,
    needs=(Capability.REMOVE_AGENT_DISPATCH, Capability.LIST_AGENT_DISPATCHES),
    examples=("standup assistant", "standup AD_4kzP2vQ9"),
):
    """Take an agent out of a room again."""

    dispatch: Annotated[Name, Positional(), Offers(Offered.DISPATCH)] = Field(
        description="The agent's name, or the id where it was asked in several times"
    )

    async def find(self, ctx: Context, room: RoomRef) -> AgentDispatch:
        """Raises `Ended` where the room is over, and `NothingHere`."""
        among = await dispatches(ctx, room)
        return pick(
            ctx, _DISPATCH, among, self.dispatch, lambda d: _removing(room, d), where=("in ", Strong(room.name))
        )

    async def run(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        dispatch = await self.find(ctx, room)
        try:
            await ctx.provider.remove_agent_dispatch(dispatch)
        except NotFound:
            what = (Strong(dispatch.agent), " has just been removed from ", Strong(room.name), " by somebody else.")
            raise NothingHere(what, "There is nothing left to do.") from None
        leaves = " It leaves in a moment." if any(not job.status.is_final for job in dispatch.jobs) else ""
        return Reply(text=("Removed ", Strong(dispatch.agent), " from ", Strong(room.name), f".{leaves}"))

    async def aftermath(self, ctx: Context) -> Reply:
        room = await ctx.find_room(self)
        dispatch = await self.find(ctx, room)
        return Reply(text=(Strong(dispatch.agent), " is still asked into ", Strong(room.name), "; remove it again."))


async def dispatches(ctx: Context, room: RoomRef) -> list[AgentDispatch]:
    """Raises `Ended` where the room is over."""
    try:
        return await ctx.provider.list_agent_dispatches(room)
    except NotFound:
        raise await ctx.gone(room) from None


def _not_taken(idle: Sequence[AgentDispatch]) -> Text:
    """LiveKit offers a job to the workers that are there at that moment, and to none that comes later."""
    names = joined([(Code(name),) for name in dict.fromkeys(d.agent for d in idle)], ", ")
    return (
        *("No worker of that name has taken it: ", *joined([names], ""), ". Is one running, connected to this video "),
        "server, and spelled like that? Start it, then remove this and ask again.",
    )


def _item(ctx: Context, room: RoomRef, dispatch: AgentDispatch, *, is_idle: bool) -> Item:
    return Item(
        title=(Strong(dispatch.agent), f" · {_state(dispatch, is_idle=is_idle)}"),
        detail=in_a_row((Code(dispatch.ref.id),), *(_job(job) for job in dispatch.jobs)),
        actions=_possible(ctx, [_remove(room, dispatch)]),
    )


def _cells(dispatch: AgentDispatch, *, is_idle: bool) -> tuple[Text, ...]:
    since = next((job.started_at for job in dispatch.jobs if job.started_at), None)
    return (
        (Strong(dispatch.agent),),
        _state(dispatch, is_idle=is_idle),
        joined([(Code(job.identity),) for job in dispatch.jobs if job.identity], ", "),
        (Moment(since),) if since else "",
        (Code(dispatch.ref.id),),
    )


def _state(dispatch: AgentDispatch, *, is_idle: bool) -> str:
    if dispatch.jobs:
        return ", ".join(dict.fromkeys(_STATUSES[job.status] for job in dispatch.jobs))
    return "no worker has taken it" if is_idle else "waits for a worker"


def _job(job: AgentJob) -> Text:
    return joined(
        [
            (Code(job.identity),) if job.identity else "",
            ("since ", Moment(job.started_at)) if job.started_at and not job.status.is_final else "",
            job.error or "",
        ],
        " ",
    )


def _look(room: RoomRef) -> Action:
    return Action("How it goes", AgentList(**pin(room)), description=f"List the agents in {room.name}")


def _removing(room: RoomRef, dispatch: AgentDispatch) -> AgentRemove:
    return AgentRemove(**pin(room), dispatch=dispatch.ref.id)


def _remove(room: RoomRef, dispatch: AgentDispatch) -> Action:
    return Action("Remove agent", _removing(room, dispatch), description=f"Remove {dispatch.agent} from {room.name}")


def _possible(ctx: Context, buttons: Sequence[Action | Form]) -> tuple[Action | Form, ...]:
    return tuple(each for each in buttons if each.command_type.spec.needs <= ctx.provider.capabilities)
