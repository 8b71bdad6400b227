"""Trunks, the connections to telephone companies: looking at them and taking them away."""

from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from commands.core.base import Command, Offered, Offers, Positional, Role, ServerCommand
from commands.core.context import Context
from commands.core.errors import NothingHere
from commands.core.paging import PagedCommand, Rows
from commands.core.reply import Action, Button, Code, Form, Item, Question, Reply, Secret, Strong, Text
from commands.core.sip_trunks import trunk_facts, trunk_name
from commands.core.types import Name
from commands.core.words import a_few, counted, in_a_row, in_natural_order, joined
from commands.one_named import pick
from commands.sip_lookup import TRUNK
from commands.sip_rule import only_seen
from providers.base import Call, Capability, Provider, Rule, Trunk
from providers.errors import NotFound

_MOST_NAMED = 5
_CALLS_LOOKED_AT = 100


class TrunkCommand(ServerCommand):
    """A command for one trunk."""

    trunk: Annotated[Name, Positional(), Offers(Offered.TRUNK)] = Field(description="The trunk's name or id")

    async def find(self, ctx: Context) -> Trunk:
        """Raises `NothingHere`."""
        return pick(ctx, TRUNK, await ctx.provider.list_trunks(), self.trunk, self.of)

    def of(self, trunk: Trunk) -> Command:
        """The same for exactly that one."""
        return self.model_copy(update={"trunk": trunk.ref.id})


class SipTrunkList(
    PagedCommand,
    ServerCommand,
    path="sip trunk list",
    heading="List trunks",
    role=Role.OPERATOR,
    needs=Capability.LIST_TRUNKS,
    aliases=("sip trunks",),
):
    """List the trunks that calls come in by and go out by."""

    async def run(self, ctx: Context) -> Reply:
        found = sorted(
            await ctx.provider.list_trunks(), key=lambda t: (t.direction, in_natural_order(trunk_name(t)), t.ref.id)
        )
        create = _create(ctx)
        if not found:
            text: Text = ("No trunk is on ", Code(ctx.provider.name), ", so nobody can call or be called.")
            return Reply(text=text, actions=create)
        shown: Rows[Trunk] = Rows(
            item=lambda t: _item(t, ctx.provider),
            columns=("Trunk", "Direction", "Numbers", "Address", "Id"),
            cells=_cells,
            names=lambda t: t.ref.id,
            buttons=1,
        )
        text = (counted(len(found), "trunk is", "trunks are"), " on ", Code(ctx.provider.name), ".")
        listed = self.listed(text, found, shown)
        return listed if listed.actions else Reply(text=listed.text, items=listed.items, actions=create)


class SipTrunkShow(
    TrunkCommand,
    path="sip trunk show",
    heading="Show trunk",
    role=Role.ADMIN,
    needs=Capability.LIST_TRUNKS,
    examples=("office", "office --password"),
):
    """Show one trunk in full."""

    password: bool = Field(False, description="Show the password of its login, too")

    async def run(self, ctx: Context) -> Reply:
        trunk = await self.find(ctx)
        secret = trunk.password or None
        reveal = Action("Show password", self.model_copy(update={"trunk": trunk.ref.id, "password": True}))
        return Reply(
            text=("The trunk ", Strong(trunk_name(trunk)), "."),
            facts=tuple(fact for fact in trunk_facts(trunk) if not (self.password and fact[0] == "Password")),
            secrets=(Secret("Password", secret),) if self.password and secret is not None else (),
            hint="It has no password." if self.password and secret is None else "",
            actions=(*([reveal] if secret is not None and not self.password else []), *_controls(ctx, trunk)),
            alone=True,
        )


