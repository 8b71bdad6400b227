"""Long lists: a page at a time, filtered, or as a table.

The command of another page, of the table or of another filter is the same one with other fields, and its answer takes
the place of the list. Pages are cut by number and by size, so that each row is whole on one of them.
"""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Generic, TypeVar

from pydantic import Field

from commands.core.base import Advanced, Command, Internal
from commands.core.reply import Action, Button, Code, Form, Item, Mark, Moment, Reply, Table, Text, plain
from commands.core.types import Count
from commands.core.words import counted, joined, parts

T = TypeVar("T")

PAGE = 10

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


class PagedCommand(Command):
    """A command that answers with a list. A page beyond the end is the last one, as lists grow shorter meanwhile.

    `filters` are the fields that leave rows out.
    """

    per_page: ClassVar[int] = PAGE
    filters: ClassVar[tuple[str, ...]] = ()

    page: Annotated[Count, Internal()] = Field(1, description="Which page of the list")
    table: Annotated[bool, Advanced()] = Field(False, description="Show it as a table")

    @property
    def is_filtered(self) -> bool:
        return not self.changed_fields().isdisjoint(self.filters)

    def listed(
        self, text: Text, found: Sequence[T], rows: Rows[T], *, facts: tuple[tuple[str, Text], ...] = ()
    ) -> Reply:
        """The page that was asked for, with the buttons to the others. `text` says how many of how many there are."""
        pages = self._tables(found, rows) if self.table else self._pages(found, rows, facts)
        page = min(self.page, len(pages))
        shown = pages[page - 1]
        is_table = self.table and bool(shown)
        return Reply(
            text=text,
            facts=facts,
            items=() if is_table else tuple(map(rows.item, shown)),
            table=Table(rows.columns, tuple(map(rows.cells, shown))) if is_table else None,
            hint=f"Page {page} of {len(pages)}." if len(pages) > 1 else "",
            actions=self._ways_on(page, len(pages)) if found else self._narrowing(1) if self.is_filtered else (),
        )

    def filter_buttons(self) -> tuple[Button, ...]:
        """To look for something else, and to see everything again; the latter where something is left out."""
        given = tuple((name, getattr(self, name)) for name in sorted(self.changed_fields() - {"page"}))
        narrower = Form("Filter", type(self), given, in_place=True)
        if not self.is_filtered:
            return (narrower,)
        defaults = {name: type(self).model_fields[name].get_default(call_default_factory=True) for name in self.filters}
        return narrower, self._instead("Show all", page=1, **defaults)

    def _ways_on(self, page: int, pages: int) -> tuple[Button, ...]:
        return (*self._turns(page, pages), *self._looks(pages), *self._narrowing(pages))

    def _turns(self, page: int, last: int) -> list[Button]:
        around = {"Previous": page - 1, "Next": page + 1}
        return [self._instead(label, page=number) for label, number in around.items() if 1 <= number <= last]

    def _looks(self, pages: int) -> list[Button]:
        if self.table:
            return [self._instead("As a list", page=1, table=False)]
        return [self._instead("All in a table", page=1, table=True)] if pages > 1 else []

    def _narrowing(self, pages: int) -> tuple[Button, ...]:
        """What stands on one page is seen at a glance."""
        return self.filter_buttons() if pages > 1 or self.is_filtered or self.table else ()

    def _instead(self, label: str, **fields: object) -> Action:
        return Action(label, self.model_copy(update=fields), in_place=True)

    def _tables(self, found: Sequence[T], rows: Rows[T]) -> list[Sequence[T]]:
        sizes = [sum(len(plain(cell)) + 1 for cell in rows.cells(row)) for row in found]
        return _in_pages(found, sizes, TABLE_ROWS, _TABLE_CHARACTERS)

    def _pages(self, found: Sequence[T], rows: Rows[T], facts: Sequence[tuple[str, Text]]) -> list[Sequence[T]]:
        # Without the page, as the same rows must stand on a page whichever of them is asked for.
        button = _BUTTON_BYTES + _carried(self.model_dump_json(exclude_defaults=True, exclude={"page"}))
        others = 5 * button + sum(_shown(label) + _shown(value) for label, value in facts)
        sizes = list[int]()
        for row in found:
            names = _carried(rows.names(row))
            buttons = rows.buttons * (button + names + min(names, _LABEL_BYTES))
            sizes.append(_ITEM_BYTES + sum(map(_shown, rows.cells(row))) + buttons)
        return _in_pages(found, sizes, self.per_page, _PAGE_BYTES - others)


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
