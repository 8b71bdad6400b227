"""Long lists: a page at a time, filtered, or as a table.

The command of another page, of the table or of another filter is the same one with other fields, and its answer takes
the place of the list. Pages are cut by number and by size, so that each row is whole on one of them.
"""

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Generic, Protocol, TypeVar

from pydantic import Field

from commands.core.base import Advanced, Command, Internal
from commands.core.reply import Action, Button, Code, Form, Item, Mark, Moment, Reply, Table, Text, plain
from commands.core.types import Count
from commands.core.words import counted, joined, parts

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)

PAGE = 10

NEWEST = 2**63 - 1
"""The largest number that a row of a database has."""

TABLE_ROWS = 99
"""A table of Slack's has a hundred rows, one of which names the columns."""

_TABLE_CHARACTERS = 9_000
_PAGE_BYTES = 12_500
"""What fits one message, with some room to spare: the limits themselves are in `bot/render/limits.py`."""

_ITEM_BYTES = 300
_BUTTON_BYTES = 220
_LABEL_BYTES = 320
_MOMENT_BYTES = 80
_GROWING = re.compile(r"(?<![^\W_])[*_~`]|[*_~`](?![^\W_])|[&<>]|:(?=[a-z0-9_+'-]+:)")
"""What is escaped, or kept from being taken for formatting."""

_GROWTH = 6


@dataclass(frozen=True, slots=True)
class Rows(Generic[T]):
    """How the rows of a list are shown: as items with `buttons` each, which carry `names`, or as cells of a table."""

    item: Callable[[T], Item]
    columns: tuple[str, ...]
    cells: Callable[[T], tuple[Text, ...]]
    names: Callable[[T], str] = lambda row: ""
    buttons: int = 1


@dataclass(frozen=True, slots=True)
class Filter:
    """What is true of the rows that are left, said of one and of several: `matches`, `match` and a pattern."""

    one: str
    many: str
    than: tuple[str | Mark, ...] = ()


def like(pattern: str) -> Filter:
    return Filter("matches ", "match ", (Code(pattern),))


def matched(found: int, every: int, noun: tuple[str, str], where: Text, filters: Sequence[Filter], others: str) -> Text:
    """`5 of 12 rooms on x match y.`, `No room on x matches y; 5 others are live.`

    `noun` is for one and for several; `others` says what those are that are left out.
    """
    is_one = found <= 1
    conditions = joined([(each.one if is_one else each.many, *each.than) for each in filters], " and ")
    if found:
        return (f"{found:,} of {counted(every, *noun)} ", *parts(where), " ", *parts(conditions), ".")
    rest = f"; {counted(every, 'other is', 'others are')} {others}." if every else "."
    return (f"No {noun[0]} ", *parts(where), " ", *parts(conditions), rest)


class _ListCommand(Command):
    """A command that answers with a list.

    `filters` are the fields that leave rows out; `first_page` has the fields that say which page is meant, as they are
    for the first one.
    """

    per_page: ClassVar[int] = PAGE
    filters: ClassVar[tuple[str, ...]] = ()
    first_page: ClassVar[Mapping[str, object]]

    table: Annotated[bool, Advanced()] = Field(False, description="Show it as a table")

    @property
    def is_filtered(self) -> bool:
        return not self.changed_fields().isdisjoint(self.filters)

    def filter_buttons(self) -> tuple[Button, ...]:
        """To look for something else, and to see everything again; the latter where something is left out."""
        given = tuple((name, getattr(self, name)) for name in sorted(self.changed_fields() - {*self.first_page}))
        narrower = Form("Filter", type(self), given, in_place=True)
        if not self.is_filtered:
            return (narrower,)
        defaults = {name: type(self).model_fields[name].get_default(call_default_factory=True) for name in self.filters}
        return narrower, self._instead("Show all", **self.first_page, **defaults)

    def _reply(
        self, text: Text, shown: Sequence[T], rows: Rows[T], *, facts: tuple[tuple[str, Text], ...], hint: str
    ) -> Reply:
        is_table = self.table and bool(shown)
        return Reply(
            text=text,
            facts=facts,
            items=() if is_table else tuple(map(rows.item, shown)),
            table=Table(rows.columns, tuple(map(rows.cells, shown))) if is_table else None,
            hint=hint,
        )

    def _looks(self, *, is_long: bool) -> list[Button]:
        if self.table:
            return [self._instead("As a list", **self.first_page, table=False)]
        return [self._instead("All in a table", **self.first_page, table=True)] if is_long else []

    def _narrowing(self, *, is_long: bool) -> tuple[Button, ...]:
        """What stands on one page is seen at a glance."""
        return self.filter_buttons() if is_long or self.is_filtered else ()

    def _instead(self, label: str, **fields: object) -> Action:
        return Action(label, self.model_copy(update=fields), in_place=True)

    def _cut(self, found: Sequence[T], rows: Rows[T], facts: Sequence[tuple[str, Text]] = ()) -> list[Sequence[T]]:
        return self._tables(found, rows) if self.table else self._pages(found, rows, facts)

    def _tables(self, found: Sequence[T], rows: Rows[T]) -> list[Sequence[T]]:
        sizes = [sum(len(plain(cell)) + 1 for cell in rows.cells(row)) for row in found]
        return _in_pages(found, sizes, TABLE_ROWS, _TABLE_CHARACTERS)

    def _pages(self, found: Sequence[T], rows: Rows[T], facts: Sequence[tuple[str, Text]]) -> list[Sequence[T]]:
        # Without the page, as the same rows must stand on a page whichever of them is asked for.
        button = _BUTTON_BYTES + _carried(self.model_dump_json(exclude_defaults=True, exclude={*self.first_page}))
        others = 5 * button + sum(_shown(label) + _shown(value) for label, value in facts)
        sizes = list[int]()
        for row in found:
            names = _carried(rows.names(row))
            buttons = rows.buttons * (button + names + min(names, _LABEL_BYTES))
            sizes.append(_ITEM_BYTES + sum(map(_shown, rows.cells(row))) + buttons)
        return _in_pages(found, sizes, self.per_page, _PAGE_BYTES - others)


