"""A reply's table: as Slack's `table` block, and the same in classic sections for workspaces that take none.

https://docs.slack.dev/reference/block-kit/blocks/table-block: a cell is never empty, and `raw_text` is shown as it is.
"""

from collections.abc import Sequence

from bot.render.limits import BLOCKS_SIZE, SECTION_TEXT
from bot.render.lines import sections
from bot.render.message import context
from bot.render.text import Block, mrkdwn
from bot.text import one_line, utc
from commands.core.reply import Channel, Code, Mark, Moment, Person, Strong, Table, Text, plain
from commands.core.words import joined, parts

_EMPTY = "-"
_CLASSIC_BYTES = BLOCKS_SIZE - 4_000
"""What the sections take at most: text, buttons and hint of the message need the rest."""


def table_block(table: Table) -> Block:
    head = [_raw(column) for column in table.columns]
    rows = [[_cell(cell) for cell in row] for row in table.rows]
    return {"type": "table", "rows": [head, *rows], "column_settings": [{"is_wrapped": True} for _ in head]}


def classic_blocks(table: Table) -> list[Block]:
    """A line for each row, many to a section; what does not fit is counted."""
    drawn, left = sections([_line(table.columns, row) for row in table.rows], _CLASSIC_BYTES)
    note = f"{left} more {'row is' if left == 1 else 'rows are'} not shown here; the list has them all."
    return [*drawn, context(note)] if left else drawn


def _line(columns: Sequence[str], row: Sequence[Text]) -> str:
    """`*standup* · In it: 3 people`: the first cell names the row, and the others say which they are."""
    first, *others = row
    named = [(f"{name}: ", *parts(cell)) for name, cell in zip(columns[1:], others, strict=True) if plain(cell)]
    return mrkdwn(joined([first if plain(first) else _EMPTY, *named], " · "), SECTION_TEXT)


def _cell(text: Text) -> Block:
    marks = [part for part in parts(text) if part]
    if all(isinstance(part, str) for part in marks):
        return _raw(plain(text))
    elements = [_element(part) for part in marks]
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": elements}]}


def _element(part: str | Mark) -> Block:
    match part:
        case str():
            return _words(part)
        case Code(text):
            return {**_words(text), "style": {"code": True}}
        case Strong(text):
            return {**_words(text), "style": {"bold": True}}
        case Person(user_id):
            return {"type": "user", "user_id": user_id}
        case Channel(channel_id):
            return {"type": "channel", "channel_id": channel_id}
        case Moment(at):
            when = "{date_short_pretty} at {time}"
            return {"type": "date", "timestamp": int(at.timestamp()), "format": when, "fallback": utc(at)}


def _raw(text: str) -> Block:
    return {"type": "raw_text", "text": one_line(text) or _EMPTY}


def _words(text: str) -> Block:
    return {**_raw(text), "type": "text"}
