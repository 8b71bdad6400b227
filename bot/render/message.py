"""A message as it goes to Slack, the blocks it is made of, and the one function that makes it fit."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

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
_STAYS_LONGER = {"context": 1, "header": 2, "actions": 3}
"""When a message is too large, other blocks go first, and of equal ones the last goes first."""


@dataclass(frozen=True, slots=True)
class Message:
    """`text` is for notifications and screen readers; `blocks` is what is seen. Neither is refused by Slack."""

    text: str
    blocks: list[Block]


def message(text: str, blocks: Sequence[Block]) -> Message:
    """Every outgoing message is made here. What is too much is left out, and the message says so.

    `text` is escaped already. Renderers cut each text by its own limit; should one be too long all the same, the
    message is sent with its `text` alone rather than not at all.
    """
    text = cut(text, MESSAGE_TEXT) or "…"
    fitting = _fitting(blocks)
    if message_problems({"text": text, "blocks": fitting}):
        fitting = [{"type": "section", "text": {"type": "mrkdwn", "text": cut(text, SECTION_TEXT), "verbatim": True}}]
    return Message(text, fitting)


def _fitting(blocks: Sequence[Block]) -> list[Block]:
    if len(blocks) <= BLOCKS_PER_MESSAGE and serialized_size(blocks) <= BLOCKS_SIZE:
        return list(blocks)
    sizes = [serialized_size(block) + len(", ") for block in blocks]
    kept = set(range(len(blocks)))
    size = sum(sizes) + serialized_size(_left_out(len(blocks))) + len("[], ")
    for index in _expendable(blocks):
        if len(kept) < BLOCKS_PER_MESSAGE and size <= BLOCKS_SIZE:
            break
        kept.discard(index)
        size -= sizes[index]
    gap = min(set(range(len(blocks))) - kept, default=len(blocks))
    shown = [(index, blocks[index]) for index in sorted(kept)]
    note = _left_out(len(blocks) - len(kept))
    return [*(b for i, b in shown if i < gap), note, *(b for i, b in shown if i > gap)]


def _expendable(blocks: Sequence[Block]) -> list[int]:
    return sorted(range(1, len(blocks)), key=lambda index: (_STAYS_LONGER.get(blocks[index]["type"], 0), -index))


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
