"""Long lists: cut into pages by number and by size, filtered, and as tables."""

from collections.abc import Sequence
from dataclasses import replace

import pytest
from pydantic import Field

from bot.render.reply import render_reply, stored_actions
from commands.core.paging import PAGE, TABLE_ROWS, LogCommand, PagedCommand, Rows
from commands.core.reply import Action, Code, Form, Item, Reply, Strong, plain
from tests.bot.render.foreign import NASTY, check, words
from tests.commands.workspace import button, labels, titles


class Show(PagedCommand, path="sample show"):
    """Show one."""

    name: str = Field("", description="Which one")


class Listing(PagedCommand, path="sample list"):
    """A command that answers with a list."""

    filters = ("pattern",)

    pattern: str | None = Field(None, description="Only names like this")


class Walk(LogCommand, path="sample walk"):
    """A command that answers with a page of what is too long to be in hand."""

    filters = ("pattern",)

    pattern: str | None = Field(None, description="Only names like this")


NAMED: Rows[str] = Rows(
    item=lambda name: Item(
        (Strong(name),),
        (Code(name),),
        tuple(Action(label, Show(name=name), None, f"{label} {name}") for label in ("Mute", "Remove", "Details")),
    ),
    columns=("Name", "Identity"),
    cells=lambda name: ((Strong(name),), (Code(name),)),
    names=lambda name: name,
    buttons=3,
)


def listed(count: int, **fields: object) -> Reply:
    return Listing.model_validate(fields).listed("There are some.", [f"n{n}" for n in range(count)], NAMED)


