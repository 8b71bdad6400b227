"""What a channel, or the whole workspace, has chosen: `commands/core/settings.py` says what there is to choose."""

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from commands.core.base import Advanced, Command, Offered, Offers, Positional, Role
from commands.core.context import Context
from commands.core.dispatch import require_provider
from commands.core.errors import Problem
from commands.core.paging import PagedCommand, Rows
from commands.core.parsing import CLOSE
from commands.core.ports import CHANNEL_PROVIDER, CHANNEL_ROOM, Choice, Place, everywhere
from commands.core.reply import Action, Button, Channel, Code, Form, Item, Moment, Person, Reply, Strong, Text, parts
from commands.core.settings import SETTINGS, Key, NotThat, Setting
from commands.core.types import Name
from commands.core.words import counted, in_a_row
from providers.base import Provider


def _to_key(typed: object) -> object:
    """Raises `PydanticCustomError` for what is no key, with the one that was probably meant."""
    key = typed.strip().lower() if isinstance(typed, str) else typed
    if key in SETTINGS:
        return key
    close = difflib.get_close_matches(str(key), SETTINGS, n=1, cutoff=CLOSE)
    close += [name for name in SETTINGS if name.endswith(f".{key}")]
    meant = f"Did you mean {close[0]}?" if close else f"There is {', '.join(SETTINGS)}."
    raise PydanticCustomError(
        "setting", "There is no setting “{text}”. {meant}", {"text": str(typed)[:40], "meant": meant}
    )


KeyField = Annotated[Key, BeforeValidator(_to_key), Positional()]


@dataclass(frozen=True, slots=True)
class _Row:
    """One key as it is here: `chosen` is what counts, None where nobody has set it."""

    key: Key
    setting: Setting
    default: str
    chosen: Choice | None

    @property
    def value(self) -> str:
        return self.default if self.chosen is None else self.chosen.value

    @property
    def source(self) -> Text:
        if self.chosen is None:
            return "the default"
        where = "workspace" if self.chosen.is_everywhere else "channel"
        by = ("by ", Person(self.chosen.set_by), " ", Moment(self.chosen.set_at))
        return (f"set for this {where} ", *by, f"; the default is {self.default}")


class _OfPlace(Command):
    """A command about one key. `everywhere`: for the workspace and not for the channel alone."""

    key: KeyField = Field(description="Which setting, as setting list shows it")
    everywhere: Annotated[bool, Advanced()] = Field(
        False, description="For the whole workspace, where a channel has not chosen otherwise"
    )

    def problems(self, provider: Provider) -> list[Problem]:
        if self.everywhere and not SETTINGS[self.key].has_everywhere:
            return [Problem(f"What {self.key} is can be set for a channel alone.", "everywhere")]
        return []

    def _place(self, ctx: Context) -> Place:
        is_for_all = self.everywhere or SETTINGS[self.key].is_workspaces
        return everywhere(ctx.place.team_id) if is_for_all else ctx.place

    async def _as_it_is(self, ctx: Context) -> Reply:
        """`joins is told here.`"""
        row = await _row(ctx, self.key)
        return Reply(text=(Code(self.key), " is ", Strong(row.value), " here: ", *parts(row.source), "."))

    async def aftermath(self, ctx: Context) -> Reply:
        return await self._as_it_is(ctx)


class SettingList(PagedCommand, path="setting list", aliases=("settings",), heading="List settings"):
    """List what this channel and the workspace have chosen, and what holds where nobody has."""

    async def run(self, ctx: Context) -> Reply:
        rows = await _rows(ctx)
        shown: Rows[_Row] = Rows(
            item=_item,
            columns=("Setting", "Value", "From", "What it is"),
            cells=lambda row: ((Code(row.key),), (Strong(row.value),), row.source, row.setting.what),
            names=lambda row: row.key,
            buttons=2,
        )
        here = sum(row.chosen is not None and not row.chosen.is_everywhere for row in rows)
        return self.listed(
            f"{counted(len(rows), 'setting', 'settings')}; this {ctx.place.kind} has set {here}.", rows, shown
        )


