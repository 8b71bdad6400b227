"""Rules, which say where calls that come in end up: looking at them and taking them away."""

from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from commands.core.base import Command, Offered, Offers, Positional, Role, ServerCommand
from commands.core.context import Context
from commands.core.directory import Rooms
from commands.core.errors import NothingHere
from commands.core.paging import PagedCommand, Rows
from commands.core.ports import Viewer
from commands.core.reply import Action, Button, Code, Form, Item, Question, Reply, Secret, Strong, Text, parts
from commands.core.sip_rules import by_trunks, rule_facts, rule_name, where
from commands.core.types import Name
from commands.core.words import counted, in_a_row
from commands.one_named import Noun, pick
from providers.base import Capability, Provider, Rule, Trunk
from providers.errors import NotFound

RULE: Final[Noun[Rule]] = Noun("rule", lambda r: r.ref.id, lambda r: (r.name, r.room), "sip rule list")


class RuleCommand(ServerCommand):
    """A command for one rule."""

    rule: Annotated[Name, Positional(), Offers(Offered.RULE)] = Field(
        description="The rule's name or id, or the room that its calls end up in"
    )

    async def find(self, ctx: Context) -> Rule:
        """Raises `NothingHere`."""
        return pick(ctx, RULE, await seen_rules(ctx), self.rule, self.of)

    def of(self, rule: Rule) -> Command:
        """The same for exactly that one."""
        return self.model_copy(update={"rule": rule.ref.id})


class SipRuleList(
    PagedCommand,
    ServerCommand,
    path="sip rule list",
    heading="List rules",
    role=Role.OPERATOR,
    needs=Capability.LIST_RULES,
    aliases=("sip rules",),
):
    """List the rules that say where calls that come in end up."""

    async def run(self, ctx: Context) -> Reply:
        found, trunks = await seen_rules(ctx), await all_trunks(ctx)
        if not found:
            text: Text = ("No rule is on ", Code(ctx.provider.name), ".")
            return Reply(text=text, hint="Without one no call comes in.", actions=_create(ctx))
        shown: Rows[Rule] = Rows(
            item=lambda r: _item(r, trunks, ctx.provider),
            columns=("Rule", "Calls end up", "By", "PIN", "Id"),
            cells=lambda r: _cells(r, trunks),
            names=lambda r: r.ref.id,
            buttons=1,
        )
        text = (counted(len(found), "rule is", "rules are"), " on ", Code(ctx.provider.name), ".")
        listed = self.listed(text, found, shown)
        return listed if listed.actions else Reply(text=listed.text, items=listed.items, actions=_create(ctx))


class SipRuleShow(
    RuleCommand,
    path="sip rule show",
    heading="Show rule",
    role=Role.ADMIN,
    needs=Capability.LIST_RULES,
    examples=("front-desk", "standup --pin"),
):
    """Show one rule in full."""

    pin: bool = Field(False, description="Show the PIN that callers are asked for, too")

    async def run(self, ctx: Context) -> Reply:
        rule = await self.find(ctx)
        secret = rule.pin or None
        reveal = Action("Show PIN", self.model_copy(update={"rule": rule.ref.id, "pin": True}))
        return Reply(
            text=("The rule ", Strong(rule_name(rule)), "."),
            facts=tuple(
                fact for fact in rule_facts(rule, await all_trunks(ctx)) if not (self.pin and fact[0] == "PIN")
            ),
            secrets=(Secret("PIN", secret),) if self.pin and secret is not None else (),
            hint="No PIN is asked for." if self.pin and secret is None else "",
            actions=(*([reveal] if secret is not None and not self.pin else []), *_controls(ctx, rule)),
            alone=True,
        )


class SipRuleDelete(
    RuleCommand,
    path="sip rule delete",
    heading="Delete rule",
    role=Role.ADMIN,
    needs=(Capability.DELETE_RULE, Capability.LIST_RULES),
    examples=("front-desk",),
):
    """Delete a rule: its calls end up nowhere any more."""

    async def question(self, ctx: Context) -> Question:
        rule = await self.find(ctx)
        facts: tuple[tuple[str, Text], ...] = (
            ("Calls end up", where(rule.kind, rule.room)),
            ("By", by_trunks(rule, await all_trunks(ctx))),
        )
        return Question(
            text=("Delete the rule ", Strong(rule_name(rule)), "? Its calls do not come in then."),
            facts=facts,
            command=self.of(rule),
            confirm="Delete",
        )

    async def run(self, ctx: Context) -> Reply:
        rule = await self.find(ctx)
        try:
            await ctx.provider.delete_rule(rule.ref)
        except NotFound:
            what = ("The rule ", Strong(rule_name(rule)), " has just been deleted by somebody else.")
            raise NothingHere(what, "There is nothing left to do.") from None
        return Reply(text=("Deleted the rule ", Strong(rule_name(rule)), "."))

    async def aftermath(self, ctx: Context) -> Reply:
        rule = await self.find(ctx)
        return Reply(text=("The rule ", Strong(rule_name(rule)), " is still there; delete it again."))


async def seen_rules(ctx: Context) -> list[Rule]:
    """All that are on the video server, but for those that are not seen here."""
    return await only_seen(ctx.ports.rooms, ctx.viewer, await ctx.provider.list_rules())


async def only_seen(rooms: Rooms, viewer: Viewer, rules: Sequence[Rule]) -> list[Rule]:
    """Without those into a room that is not seen here: its name is nobody's business."""
    hidden = await rooms.hidden(viewer, [rule.leads_into for rule in rules])
    return [rule for rule in rules if rule.leads_into not in hidden]


async def all_trunks(ctx: Context) -> Sequence[Trunk]:
    return await ctx.provider.list_trunks() if Capability.LIST_TRUNKS in ctx.provider.capabilities else ()


def _create(ctx: Context) -> tuple[Button, ...]:
    create = ctx.ports.commands["sip", "rule", "create"]
    if not create.spec.needs <= ctx.provider.capabilities:
        return ()
    return (Form("Create rule", create, (("provider", ctx.provider.name),)),)


def _controls(ctx: Context, rule: Rule) -> tuple[Button, ...]:
    provider, called = rule.ref.provider, rule_name(rule)
    update = ctx.ports.commands["sip", "rule", "update"]
    given = (("provider", provider), ("rule", rule.ref.id))
    delete = SipRuleDelete(provider=provider, rule=rule.ref.id)
    buttons: list[Form | Action] = [
        Form("Update", update, given, description=f"Change the rule {called}"),
        Action("Delete", delete, style="danger", description=f"Delete the rule {called}"),
    ]
    return tuple(each for each in buttons if each.command_type.spec.needs <= ctx.provider.capabilities)


def _item(rule: Rule, trunks: Sequence[Trunk], provider: Provider) -> Item:
    show = SipRuleShow(provider=provider.name, rule=rule.ref.id)
    return Item(
        title=("Calls by ", *parts(by_trunks(rule, trunks)), " end up ", *where(rule.kind, rule.room)),
        detail=in_a_row((Code(rule.ref.id),), rule.name, "with a PIN" if rule.pin else ""),
        actions=(Action("Show", show, description=f"Show the rule {rule_name(rule)}"),),
    )


def _cells(rule: Rule, trunks: Sequence[Trunk]) -> tuple[Text, ...]:
    return (
        (Strong(rule_name(rule)),),
        where(rule.kind, rule.room),
        by_trunks(rule, trunks),
        "asked for" if rule.pin else "",
        (Code(rule.ref.id),),
    )
