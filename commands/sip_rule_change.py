"""Rules that are created, and those that are changed."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from commands.core.base import (
    Advanced,
    Arg,
    LongText,
    Offered,
    Offers,
    Positional,
    Private,
    Role,
    RoomName,
    ServerCommand,
)
from commands.core.context import Context
from commands.core.errors import CommandError, NothingHere, Problem, UsageError
from commands.core.fields import labelled
from commands.core.phone_numbers import EMPTIED, Pin, PrivateNumbers, written
from commands.core.reply import Action, Reply, Strong
from commands.core.sip_changes import differences, named
from commands.core.sip_rules import (
    list_problems,
    room_problems,
    rule_facts,
    rule_name,
    where,
)
from commands.core.types import Name
from commands.core.words import joined
from commands.one_named import pick
from commands.sip_lookup import TRUNK
from commands.sip_rule import RuleCommand, SipRuleList, SipRuleShow, all_trunks, seen_rules
from providers.base import (
    Capability,
    Provider,
    Rule,
    RuleChanges,
    RuleKind,
    RuleOptions,
    Trunk,
    TrunkDirection,
    rules_share_calls,
)
from providers.errors import Conflict, NotFound

Kind = Literal["direct", "individual", "callee"]

_WHICH = frozenset({"provider", "rule"})


class _RuleFields(ServerCommand):
    """What is said of a rule, whether it is created or changed. What is None is not said."""

    trunk: Annotated[Annotated[tuple[str, ...], EMPTIED] | None, Offers(Offered.TRUNK)] = Field(
        None, description="Only calls that come in by these trunks"
    )
    pin: Pin | None = Field(None, description="Digits that callers have to type before they get in")
    caller: Annotated[PrivateNumbers | None, Advanced(), Private()] = Field(
        None, description="Only calls from these numbers"
    )
    metadata: Annotated[str | None, Advanced(), LongText(), Private()] = Field(
        None, description="Text for the application, given to whoever calls"
    )

    def field_problems(self, provider: Provider) -> list[Problem]:
        found = list_problems(self.trunk, self.caller)
        if problem := provider.limits.metadata_problem(self.metadata or ""):
            found.append(Problem(problem, "metadata"))
        return found

    async def trunk_ids(self, ctx: Context) -> tuple[str, ...] | None:
        """Of the trunks as they were named. Raises `CommandError`."""
        wanted = written(self.trunk)
        if not wanted:
            return wanted
        there = await all_trunks(ctx)
        return tuple(self._inbound(ctx, there, each).ref.id for each in wanted)

    def _inbound(self, ctx: Context, there: Sequence[Trunk], wanted: str) -> Trunk:
        others = [each for each in self.trunk or () if each != wanted]
        trunk = pick(ctx, TRUNK, there, wanted, lambda t: self.model_copy(update={"trunk": (*others, t.ref.id)}))
        if trunk.direction is TrunkDirection.OUTBOUND:
            problem = Problem(f"Calls go out by {wanted}; a rule is for those that come in.", "trunk")
            raise UsageError(labelled(type(self), [problem]), "Name an inbound trunk.", path=self.spec.path)
        return trunk


class SipRuleCreate(
    _RuleFields,
    path="sip rule create",
    heading="Create rule",
    role=Role.ADMIN,
    needs=Capability.CREATE_RULE,
    examples=(
        "direct standup --trunk hotline --pin 1234",
        "individual call- --name front-desk",
        "callee desk- --trunk hotline --caller +493012345678",
    ),
):
    """Say where calls that come in end up."""

    kind: Arg[Kind] = Field(
        description="direct: all in one room; individual: each in its own; callee: a room for each of your numbers"
    )
    room: Annotated[Name, Positional(), RoomName(), Offers(Offered.ROOM)] = Field(
        description="The room; or what the names of the rooms begin with, such as call-"
    )
    name: str = Field("", description="What the rule is called here")
    hide_number: bool = Field(True, description="Keep callers' numbers from the others in the room")

    def problems(self, provider: Provider) -> list[Problem]:
        return [*room_problems(self.room, provider.limits), *self.field_problems(provider)]

    async def run(self, ctx: Context) -> Reply:
        options = RuleOptions(
            kind=RuleKind(self.kind),
            room=self.room,
            name=self.name,
            pin=self.pin or None,
            trunks=await self.trunk_ids(ctx) or (),
            callers=written(self.caller) or (),
            hides_number=self.hide_number,
            metadata=self.metadata or "",
        )
        try:
            rule = await ctx.provider.create_rule(options)
        except Conflict:
            raise await _taken(ctx, options) from None
        return Reply(
            text=("From now on these calls end up ", *where(rule.kind, rule.room), "."),
            facts=rule_facts(rule, await all_trunks(ctx)),
            hint=joined([_no_pin(rule), _numbers_told(rule)], " "),
            actions=(_show(rule),),
            alone=True,
        )

    async def aftermath(self, ctx: Context) -> Reply:
        """Its PIN stands in no record, so it is created again by hand."""
        for rule in await seen_rules(ctx) if Capability.LIST_RULES in ctx.provider.capabilities else ():
            if (rule.kind, rule.room, rule.name) == (self.kind, self.room, self.name):
                text = ("There is a rule by which calls end up ", *where(rule.kind, rule.room), ".")
                return Reply(text=text, actions=(_show(rule),))
        return Reply(text=("There is no such rule for ", Strong(self.room), "; create it again."))


class SipRuleUpdate(
    _RuleFields,
    RuleCommand,
    path="sip rule update",
    heading="Update rule",
    role=Role.ADMIN,
    needs=(Capability.UPDATE_RULE, Capability.LIST_RULES),
    examples=("front-desk --pin 4321", 'standup --room retro --trunk ""'),
):
    """Change a rule. What is not named stays; an empty text takes a thing away."""

    begins_from = ("rule",)

    kind: Kind | None = Field(None, description="Whether all calls go to one room, or to one each, or by number called")
    room: Annotated[Name | None, RoomName(), Offers(Offered.ROOM)] = Field(
        None, description="The room, or what the names of the rooms begin with"
    )
    name: str | None = Field(None, description="What the rule is called here")
    hide_number: bool | None = Field(None, description="Whether the others in the room do not see callers' numbers")

    @classmethod
    async def begins_with(cls, ctx: Context, given: Mapping[str, object]) -> Mapping[str, object]:
        known = cls.model_validate({name: value for name, value in given.items() if name in _WHICH})
        rule = await known.find(ctx)
        return {
            "kind": rule.kind.value,
            "room": rule.room,
            "name": rule.name,
            "trunk": rule.trunks,
            "hide_number": rule.hides_number,
            "caller": rule.callers,
            "metadata": rule.metadata,
        }

    @property
    def is_unfinished(self) -> bool:
        return not self.changed_fields() - _WHICH

    def problems(self, provider: Provider) -> list[Problem]:
        found = self.field_problems(provider)
        if self.is_unfinished:
            found.append(Problem("Say what to change: --room, --kind, --trunk, --pin, --caller, --name and others."))
        return [*found, *(room_problems(self.room, provider.limits) if self.room is not None else [])]

    async def run(self, ctx: Context) -> Reply:
        before = await self.find(ctx)
        changes = RuleChanges(
            kind=RuleKind(self.kind) if self.kind is not None else None,
            room=self.room,
            name=self.name,
            pin=self.pin,
            trunks=await self.trunk_ids(ctx),
            callers=written(self.caller),
            hides_number=self.hide_number,
            metadata=self.metadata,
        )
        try:
            after = await ctx.provider.update_rule(before.ref, changes)
        except NotFound:
            what = ("The rule ", Strong(rule_name(before)), " has just been deleted.")
            raise NothingHere(what, "Create it again if it is needed.") from None
        except Conflict:
            raise await _taken(ctx, replace(before, **named(changes))) from None
        trunks = await all_trunks(ctx)
        replaced = {"PIN": self.pin is not None, "Metadata": self.metadata is not None}
        changed = differences(
            (("Name", before.name), *rule_facts(before, trunks)),
            (("Name", after.name), *rule_facts(after, trunks)),
            replaced=replaced,
        )
        is_same = not changed and before == replace(after, ref=before.ref)
        same = ("The rule ", Strong(rule_name(after)), " was like that already; nothing changed.")
        return Reply(
            text=same if is_same else ("Changed the rule ", Strong(rule_name(after)), "."),
            facts=changed,
            hint=_numbers_told(after) if self.hide_number is False else "",
            alone=True,
        )

    async def aftermath(self, ctx: Context) -> Reply:
        """Part of what was to be set stands in no record, so what is there is shown instead."""
        rule = await self.find(ctx)
        text = ("This is how the rule ", Strong(rule_name(rule)), " is at present.")
        return Reply(text=text, facts=rule_facts(rule, await all_trunks(ctx)), alone=True)


def _no_pin(rule: Rule) -> str:
    return "" if rule.pin else "No PIN is asked for: whoever may call by the trunk comes in."


def _numbers_told(rule: Rule) -> str:
    """LiveKit makes callers' identities of their numbers, and of these the names of rooms of their own
    (livekit/protocol, sip/sip.go)."""
    if rule.hides_number:
        return ""
    rooms = ", and rooms are named after them" if rule.kind is RuleKind.INDIVIDUAL else ""
    return f"Whoever is in the room sees callers' whole numbers{rooms}; --hide-number hides them."


async def _taken(ctx: Context, wanted: Rule | RuleOptions) -> CommandError:
    """Servers compare trunks, callers and PIN; LiveKit's words have as often the new rule's id as the other's."""
    own = wanted.ref if isinstance(wanted, Rule) else None
    seen = await seen_rules(ctx) if Capability.LIST_RULES in ctx.provider.capabilities else []
    other = next((rule for rule in seen if rule.ref != own and rules_share_calls(rule, wanted)), None)
    remedy = "Change that one, or tell the two apart by trunk, caller or PIN."
    if other is not None:
        what = ("The rule ", Strong(rule_name(other)), " says already where these calls end up.")
        return CommandError(what, remedy, actions=[_show(other)])
    listing = Action("List rules", SipRuleList(provider=ctx.provider.name))
    return CommandError("Another rule says already where these calls end up.", remedy, actions=[listing])


def _show(rule: Rule) -> Action:
    return Action("Show", SipRuleShow(provider=rule.ref.provider, rule=rule.ref.id))
