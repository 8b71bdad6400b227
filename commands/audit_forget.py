"""Forgetting somebody: what they were called in rooms, and what they did, are personal data."""

from dataclasses import replace
from typing import Annotated

from pydantic import Field

from commands.core.base import Command, Positional, Private, Role
from commands.core.context import Context
from commands.core.errors import NotAllowed
from commands.core.identity import stable_identity, without_number
from commands.core.people import as_identity, shown
from commands.core.ports import Traces
from commands.core.reply import Question, Reply, Text
from commands.core.types import Name
from commands.core.words import counted, joined

_ELSEWHERE = "What Slack shows and what the video servers keep stays there."


class AuditForget(
    Command,
    path="audit forget",
    role=Role.ADMIN,
    examples=("@ana", "guest-7", "slack-T1-U1"),
    heading="Forget somebody",
):
    """Forget who somebody is in everything that is kept. What was done stays on record, without them."""

    user: Annotated[Name, Positional(), Private()] = Field(
        description="Who is meant: @mention, or an identity as it is in a room"
    )

    async def question(self, ctx: Context) -> Question | None:
        self._require_standing(ctx)
        traces = await ctx.ports.forgetting.traces(ctx.caller.team_id, self._identity(ctx))
        if not _count(traces):
            return None
        rows = counted(_count(traces), "row that is kept speaks", "rows that are kept speak")
        return Question(
            text=("Forget ", shown(self.user, ctx.caller.team_id), f"? {rows} of them. It cannot be undone."),
            command=self,
            facts=_facts(traces),
            confirm="Forget",
            deny="Keep",
        )

    async def run(self, ctx: Context) -> Reply:
        """Whom it is about is for the asker's eyes alone."""
        self._require_standing(ctx)
        return replace(await self._forget(ctx), alone=True)

    async def _forget(self, ctx: Context) -> Reply:
        who = shown(self.user, ctx.caller.team_id)
        traces = await ctx.ports.forgetting.forget(ctx.caller.team_id, self._identity(ctx))
        if not _count(traces):
            return Reply(text=("Nothing that is kept speaks of ", who, "."), hint=_still(traces))
        return Reply(text=(who, " is forgotten."), facts=_facts(traces), hint=joined([_still(traces), _ELSEWHERE], " "))

    async def aftermath(self, ctx: Context) -> Reply:
        """Whom it was about is not on record."""
        return Reply(text="Somebody may be forgotten in part only. Ask for it again: it does no harm twice.")

    def _require_standing(self, ctx: Context) -> None:
        """Raises `NotAllowed`: nobody clears the record of what they did, and nobody does it by a role for an hour."""
        if ctx.standing.is_granted or ctx.standing.role < Role.ADMIN:
            raise NotAllowed(
                "Your role is granted, and that is not enough to forget somebody.",
                "Ask an owner or admin of the workspace, or somebody whom my configuration names as an admin.",
            )
        own = stable_identity(ctx.caller.team_id, ctx.caller.user_id)
        if without_number(self._identity(ctx)).casefold() in (own.casefold(), ctx.caller.user_id.casefold()):
            raise NotAllowed("Nobody can have themselves forgotten.", "Ask another admin to do it.")

    def _identity(self, ctx: Context) -> str:
        return as_identity(self.user.strip(), ctx.caller.team_id)


def _count(traces: Traces) -> int:
    return traces.commands + traces.events + traces.things + traces.others + traces.roles + traces.keep_outs


def _facts(traces: Traces) -> tuple[tuple[str, Text], ...]:
    amounts = {
        "What was done": traces.commands,
        "What servers told": traces.events,
        "Rooms and recordings that are over": traces.things,
        "Roles that end": traces.roles,
        "Keep-outs that are lifted": traces.keep_outs,
        "Other rows": traces.others,
        "Live ones, which stay": traces.live,
    }
    return tuple((name, f"{amount:,}") for name, amount in amounts.items() if amount)


def _still(traces: Traces) -> Text:
    if not traces.live:
        return ""
    live = counted(traces.live, "room or recording that is live speaks", "rooms and recordings that are live speak")
    return f"{live} of them until it is over; ask again then."