class SipTrunkDelete(
    TrunkCommand,
    path="sip trunk delete",
    heading="Delete trunk",
    role=Role.ADMIN,
    needs=(Capability.DELETE_TRUNK, Capability.LIST_TRUNKS),
    examples=("office",),
):
    """Delete a trunk: nobody can call by it any more, or be called."""

    async def question(self, ctx: Context) -> Question:
        trunk = await self.find(ctx)
        rules = [rule for rule in await _rules(ctx) if trunk.ref.id in rule.trunks]
        calls = [call for call in await _calls(ctx) if call.trunk == trunk.ref.id]
        facts = (
            ("Rules", _rules_of(rules, await only_seen(ctx.ports.rooms, ctx.viewer, rules))),
            ("Calls", counted(len(calls), "goes by it", "go by it") if calls else ""),
        )
        return Question(
            text=("Delete the trunk ", Strong(trunk_name(trunk)), "? ", _what_ends(trunk)),
            facts=tuple((label, value) for label, value in facts if value),
            command=self.of(trunk),
            confirm="Delete",
        )

    async def run(self, ctx: Context) -> Reply:
        trunk = await self.find(ctx)
        try:
            await ctx.provider.delete_trunk(trunk.ref)
        except NotFound:
            raise NothingHere(
                ("The trunk ", Strong(trunk_name(trunk)), " has just been deleted by somebody else."),
                "There is nothing left to do.",
            ) from None
        return Reply(text=("Deleted the trunk ", Strong(trunk_name(trunk)), "."))

    async def aftermath(self, ctx: Context) -> Reply:
        trunk = await self.find(ctx)
        return Reply(text=("The trunk ", Strong(trunk_name(trunk)), " is still there; delete it again."))


def _what_ends(trunk: Trunk) -> str:
    return "Nobody can call in by it then." if trunk.direction == "inbound" else "Nobody can be called by it then."


async def _rules(ctx: Context) -> Sequence[Rule]:
    return await ctx.provider.list_rules() if Capability.LIST_RULES in ctx.provider.capabilities else ()


async def _calls(ctx: Context) -> Sequence[Call]:
    """Those that go on, as far as we have heard."""
    known = await ctx.ports.rooms.calls(ctx.viewer, ctx.provider.name, _CALLS_LOOKED_AT)
    return [call for call in known if not call.status.is_final]


def _rules_of(rules: Sequence[Rule], seen: Sequence[Rule]) -> str:
    """One that has no other trunk takes no call any more. Those that are not seen here go without their names."""
    idle, hidden = [rule for rule in rules if len(rule.trunks) == 1], len(rules) - len(seen)
    unseen = [f"{hidden} that {'is' if hidden == 1 else 'are'} not seen here"] if hidden else []
    named = ", ".join([*([a_few([rule.name or rule.ref.id for rule in seen], _MOST_NAMED)] if seen else []), *unseen])
    ends = f"; {counted(len(idle), 'takes', 'take')} no calls then" if idle else ""
    return f"{named}{ends}" if rules else ""


def _create(ctx: Context) -> tuple[Button, ...]:
    create = ctx.ports.commands["sip", "trunk", "create"]
    if not create.spec.needs <= ctx.provider.capabilities:
        return ()
    return (Form("Create trunk", create, (("provider", ctx.provider.name),)),)


def _controls(ctx: Context, trunk: Trunk) -> tuple[Button, ...]:
    given = (("provider", trunk.ref.provider), ("trunk", trunk.ref.id))
    update = ctx.ports.commands["sip", "trunk", "update"]
    delete = SipTrunkDelete(provider=trunk.ref.provider, trunk=trunk.ref.id)
    called = trunk_name(trunk)
    buttons: list[Form | Action] = [
        Form("Update", update, given, description=f"Change the trunk {called}"),
        Action("Delete", delete, style="danger", description=f"Delete the trunk {called}"),
    ]
    return tuple(each for each in buttons if each.command_type.spec.needs <= ctx.provider.capabilities)


def _item(trunk: Trunk, provider: Provider) -> Item:
    show = SipTrunkShow(provider=provider.name, trunk=trunk.ref.id)
    return Item(
        title=(Strong(trunk_name(trunk)), f" · {trunk.direction.value}"),
        detail=in_a_row((Code(trunk.ref.id),), _numbers(trunk), (Code(trunk.address),) if trunk.address else ""),
        actions=(Action("Show", show, description=f"Show the trunk {trunk_name(trunk)}"),),
    )


def _cells(trunk: Trunk) -> tuple[Text, ...]:
    return (
        (Strong(trunk_name(trunk)),),
        trunk.direction.value,
        _numbers(trunk),
        (Code(trunk.address),) if trunk.address else "",
        (Code(trunk.ref.id),),
    )


def _numbers(trunk: Trunk) -> Text:
    """Ours there, which are no secret."""
    more = len(trunk.numbers) - _MOST_NAMED
    named = joined([(Code(number),) for number in trunk.numbers[:_MOST_NAMED]], ", ")
    return joined([named, f"and {more} more" if more > 0 else ""], " ")