class PagedCommand(_ListCommand):
    """A list that is in hand. A page beyond the end is the last one, as lists grow shorter meanwhile."""

    first_page: ClassVar[Mapping[str, object]] = {"page": 1}

    page: Annotated[Count, Internal()] = Field(1, description="Which page of the list")

    def listed(
        self, text: Text, found: Sequence[T], rows: Rows[T], *, facts: tuple[tuple[str, Text], ...] = ()
    ) -> Reply:
        """The page that was asked for, with the buttons to the others. `text` says how many of how many there are."""
        pages = self._cut(found, rows, facts)
        page = min(self.page, len(pages))
        hint = f"Page {page} of {len(pages)}." if len(pages) > 1 else ""
        actions = self._ways_on(page, len(pages)) if found else self._narrowing(is_long=False)
        return replace(self._reply(text, pages[page - 1], rows, facts=facts, hint=hint), actions=actions)

    def _ways_on(self, page: int, pages: int) -> tuple[Button, ...]:
        is_long = pages > 1
        narrowing = self._narrowing(is_long=is_long or self.table)
        return (*self._turns(page, pages), *self._looks(is_long=is_long), *narrowing)

    def _turns(self, page: int, last: int) -> list[Button]:
        around = {"Previous": page - 1, "Next": page + 1}
        return [self._instead(label, page=number) for label, number in around.items() if 1 <= number <= last]


class Fetch(Protocol[T_co]):
    """Rows as they are to be shown, at most `limit`: the first ones after the row `before`, or the last ones before the
    row `after`. What comes next to a row is told by its number, and the numbers fall."""

    async def __call__(self, *, limit: int, before: int | None, after: int | None) -> Sequence[T_co]: ...


class LogCommand(_ListCommand):
    """A list that grows at its head and is too long to be in hand: the database is asked for one page.

    A page is told by the row that it stands next to, so that it stays the same while new rows come.
    """

    first_page: ClassVar[Mapping[str, object]] = {"before": None, "after": None}

    before: Annotated[int | None, Internal()] = Field(
        None, ge=1, le=NEWEST, description="Only what is older than this row"
    )
    after: Annotated[int | None, Internal()] = Field(
        None, ge=0, le=NEWEST, description="Only the next that are newer than this row"
    )

    async def walked(self, text: Text, fetch: Fetch[T], number: Callable[[T], int], rows: Rows[T]) -> Reply:
        """The page that was asked for, with the buttons to its neighbours. `number` is that of a row."""
        most = TABLE_ROWS if self.table else self.per_page
        found = await fetch(limit=most + 1, before=self.before, after=self.after)
        if not found and (self.before, self.after) != (None, None):  # what stood there is kept no more
            return await self.model_copy(update=dict(self.first_page)).walked(text, fetch, number, rows)
        is_back = self.after is not None
        near = self._cut(found[::-1] if is_back else found, rows)[0][:most]
        is_cut, shown = len(near) < len(found), near[::-1] if is_back else near
        turns = list[Button]()
        if is_cut if is_back else self.before is not None:
            turns.append(self._instead("Newer", before=None, after=number(shown[0])))
        if is_back or is_cut:
            turns.append(self._instead("Older", before=number(shown[-1]), after=None))
        looks = self._looks(is_long=bool(turns)) if found else []
        ways = (*turns, *looks, *self._narrowing(is_long=bool(turns or looks)))
        return replace(self._reply(text, shown, rows, facts=(), hint=""), actions=ways)


def _in_pages(found: Sequence[T], sizes: Sequence[int], most: int, room: int) -> list[Sequence[T]]:
    """At least one page, and at least one row on each where there are any."""
    pages, start, filled = list[Sequence[T]](), 0, 0
    for index, size in enumerate(sizes):
        if index > start and (index - start == most or filled + size > room):
            pages.append(found[start:index])
            start, filled = index, 0
        filled += size
    return [*pages, found[start:]]


def _shown(text: Text) -> int:
    """How many bytes it takes as markup, at most."""
    words = ["" if isinstance(part, Moment) else plain([part]) for part in parts(text)]
    grown = sum(len(word.encode("utf-8", "replace")) + _GROWTH * len(_GROWING.findall(word)) for word in words)
    return grown + _MOMENT_BYTES * words.count("")


def _carried(text: str) -> int:
    """How many bytes it takes in a button's value, which is JSON in JSON."""
    return len(json.dumps(json.dumps(text, ensure_ascii=False), ensure_ascii=False).encode("utf-8", "replace"))
