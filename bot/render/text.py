"""A command's `Text` as Slack's markup, as the plain sentence of a notification, and as text objects."""

from collections.abc import Callable, Sequence
from typing import Any

from bot.render.limits import MESSAGE_TEXT, SECTION_TEXT, cut, length
from bot.text import channel_link, code, escape, literal, local_time, mention, one_line, showable, strong, utc
from commands.core.reply import Channel, Code, Mark, Moment, Person, Strong, Text
from commands.core.words import parts

Block = dict[str, Any]
"""A block, an element or another object of Block Kit, as it is sent."""


def mrkdwn(text: Text, limit: int = SECTION_TEXT) -> str:
    """`text` as markup, cut to `limit` without breaking a mark. All strings in it are shown literally."""
    return _within(limit, parts(text), _marked_up)


def notification(text: Text) -> str:
    """`text` for notifications and screen readers: no formatting, times in UTC, still escaped."""
    return _within(MESSAGE_TEXT, [_spoken(part) for part in parts(text)], _said)


def mrkdwn_object(text: Text, limit: int = SECTION_TEXT) -> Block:
    """`verbatim` keeps Slack from making links of what looks like a channel or an address."""
    return {"type": "mrkdwn", "text": mrkdwn(text, limit) or "-", "verbatim": True}


def plain_object(text: str, limit: int) -> Block:
    return {"type": "plain_text", "text": cut(one_line(text), limit) or "-", "emoji": False}


def _marked_up(part: str | Mark) -> str:
    match part:
        case str():
            return literal(part)
        case Code():
            return code(part.text)
        case Strong():
            return strong(part.text)
        case Person():
            return mention(part.user_id)
        case Channel():
            return channel_link(part.channel_id)
        case Moment():
            return local_time(part.at)


def _spoken(part: str | Mark) -> str | Mark:
    match part:
        case Code() | Strong():
            return one_line(part.text)
        case Moment():
            return utc(part.at)
        case _:
            return part


def _said(part: str | Mark) -> str:
    return escape(showable(part)) if isinstance(part, str) else _marked_up(part)


def _within(limit: int, whole: Sequence[str | Mark], draw: Callable[[str | Mark], str]) -> str:
    drawn = [draw(part) for part in whole]
    if length("".join(drawn)) <= limit:
        return "".join(drawn)
    room, kept = limit - 1, ""
    for part, piece in zip(whole, drawn, strict=True):
        if length(piece) > room:
            return kept + _cut_mark(part, piece, room + 1)
        kept, room = kept + piece, room - length(piece)
    return kept


def _cut_mark(part: str | Mark, piece: str, limit: int) -> str:
    """A code span that is cut is still closed; a mention or a time is there whole or not at all."""
    match part:
        case str():
            return cut(piece, limit)
        case Code() | Strong() if limit > 2:
            return piece[0] + cut(piece[1:-1], limit - 2) + piece[-1]
        case _:
            return "…"