class SettingSet(
    _OfPlace,
    path="setting set",
    role=Role.ADMIN,
    examples=("joins told", "timezone Europe/Berlin", "room standup", "keep.events 60d", "joins told --everywhere"),
    heading="Change setting",
):
    """Choose something for this channel, or for the whole workspace."""

    key: KeyField = Field(description="Which setting, as setting list shows it")
    value: Annotated[Name, Positional(), Offers(Offered.VALUE, whose="key")] = Field(description="What it is to be")

    @property
    def about(self) -> str | None:
        return self.value if self.key == CHANNEL_ROOM else None

    @property
    def example(self) -> str:
        return f"{self.key} {SETTINGS[self.key].example}"

    def problems(self, provider: Provider) -> list[Problem]:
        found = super().problems(provider)
        try:
            SETTINGS[self.key].read(self.value)
        except NotThat as wrong:
            found.append(Problem(f"{self.key} {wrong}", "value"))
        return found

    async def run(self, ctx: Context) -> Reply:
        value = SETTINGS[self.key].read(self.value)
        if self.key == CHANNEL_PROVIDER:
            require_provider(value, ctx.ports.providers, "value")
        place = self._place(ctx)
        await ctx.ports.settings.put(place, self.key, value, by=ctx.caller.user_id)
        now = await _row(ctx, self.key)
        hides = place != ctx.place and now.chosen is not None and not now.chosen.is_everywhere
        return Reply(
            text=(Code(self.key), " is ", Strong(value), f" {_where(ctx, place)} from now on."),
            hint=(f"This {ctx.place.kind} has its own: ", Strong(now.value), ".") if hides else await self._unmet(ctx),
        )

    async def _unmet(self, ctx: Context) -> Text:
        """Why the room that was chosen can be nobody's here, as far as we know."""
        if self.key != CHANNEL_ROOM:
            return ""
        live = await ctx.ports.rooms.live_named(ctx.viewer, self.value)
        if not live:
            return ("I know of no live room ", Code(self.value), "; it is meant as soon as there is one.")
        if any(room.private_to in (None, ctx.place.channel_id) for room in live):
            return ""
        own = [Channel(room.private_to) for room in live if room.private_to is not None]
        return (
            "The room ",
            Code(self.value),
            " is private to ",
            own[0],
            f", so this {ctx.place.kind} has no way to it.",
        )


class SettingUnset(
    _OfPlace,
    path="setting unset",
    role=Role.ADMIN,
    examples=("joins", "keep.events", "timezone --everywhere"),
    heading="Unset setting",
):
    """Take back what was chosen, so that the workspace's choice holds or the default."""

    async def run(self, ctx: Context) -> Reply:
        place = self._place(ctx)
        was_set = await ctx.ports.settings.unset(place, self.key)
        now = await self._as_it_is(ctx)
        return now if was_set else Reply(text=(Code(self.key), f" was not set {_where(ctx, place)}."), hint=now.text)


def _where(ctx: Context, place: Place) -> str:
    return f"in this {place.kind}" if place == ctx.place else "for the whole workspace"


async def _rows(ctx: Context) -> Sequence[_Row]:
    """Every key, in the order of the table. A channel's choice counts before the workspace's."""
    chosen: Mapping[str, Choice] = {c.key: c for c in reversed(await ctx.ports.settings.all(ctx.place))}
    own = {CHANNEL_PROVIDER: ctx.ports.providers.default}
    return [_Row(key, each, own.get(key, each.default), chosen.get(key)) for key, each in SETTINGS.items()]


async def _row(ctx: Context, key: Key) -> _Row:
    return next(row for row in await _rows(ctx) if row.key == key)


def _item(row: _Row) -> Item:
    given = (("key", row.key), ("value", row.value))
    change: list[Button] = [Form("Change", SettingSet, given, description=f"Change {row.key}")]
    if row.chosen is not None:
        unset = SettingUnset(key=row.key, everywhere=row.chosen.is_everywhere and not row.setting.is_workspaces)
        change.append(Action("Unset", unset, description=f"Unset {row.key}"))
    return Item(
        title=(Code(row.key), " ", Strong(row.value)),
        detail=in_a_row(row.setting.what, row.source),
        actions=tuple(change),
    )
