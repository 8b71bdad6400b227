"""Tables: as Slack's block, and as sections where that is not taken."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.limits import TABLE_ROWS, message_problems
from bot.render.message import Message
from bot.render.reply import render_reply
from bot.render.table import classic_blocks, table_block
from bot.render.text import Block
from commands.core.reply import Action, Channel, Code, Moment, Person, Reply, Strong, Table, Text
from commands.help import WhoAmI
from tests.bot.render.foreign import NASTY, check, texts, words

AT = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)


def shown(table: Table, text: Text = "There are some.") -> Message:
    made = render_reply(Reply(text=text, table=table, hint="Page 1 of 2.", actions=(Action("Next", WhoAmI()),)))
    check(made)
    if made.fallback is not None:
        check(Message(made.text, made.fallback))
    return made


def cells(table: Table) -> list[list[Block]]:
    rows: list[list[Block]] = table_block(table)["rows"]
    return rows


def inside(cell: Block) -> list[dict[str, Any]]:
    elements: list[dict[str, Any]] = cell["elements"][0]["elements"]
    return elements


def test_a_table_names_its_columns_first_and_has_no_empty_cell() -> None:
    rows = cells(Table(("Room", "In it"), (("standup", "3 people"), ("", ""), (" \n", ()))))
    dash = {"type": "raw_text", "text": "-"}
    assert rows[0] == [{"type": "raw_text", "text": "Room"}, {"type": "raw_text", "text": "In it"}]
    assert rows[1] == [{"type": "raw_text", "text": "standup"}, {"type": "raw_text", "text": "3 people"}]
    assert rows[2:] == [[dash, dash], [dash, dash]]


def test_marks_are_drawn_without_markup_and_times_in_the_readers_zone() -> None:
    row = ((Strong("*a*"),), (Code("`b`"), " ", Person("U1")), (Moment(AT),), (Channel("C1"), "<!channel>"))
    name, code, when, where = cells(Table(("a", "b", "c", "d"), (row,)))[1]
    assert inside(name) == [{"type": "text", "text": "*a*", "style": {"bold": True}}]
    assert inside(code)[0] == {"type": "text", "text": "`b`", "style": {"code": True}}
    assert inside(code)[-1] == {"type": "user", "user_id": "U1"}
    assert inside(when) == [
        {
            "type": "date",
            "timestamp": 1795210200,
            "format": "{date_short_pretty} at {time}",
            "fallback": "2026-11-20 21:30 UTC",
        }
    ]
    assert inside(where) == [{"type": "channel", "channel_id": "C1"}, {"type": "text", "text": "<!channel>"}]


@pytest.mark.parametrize("count", [1, TABLE_ROWS - 1])
def test_a_table_that_fits_is_shown_with_the_same_in_sections(count: int) -> None:
    made = shown(Table(("Room", "In it"), tuple((f"room-{n}", f"{n} people") for n in range(count))))
    assert [block["type"] for block in made.blocks] == ["section", "table", "actions", "context"]
    assert len(made.blocks[1]["rows"]) == count + 1
    assert made.fallback is not None
    assert words(made.fallback).count("room-") == count
    assert {block["type"] for block in made.fallback} == {"section", "actions", "context"}


@pytest.mark.parametrize(
    "table",
    [
        Table(("Room",), tuple((f"room-{n}",) for n in range(TABLE_ROWS))),
        Table(tuple(f"c{n}" for n in range(21)), (tuple("x" for _ in range(21)),)),
        Table(("Room",), (("x" * 5_001,), ("y" * 5_000,))),
    ],
)
def test_a_table_that_does_not_fit_is_in_sections_at_once(table: Table) -> None:
    made = shown(table)
    assert made.fallback is None
    assert {block["type"] for block in made.blocks} == {"section", "actions", "context"}


@pytest.mark.parametrize("name", [*NASTY, "界" * 300])
@pytest.mark.parametrize("count", [0, 1, TABLE_ROWS - 1, TABLE_ROWS])
def test_any_table_fits_either_way_and_says_what_it_leaves_out(name: str, count: int) -> None:
    table = Table(("Room", "In it"), tuple(((Strong(f"row{n}. {name}"),), (Moment(AT),)) for n in range(count)))
    made = shown(table)
    sections = words(made.fallback or made.blocks)
    there = sum(f"row{n}." in sections for n in range(count))
    assert there == count or f"{count - there} more row" in sections


@given(st.lists(st.tuples(texts, texts, texts), max_size=30))
def test_nothing_foreign_is_markup(rows: list[tuple[str, str, str]]) -> None:
    table = Table(("One", "Two", "Three"), tuple(((Strong(a),), (Code(b), " ", Person("U1")), c) for a, b, c in rows))
    shown(table)
    assert message_problems({"text": "x", "blocks": classic_blocks(table) or [{"type": "divider"}]}) == []
