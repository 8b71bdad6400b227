"""The video servers that this deployment has, and which of them a channel uses."""

from collections.abc import Iterable
from typing import Annotated

from pydantic import Field

from commands.core.base import Command, Offered, Offers, Positional, Role
from commands.core.context import Context
from commands.core.dispatch import require_provider
from commands.core.ports import CHANNEL_PROVIDER
from commands.core.reply import Action, Item, Reply, Strong, Text
from commands.core.words import counted
from commands.setting import SettingSet
from providers.base import Capability, Provider
from providers.errors import ProviderError


class ProviderList(Command, path="provider list", aliases=("providers",), heading="List video servers"):
    """List the video servers and say which one this channel uses."""

    async def run(self, ctx: Context) -> Reply:
        items = []
        for name in ctx.ports.providers.names:
            provider = require_provider(name, ctx.ports.providers)
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
        require_provider(self.name, ctx.ports.providers, "name")
        return await self._as_setting().run(ctx)

    async def aftermath(self, ctx: Context) -> Reply:
        return await self._as_setting().aftermath(ctx)

    def _as_setting(self) -> SettingSet:
        return SettingSet(key=CHANNEL_PROVIDER, value=self.name)


class ProviderShow(Command, path="provider show", examples=("", "memory"), heading="Show video server"):
    """Show what a video server can do, what it lacks and why, and whether it answers."""

    name: Annotated[str | None, Positional(), Offers(Offered.SERVER)] = Field(
        None, description="Name of the video server; this channel's by default"
    )

    async def run(self, ctx: Context) -> Reply:
        here, providers = ctx.provider, ctx.ports.providers
        provider = here if self.name is None else require_provider(self.name, providers, "name")
        facts: list[tuple[str, Text]] = [("Kind", provider.kind), ("Answers", await _answers(provider))]
        if provider.address:
            facts.append(("Address", provider.address))
        facts += provider.notes.items()
        facts += _lacks(provider)
        facts += await _running(provider)
        facts += _takes(provider)
        outputs = tuple(
            Item(title=(Strong(output.name), " · output"), detail=f"{output.kind}: {output.place}")
            for output in provider.limits.outputs
        )
        can = _in_words(provider.capabilities)
        return Reply(text=(Strong(provider.name), f" can: {can}."), facts=tuple(facts), items=outputs)


async def _answers(provider: Provider) -> str:
    """`provider show` is asked when something is wrong, so a failure is part of the answer."""
    try:
        await provider.ping()
    except ProviderError as error:
        return f"no. {error.what} {error.remedy}".strip()
    return "yes"


def _lacks(provider: Provider) -> list[tuple[str, Text]]:
    """What servers of its kind can do and this one cannot, by the reason."""
    by_reason: dict[str, list[Capability]] = {}
    for capability in Capability:
        if capability in provider.capabilities:
            continue
        if because := provider.lacking_because.get(capability):
            by_reason.setdefault(because, []).append(capability)
        elif edition := provider.editions.get(capability):
            by_reason.setdefault(f"Of its kind only {edition} can.", []).append(capability)
    return [("Cannot", f"{_in_words(lacking)}. {because}") for because, lacking in by_reason.items()]


async def _running(provider: Provider) -> list[tuple[str, Text]]:
    """How many egresses keep its workers busy: all of them, as a number names nobody. Nothing where it does not say."""
    if Capability.LIST_EGRESSES not in provider.capabilities:
        return []
    try:
        return [("Egresses that run", str(len(await provider.list_egresses(active=True))))]
    except ProviderError:
        return []


def _takes(provider: Provider) -> list[tuple[str, Text]]:
    limits = provider.limits
    named = {"Layouts": limits.layouts, "Presets": limits.presets, "Formats": limits.formats}
    if Capability.START_STREAM in provider.capabilities:
        named["Streams go to"] = tuple(f"{scheme}://" for scheme in limits.stream_schemes)
    return [(label, ", ".join(names)) for label, names in named.items() if names]


def _in_words(capabilities: Iterable[Capability]) -> str:
    return ", ".join(sorted(each.value.replace("_", " ") for each in capabilities))
