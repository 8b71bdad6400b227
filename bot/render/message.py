"""A message as it goes to Slack, the blocks it is made of, and the one function that makes it fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import chain

from bot.render.limits import (
    BLOCKS_PER_MESSAGE,
    BLOCKS_SIZE,
    FIELD_TEXT,
    MESSAGE_TEXT,
    SECTION_FIELDS,
    SECTION_TEXT,
    cut,
    message_problems,
    serialized_size,
)
from bot.render.text import Block, mrkdwn, mrkdwn_object, plain_object
from commands.core.reply import Strong, Text

_LONGEST_LABEL = 200
Row = tuple[Block, ...]
"""Blocks that are shown together or not at all: buttons must not end up under another's name."""

_STAYS_LONGER = {"context": 1, "header": 2, "actions": 3}
"""When a message is too large, other blocks go first, and of equal ones the last goes first."""


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is for notifications and screen readers; `blocks` is what is seen. Neither is refused by Slack."""

    text: str
    blocks: list[Block]


def message(text: str, blocks: Sequence[Block | Row]) -> Message:
    """Every outgoing message is made here. What is too much is left out, and the message says so; a row counts as one.

    `text` is escaped already. Renderers cut each text by its own limit; should one be too long all the same, the
    message is sent with its `text` alone rather than not at all.
    """
    text = cut(text, MESSAGE_TEXT) or "…"
    fitting = _fitting(blocks)
    if message_problems({"text": text, "blocks": fitting}):
        fitting = [{"type": "section", "text": {"type": "mrkdwn", "text": cut(text, SECTION_TEXT), "verbatim": True}}]
    return Message(text, fitting)


def _fitting(blocks: Sequence[Block | Row]) -> list[Block]:
    rows = [each if isinstance(each, tuple) else (each,) for each in blocks]
    whole = list(chain.from_iterable(rows))
    if len(whole) <= BLOCKS_PER_MESSAGE and serialized_size(whole) <= BLOCKS_SIZE:
        return whole
    sizes = [sum(serialized_size(block) + len(", ") for block in row) for row in rows]
    kept = set(range(len(rows)))
    count, size = len(whole), sum(sizes) + serialized_size(_left_out(len(rows))) + len("[], ")
    for index in _expendable(rows):
        if count < BLOCKS_PER_MESSAGE and size <= BLOCKS_SIZE:
            break
        kept.discard(index)
        count, size = count - len(rows[index]), size - sizes[index]
    gap = min(set(range(len(rows))) - kept, default=len(rows))
    note: Row = (_left_out(len(rows) - len(kept)),)
    shown = [rows[index] if index in kept else note for index in range(len(rows)) if index in kept or index == gap]
    return list(chain.from_iterable(shown))


def _expendable(rows: Sequence[Row]) -> list[int]:
    return sorted(range(1, len(rows)), key=lambda index: (_STAYS_LONGER.get(rows[index][0]["type"], 0), -index))


def _left_out(count: int) -> Block:
    return context(f"{count} more {'is' if count == 1 else 'are'} not shown.")


def section(text: Text, accessory: Block | None = None) -> Block:
    block: Block = {"type": "section", "text": mrkdwn_object(text)}
    return block if accessory is None else {**block, "accessory": accessory}


def context(text: Text) -> Block:
    return {"type": "context", "elements": [mrkdwn_object(text)]}


def header(text: str, limit: int) -> Block:
    return {"type": "header", "text": plain_object(text, limit)}


def fields(facts: Iterable[tuple[str, Text]]) -> list[Block]:
    """Particulars in two columns, as many sections as they need."""
    drawn = [_field(label, value) for label, value in facts]
    return [
        {"type": "section", "fields": drawn[start : start + SECTION_FIELDS]}
        for start in range(0, len(drawn), SECTION_FIELDS)
    ]


def _field(label: str, value: Text) -> Block:
    heading = mrkdwn((Strong(label),), _LONGEST_LABEL)
    body = mrkdwn(value, FIELD_TEXT - _LONGEST_LABEL - 1) or "-"
    return {"type": "mrkdwn", "text": f"{heading}\n{body}", "verbatim": True}
