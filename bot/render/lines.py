"""Many lines as few blocks: each thing on a line of its own, many to a section, and as many as there is room for."""

from collections.abc import Iterator, Sequence

from bot.render.limits import SECTION_TEXT, length, serialized_size
from bot.render.text import Block, mrkdwn
from commands.core.reply import Code, Mark, Strong, Text, parts
from commands.core.words import shortened

_SECTION_SIZE = 80
"""What a section takes besides its words."""

_SHORTEST = 150
"""With fewer bytes to each, lines would be cut to nothing: then some are left out."""


def sections(lines: Sequence[str], most_bytes: int) -> tuple[list[Block], int]:
    """Lines of markup in sections, and how many have no room."""
    packed = list(_packed(lines, most_bytes))
    return [_section("\n".join(several)) for several in packed], len(lines) - sum(map(len, packed))


def in_equal_parts(lines: Sequence[Text], most_bytes: int, *, longest: int) -> list[str]:
    """As markup, each cut to its share of the room, and to `longest` bytes where there are few.

    A tenth of the room is for what stands around them.
    """
    share = most_bytes * 9 // 10 // max(len(lines), 1)
    return [_cut(line, min(longest, max(share, _SHORTEST))) for line in lines]


def _cut(line: Text, most_bytes: int) -> str:
    """Slack counts characters, and the whole of a message in bytes: those of a name in Hebrew or of emoji are more."""
    short = [_shortened(part, most_bytes) for part in parts(line)]
    characters = most_bytes
    while (size := serialized_size(markup := mrkdwn(short, characters))) > most_bytes:
        characters = min(characters - 1, characters * most_bytes // size)
    return markup


def _shortened(part: str | Mark, most: int) -> str | Mark:
    """So that little of a text of thousands of characters is made markup of."""
    match part:
        case str():
            return shortened(part, most)
        case Code(text) | Strong(text):
            return type(part)(shortened(text, most))
        case _:
            return part


def _packed(lines: Sequence[str], most_bytes: int) -> Iterator[list[str]]:
    """The lines of each section, as long as there is room."""
    packed, size = list[str](), _SECTION_SIZE
    for line in lines:
        size += serialized_size(line)
        if size > most_bytes:
            break
        if packed and length("\n".join([*packed, line])) > SECTION_TEXT:
            yield packed
            packed, size = [], size + _SECTION_SIZE
        packed.append(line)
    if packed:
        yield packed


def _section(markup: str) -> Block:
    return {"type": "section", "text": {"type": "mrkdwn", "text": markup, "verbatim": True}}
