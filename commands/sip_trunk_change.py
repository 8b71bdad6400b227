"""Trunks that are created, and those that are changed."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Annotated

from pydantic import Field

from commands.core.base import Arg, Internal, Role
from commands.core.context import Context
from commands.core.errors import CommandError, NothingHere, Problem, UsageError
from commands.core.fields import labelled
from commands.core.reply import Action, Form, Reply, Strong
from commands.core.sip_changes import differences, named
from commands.core.sip_trunks import misplaced, trunk_facts, trunk_name, trunk_problems
from commands.core.types import Name
from commands.sip_dial import SipDial
from commands.sip_trunk import SipTrunkShow, TrunkCommand
from commands.sip_trunk_fields import Direction, TrunkFields
from providers.base import Capability, Provider, Trunk, TrunkDirection, TrunkOptions
from providers.errors import Conflict, NotFound

_WHICH = frozenset({"provider", "trunk", "direction"})
_AN = {TrunkDirection.INBOUND: "an inbound", TrunkDirection.OUTBOUND: "an outbound"}


class SipTrunkCreate(
    TrunkFields,
    path="sip trunk create",
    heading="Create trunk",
    role=Role.ADMIN,
    needs=Capability.CREATE_TRUNK,
    examples=(
        "outbound office --number +493012345678 --address example.com --username desk --password SECRET",
        "inbound hotline --number +493087654321 --allow-address 198.51.100.0/24",
        "outbound office --number +493012345678 --address example.com:5061 --transport tls --country DE",
    ),
):
    """Create a trunk: the connection to a telephone company, for calls one way."""

    direction: Arg[Direction] = Field(description="Whether calls come in by it, or go out")
    name: Arg[Name] = Field(description="What the trunk is called here")

    @property
    def options(self) -> TrunkOptions:
        return TrunkOptions(direction=TrunkDirection(self.direction), **named(self.changes(self.name)))

    def problems(self, provider: Provider) -> list[Problem]:
        found = misplaced(TrunkDirection(self.direction), self.changed_fields())
        if problem := provider.limits.metadata_problem(self.metadata or ""):
            found.append(Problem(problem, "metadata"))
        return found + trunk_problems(self.options)

    async def run(self, ctx: Context) -> Reply:
        try:
            trunk = await ctx.provider.create_trunk(self.options)
        except Conflict as conflict:
            raise await _taken(ctx, self.options, conflict) from None
        return Reply(
            text=("Created the trunk ", Strong(trunk_name(trunk)), "."),
            facts=trunk_facts(trunk),
            hint="" if trunk.direction is TrunkDirection.OUTBOUND else "A rule says where its calls end up.",
            actions=_next_steps(ctx, trunk),
            alone=True,
        )

    async def aftermath(self, ctx: Context) -> Reply:
        """Its password stands in no record, so it is created again by hand."""
        for trunk in await ctx.provider.list_trunks() if Capability.LIST_TRUNKS in ctx.provider.capabilities else ():
            if (trunk.name, trunk.direction) == (self.name, self.direction):
                show = Action("Show", SipTrunkShow(provider=trunk.ref.provider, trunk=trunk.ref.id))
                return Reply(text=("There is a trunk ", Strong(self.name), "."), actions=(show,))
        return Reply(text=("There is no trunk ", Strong(self.name), "; create it again."))


class SipTrunkUpdate(
    TrunkFields,
    TrunkCommand,
    path="sip trunk update",
    heading="Update trunk",
    role=Role.ADMIN,
    needs=(Capability.UPDATE_TRUNK, Capability.LIST_TRUNKS),
    examples=("office --number +493012345678 --number +493012345679", 'hotline --allow-address ""'),
):
    """Change a trunk. What is not named stays; an empty text takes a thing away."""

    begins_from = ("trunk",)

    name: str | None = Field(None, description="What it is called here")
    direction: Annotated[Direction | None, Internal(of="trunk")] = Field(
        None, description="Which way its calls go: a form shows what such a trunk has"
    )

    @classmethod
    async def begins_with(cls, ctx: Context, given: Mapping[str, object]) -> Mapping[str, object]:
        known = cls.model_validate({name: value for name, value in given.items() if name in _WHICH})
        trunk = await known.find(ctx)
        there = {
            "direction": trunk.direction.value,
            "name": trunk.name,
            "number": trunk.numbers,
            "address": trunk.address,
            "transport": trunk.transport.value,
            "country": trunk.country,
            "allow_address": trunk.allowed_addresses,
            "allow_number": trunk.allowed_numbers,
            "username": trunk.username,
            "metadata": trunk.metadata,
        }
        return {name: there[name] for name in there if name not in {p.field for p in misplaced(trunk.direction, there)}}

    @property
    def is_unfinished(self) -> bool:
        return not self.changed_fields() - _WHICH

    def problems(self, provider: Provider) -> list[Problem]:
        found = list[Problem]()
        if self.is_unfinished:
            found.append(Problem("Say what to change: --name, --number, --address, --username, --password and others."))
        if problem := provider.limits.metadata_problem(self.metadata or ""):
            found.append(Problem(problem, "metadata"))
        return found

    async def run(self, ctx: Context) -> Reply:
        before = await self.find(ctx)
        changes = self.changes(self.name)
        wanted = replace(before, **named(changes))
        self._require_sane(before, wanted)
        try:
            after = await ctx.provider.update_trunk(before.ref, changes)
        except NotFound:
            what = ("The trunk ", Strong(trunk_name(before)), " has just been deleted.")
            raise NothingHere(what, "Create it again if it is needed.") from None
        except Conflict as conflict:
            raise await _taken(ctx, wanted, conflict) from None
        replaced = {"Password": self.password is not None, "Metadata": self.metadata is not None}
        changed = differences(
            (("Name", before.name), *trunk_facts(before)),
            (("Name", after.name), *trunk_facts(after)),
            replaced=replaced,
        )
        verb = ("Changed the trunk ", Strong(trunk_name(after)), ".")
        same = ("The trunk ", Strong(trunk_name(after)), " was like that already; nothing changed.")
        return Reply(text=verb if changed else same, facts=changed, alone=True)

    def _require_sane(self, before: Trunk, wanted: Trunk) -> None:
        """Raises `UsageError`. What was wrong with it before is no reason not to change something else."""
        there = trunk_problems(before)
        found = [problem for problem in trunk_problems(wanted) if problem not in there]
        if found := [*misplaced(before.direction, self.changed_fields()), *found]:
            path = self.spec.path
            raise UsageError(labelled(type(self), found), f"It is {_AN[before.direction]} trunk.", path=path)

    async def aftermath(self, ctx: Context) -> Reply:
        """Part of what was to be set stands in no record, so what is there is shown instead."""
        trunk = await self.find(ctx)
        text = ("This is how the trunk ", Strong(trunk_name(trunk)), " is at present.")
        return Reply(text=text, facts=trunk_facts(trunk), alone=True)


async def _taken(ctx: Context, wanted: Trunk | TrunkOptions, conflict: Conflict) -> CommandError | Conflict:
    """Which other trunk has the numbers; what the server said where none can be found."""
    if Capability.LIST_TRUNKS not in ctx.provider.capabilities:
        return conflict
    own = wanted.ref if isinstance(wanted, Trunk) else None
    numbers = {number.lstrip("+") for number in wanted.numbers}
    for other in await ctx.provider.list_trunks():
        if (
            other.ref != own
            and other.direction is wanted.direction
            and numbers & {n.lstrip("+") for n in other.numbers}
        ):
            return CommandError(
                ("The trunk ", Strong(trunk_name(other)), " has one of these numbers already."),
                "Calls to a number come in by one trunk. Change that one, or give another number.",
                actions=[Action("Show it", SipTrunkShow(provider=other.ref.provider, trunk=other.ref.id))],
            )
    return conflict


def _next_steps(ctx: Context, trunk: Trunk) -> tuple[Action | Form, ...]:
    show = Action("Show", SipTrunkShow(provider=trunk.ref.provider, trunk=trunk.ref.id))
    if trunk.direction is TrunkDirection.OUTBOUND:
        return Form("Call...", SipDial, (("provider", trunk.ref.provider), ("trunk", trunk.ref.id))), show
    rule = ctx.ports.commands["sip", "rule", "create"]
    return Form("Create rule", rule, (("provider", trunk.ref.provider), ("trunk", [trunk.ref.id]))), show