@pytest.mark.parametrize(
    ("count", "page", "shown", "turns"),
    [
        (0, 1, range(0), []),
        (1, 1, range(1), []),
        (PAGE, 1, range(PAGE), []),
        (PAGE + 1, 1, range(PAGE), ["Next"]),
        (PAGE + 1, 2, range(PAGE, PAGE + 1), ["Previous"]),
        (3 * PAGE, 2, range(PAGE, 2 * PAGE), ["Previous", "Next"]),
        (3 * PAGE, 3, range(2 * PAGE, 3 * PAGE), ["Previous"]),
        (PAGE + 2, 9, range(PAGE, PAGE + 2), ["Previous"]),
    ],
)
def test_pages(count: int, page: int, shown: range, turns: list[str]) -> None:
    """A page beyond the end is the last one."""
    plain_rows: Rows[str] = Rows(item=lambda name: Item(name), columns=("Name",), cells=lambda name: (name,))
    reply = Listing(page=page).listed("Some.", [f"n{n}" for n in range(count)], plain_rows)
    assert titles(reply) == [f"n{n}" for n in shown]
    more = ["All in a table", "Filter"] if count > PAGE else []
    assert labels(reply.actions) == [*turns, *more]
    last = -(-count // PAGE)
    assert reply.hint == (f"Page {min(page, last)} of {last}." if count > PAGE else "")


def test_whatever_shows_the_list_otherwise_takes_its_place() -> None:
    reply = listed(3 * PAGE, page=2, pattern="n*")
    assert labels(reply.actions) == ["Previous", "Next", "All in a table", "Filter", "Show all"]
    assert all(each.in_place for each in reply.actions if isinstance(each, Action | Form))
    assert button(reply.actions, "Next") == Listing(page=3, pattern="n*")
    assert button(reply.actions, "Previous") == Listing(page=1, pattern="n*")
    assert button(reply.actions, "All in a table") == Listing(pattern="n*", table=True)
    assert button(reply.actions, "Show all") == Listing()


def test_a_filter_starts_with_what_is_set_and_on_the_first_page() -> None:
    narrower = [each for each in listed(3 * PAGE, page=2, pattern="n*").actions if isinstance(each, Form)]
    assert narrower == [Form("Filter", Listing, (("pattern", "n*"),), in_place=True)]


def test_a_short_list_that_is_filtered_can_be_widened() -> None:
    assert labels(listed(1, pattern="n*").actions) == ["Filter", "Show all"]
    assert labels(listed(0, pattern="n*").actions) == ["Filter", "Show all"]


@pytest.mark.parametrize(
    ("count", "page", "rows", "turns"),
    [
        (1, 1, 1, []),
        (TABLE_ROWS, 1, TABLE_ROWS, []),
        (TABLE_ROWS + 1, 1, TABLE_ROWS, ["Next"]),
        (TABLE_ROWS + 1, 2, 1, ["Previous"]),
    ],
)
def test_a_table_has_its_own_pages(count: int, page: int, rows: int, turns: list[str]) -> None:
    reply = listed(count, page=page, table=True)
    assert reply.items == ()
    assert reply.table is not None
    assert len(reply.table.rows) == rows
    assert labels(reply.actions) == [*turns, "As a list", "Filter"]
    assert button(reply.actions, "As a list") == Listing()


def test_an_empty_table_offers_only_what_shows_more() -> None:
    nothing, nothing_like_it = listed(0, table=True), listed(0, table=True, pattern="n*")
    assert nothing.table is nothing_like_it.table is None
    assert nothing.actions == ()
    assert labels(nothing_like_it.actions) == ["Filter", "Show all"]


def test_a_table_is_cut_by_its_characters_too() -> None:
    reply = Listing(table=True).listed("Long.", ["x" * 256] * 60, NAMED)
    assert reply.table is not None
    assert 10 < len(reply.table.rows) < 20
    assert "Next" in labels(reply.actions)


LONG = ("界" * 85, '"' * 256, "\\" * 256, "*" * 256, "😀" * 64, "a:b:" * 64)


@pytest.mark.parametrize("nasty", [*NASTY, *LONG], ids=range(len(NASTY) + len(LONG)))
@pytest.mark.parametrize("pattern", [None, '"' * 256], ids=["", "filtered"])
def test_everybody_is_on_some_page(nasty: str, pattern: str | None) -> None:
    """Names are at most 256 bytes long. Nothing is left out of a message."""
    name = nasty.encode()[:252].decode("utf-8", "ignore")
    every = [f"{name}{n}" for n in range(2 * PAGE)]
    command, seen = Listing(pattern=pattern), list[str]()
    while True:
        reply = command.listed("There are some.", every, NAMED)
        shown = render_reply(reply, ["token"] * len(stored_actions(reply)))
        check(shown)
        assert "not shown" not in words(shown.blocks)
        seen += titles(reply)
        if "Next" not in labels(reply.actions):
            break
        following = button(reply.actions, "Next")
        assert isinstance(following, Listing)
        command = following
    assert seen == [plain((Strong(each),)) for each in every]


NUMBERED: Rows[int] = Rows(
    item=lambda row: Item(str(row)), columns=("Number",), cells=lambda row: (f"{row}",), buttons=0
)


async def walked(last: int, size: int = 0, **fields: object) -> Reply:
    """A page of the rows 1 to `last`, each of so many characters."""

    async def fetch(*, limit: int, before: int | None, after: int | None) -> Sequence[int]:
        rows = range(last, 0, -1)
        if after is not None:
            return [row for row in rows if row > after][-limit:]
        return [row for row in rows if before is None or row < before][:limit]

    rows = replace(NUMBERED, cells=lambda row: (f"{row}" + "x" * size,))
    return await Walk.model_validate(fields).walked("Rows.", fetch, lambda row: row, rows)


@pytest.mark.parametrize(
    ("last", "fields", "shown", "turns"),
    [
        (0, {}, [], []),
        (1, {}, [1], []),
        (PAGE, {}, range(PAGE, 0, -1), []),
        (PAGE + 1, {}, range(PAGE + 1, 1, -1), ["Older"]),
        (PAGE + 1, {"before": 2}, [1], ["Newer"]),
        (3 * PAGE, {"before": PAGE + 5}, range(PAGE + 4, 4, -1), ["Newer", "Older"]),
        (3 * PAGE, {"after": PAGE}, range(2 * PAGE, PAGE, -1), ["Newer", "Older"]),
        (2 * PAGE, {"after": PAGE}, range(2 * PAGE, PAGE, -1), ["Older"]),
        (PAGE, {"after": 3 * PAGE}, range(PAGE, 0, -1), []),
    ],
)
async def test_a_walk(last: int, fields: dict[str, int], shown: Sequence[int], turns: list[str]) -> None:
    """Where nothing stands any more, the walk begins anew."""
    reply = await walked(last, **fields)
    assert titles(reply) == [str(row) for row in shown]
    assert labels(reply.actions) == [*turns, *(["All in a table", "Filter"] if turns else [])]


async def test_a_step_of_a_walk_and_back_is_the_same_page_whatever_its_size() -> None:
    first = await walked(100, size=3_000)
    assert 0 < len(first.items) < PAGE
    older = button(first.actions, "Older")
    assert isinstance(older, Walk)
    second = await walked(100, size=3_000, before=older.before)
    newer = button(second.actions, "Newer")
    assert isinstance(newer, Walk)
    assert titles(await walked(100, size=3_000, after=newer.after)) == titles(first)
    assert [int(title) for title in titles(first) + titles(second)] == list(range(100, 100 - 2 * len(first.items), -1))


async def test_a_walk_by_tables() -> None:
    reply = await walked(3 * TABLE_ROWS, table=True)
    assert reply.table is not None
    assert len(reply.table.rows) == TABLE_ROWS
    assert labels(reply.actions) == ["Older", "As a list", "Filter"]
    assert button(reply.actions, "As a list") == Walk()


async def test_a_walk_that_finds_nothing_can_be_widened() -> None:
    assert labels((await walked(0, pattern="x")).actions) == ["Filter", "Show all"]
