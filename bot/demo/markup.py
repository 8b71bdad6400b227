"""Slack's markup as styled text: marks as styles, people and channels by name, times as clocks show them."""

import re
from collections.abc import Callable
from datetime import datetime
from typing import Final

from rich.style import Style
from rich.text import Text

from bot.demo.slack import Workspace
from bot.demo.slack.reading import read

CODE: Final = "cyan"
MENTION: Final = "blue"

_ZERO_WIDTH_SPACE: Final = "\u200b"
_MARKS = re.compile(
    r"`(?P<code>[^`\n]+)`"
    r"|<(?P<entity>[^<>\n]+)>"
    r"|(?<![\w\u200b])(?P<mark>[*_~])(?![\s\u200b])(?P<inner>[^\n]+?)(?<![\s\u200b])(?P=mark)(?![\w\u200b])"
)
_STYLES: Final = {"*": "bold", "_": "italic", "~": "strike"}
_DATE = re.compile(r"!date\^(?P<seconds>\d+)\^(?P<pattern>[^|^]+)(?:\^[^|]*)?(?:\|(?P<fallback>.*))?")
_DATE_TOKEN = re.compile(r"\{(\w+)\}")


class Markup:
    """`now` is the reader's time, by which a date is today's or not."""

    def __init__(self, workspace: Workspace, now: Callable[[], datetime] = lambda: datetime.now().astimezone()) -> None:
        self._workspace = workspace
        self._now = now

    def styled(self, mrkdwn: str) -> Text:
        drawn, end = Text(), 0
        for found in _MARKS.finditer(mrkdwn):
            drawn.append(_plain(mrkdwn[end : found.start()]))
            end = found.end()
            if found["code"]:
                drawn.append(_plain(found["code"]), CODE)
            elif found["entity"]:
                drawn.append_text(self._entity(found["entity"]))
            else:
                inner = self.styled(found["inner"])
                inner.stylize(_STYLES[found["mark"]])
                drawn.append_text(inner)
        return drawn.append(_plain(mrkdwn[end:]))

    def _entity(self, inside: str) -> Text:
        target, _, label = inside.partition("|")
        if target.startswith("@"):
            person = self._workspace.user(target[1:])
            return Text("@" + (person.name if person else label or target[1:]), MENTION)
        if target.startswith("#"):
            channel = self._workspace.channel(target[1:])
            return Text("#" + (channel.name if channel else label or target[1:]), MENTION)
        if found := _DATE.fullmatch(inside):
            return Text(self._date(found))
        if target.startswith("!"):
            return Text(read(f"<{inside}>"), MENTION)
        address = target.removeprefix("mailto:")
        link = Text(_plain(label or address), Style(underline=True, link=address))
        return link.append(f" ({address})") if label and label != address else link

    def _date(self, found: re.Match[str]) -> str:
        """With the tokens that this knows, else as the sender wrote it for those who cannot show dates."""
        at = datetime.fromtimestamp(int(found["seconds"])).astimezone()
        shown = {"time": f"{at:%H:%M}", "date_short_pretty": self._day(at)}
        tokens = _DATE_TOKEN.findall(found["pattern"])
        if not all(token in shown for token in tokens):
            return found["fallback"] or at.isoformat(" ", "minutes")
        return _DATE_TOKEN.sub(lambda token: shown[token[1]], found["pattern"])

    def _day(self, at: datetime) -> str:
        days = (at.date() - self._now().date()).days
        return {0: "today", -1: "yesterday", 1: "tomorrow"}.get(days, f"{at:%b} {at.day}")


def _plain(text: str) -> str:
    """Literal text: unescaped, and without the invisible spaces that keep Slack from formatting it."""
    return read(text).replace(_ZERO_WIDTH_SPACE, "")
