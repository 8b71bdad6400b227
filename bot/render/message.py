"""A message as it goes to Slack, the blocks it is made of, and the one function that makes it fit."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

from bot.render.limits import (
    BLOCKS_PER_MESSAGE,
    BLOCKS_SIZE,
    FIELD_TEXT,
    MESSAGE_TEXT,
    SECTION_FIELDS,
    SECTION_TEXT,
    blocks_size,
    cut,
    message_problems,
)
from bot.render.text import Block, mrkdwn, mrkdwn_object, notification, plain_object
from commands.core.reply import Strong, Text

_LONGEST_LABEL = 200
Row = tuple[Block, ...]
"""Blocks that are shown together or not at all: buttons must not end up under another's name."""

_STAYS_LONGER = {"context": 1, "header": 2, "actions": 3}
"""When a message is too large, other blocks go first, and of equal ones the last goes first."""


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is for notifications and screen readers; `blocks` is what is seen. Neither is refused by Slack.

    `fallback` says the same in blocks that every workspace takes, where `blocks` holds a newer one.
    """

    text: str
    blocks: list[Block]
    fallback: list[Block] | None = None


def message(text: str, blocks: Sequence[Block | Row], *, fallback: Sequence[Block | Row] | None = None) -> Message:
    """Every outgoing message is made here. What is too much is left out, and the message says so; a row counts as one.

    `text` is escaped already. Renderers cut each text by its own limit; should one be too long all the same, the
    message is sent with its `text` alone rather than not at all. What has a `fallback` is never cut: that takes over.
    """
    text = cut(text, MESSAGE_TEXT) or "…"
    fitting = _fitting(blocks)
    fits = not message_problems({"text": text, "blocks": fitting})
    if fallback is None:
        return Message(text, fitting if fits else words_alone(text))
    classic = message(text, fallback)
    return Message(text, fitting, classic.blocks) if fits and fitting == list(_flat(blocks)) else classic


def words_alone(text: str) -> list[Block]:
    """The blocks of a message whose own blocks are impossible."""
    return [{"type": "section", "text": {"type": "mrkdwn", "text": cut(text, SECTION_TEXT), "verbatim": True}}]


def signed(shown: Message, by: Text) -> Message:
    """With a line under it that says who brought it about."""
    below = context(by)
    fallback = None if shown.fallback is None else [*shown.fallback, below]
    return message(f"{shown.text} {notification(by)}", [*shown.blocks, below], fallback=fallback)


def _fitting(blocks: Sequence[Block | Row]) -> list[Block]:
    rows = [each if isinstance(each, tuple) else (each,) for each in blocks]
    whole = list(_flat(blocks))
    if len(whole) <= BLOCKS_PER_MESSAGE and blocks_size(whole) <= BLOCKS_SIZE:
        return whole
    sizes = [sum(blocks_size([block]) for block in row) for row in rows]
    kept = set(range(len(rows)))
    count, size = len(whole), sum(sizes) + blocks_size([_left_out(len(rows))])
    for index in _expendable(rows):
        if count < BLOCKS_PER_MESSAGE and size <= BLOCKS_SIZE:
            break
        kept.discard(index)
        count, size = count - len(rows[index]), size - sizes[index]
    gap = min(set(range(len(rows))) - kept, default=len(rows))
    note: Row = (_left_out(sum(_entries(row) for index, row in enumerate(rows) if index not in kept)),)
    shown = [rows[index] if index in kept else note for index in range(len(rows)) if index in kept or index == gap]
    return list(chain.from_iterable(shown))


def _flat(blocks: Sequence[Block | Row]) -> Iterator[Block]:
    return chain.from_iterable(each if isinstance(each, tuple) else (each,) for each in blocks)


def _expendable(rows: Sequence[Row]) -> list[int]:
    return sorted(range(1, len(rows)), key=lambda index: (_STAYS_LONGER.get(rows[index][0]["type"], 0), -index))


def _entries(row: Row) -> int:
    """How many things people miss where it is left out: each of its particulars or buttons, else the one it is."""
    first = row[0]
    several = first.get("fields") or (first["elements"] if first["type"] == "actions" else ())
    return len(several) or 1


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
