"""The video servers that this deployment has, and which of them a channel uses."""

from typing import Annotated

from pydantic import Field

from commands.core.base import Command, Offered, Offers, Positional, Role
from commands.core.context import Context
from commands.core.errors import NothingHere
from commands.core.ports import CHANNEL_PROVIDER
from commands.core.reply import Action, Code, Item, Reply, Strong, Text
from commands.core.words import counted
from providers.base import Provider
from providers.errors import ProviderError


class ProviderList(Command, path="provider list", aliases=("providers",), heading="List video servers"):
    """List the video servers and say which one this channel uses."""

    async def run(self, ctx: Context) -> Reply:
        items = []
        for name in ctx.ports.providers.names:
            provider = _named(ctx, name)
            used = name == ctx.provider.name
            items.append(
                Item(
                    title=(Strong(name), " · used here" if used else ""),
                    detail=f"{provider.kind} {provider.address}".strip(),
                    actions=()
                    if used
                    else (Action("Use here", ProviderUse(name=name), description=f"Use {name} here"),),
                )
            )
        known = counted(len(items), "video server is", "video servers are")
        return Reply(
            text=(f"{known} configured; this channel uses ", Strong(ctx.provider.name), "."), items=tuple(items)
        )


class ProviderUse(Command, path="provider use", role=Role.ADMIN, examples=("memory",), heading="Choose video server"):
    """Choose the video server that this channel's commands go to."""

    name: Annotated[str, Positional(), Offers(Offered.SERVER)] = Field(description="Name of the video server")

    async def run(self, ctx: Context) -> Reply:
        provider = _named(ctx, self.name)
        await ctx.ports.settings.put(ctx.place, CHANNEL_PROVIDER, provider.name, by=ctx.caller.user_id)
        return Reply(text=("This channel uses ", Strong(provider.name), " from now on."))

    async def aftermath(self, ctx: Context) -> Reply:
        used = await ctx.ports.settings.get(ctx.place, CHANNEL_PROVIDER) or ctx.ports.providers.default
        again = "" if used == self.name else ("; choose ", Code(self.name), " again if you want that")
        return Reply(text=("This channel uses ", Strong(used), *again, "."))


class ProviderShow(Command, path="provider show", examples=("", "memory"), heading="Show video server"):
    """Show what a video server can do and whether it answers."""

    name: Annotated[str | None, Positional(), Offers(Offered.SERVER)] = Field(
        None, description="Name of the video server; this channel's by default"
    )

    async def run(self, ctx: Context) -> Reply:
        provider = ctx.provider if self.name is None else _named(ctx, self.name)
        can = sorted(c.value.replace("_", " ") for c in provider.capabilities)
        facts: list[tuple[str, Text]] = [("Kind", provider.kind), ("Answers", await _answers(provider))]
        if provider.address:
            facts.append(("Address", provider.address))
        return Reply(text=(Strong(provider.name), " can: ", ", ".join(can), "."), facts=tuple(facts))


def _named(ctx: Context, name: str) -> Provider:
    provider = ctx.ports.providers.get(name)
    if provider is None:
        raise NothingHere(
            ("There is no video server called ", Code(name), " here."),
            ("There is ", ", ".join(ctx.ports.providers.names), "."),
        )
    return provider


async def _answers(provider: Provider) -> str:
    """`provider show` is asked when something is wrong, so a failure is part of the answer."""
    try:
        await provider.ping()
    except ProviderError as error:
        return f"no. {error.what} {error.remedy}".strip()
    return "yes"
