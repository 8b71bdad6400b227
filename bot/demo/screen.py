"""Messages and forms on a terminal. All that is drawn is what the stand-in Slack shows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from rich.console import Console, ConsoleOptions, Group, RenderableType, RenderResult
from rich.padding import Padding
from rich.panel import Panel
from rich.segment import Segment
from rich.style import Style
from rich.table import Table
from rich.text import Text

from bot.demo.form import Field, fields_of
from bot.demo.markup import Markup
from bot.demo.slack import Message, View, Workspace
from bot.demo.slack.reading import label, lines

WIDTH: Final = 100
"""Wider lines are hard to read."""

Numbers = Mapping[str, int]
"""The number of each button of a message, by action_id. Without one a button is drawn by its label alone."""

_BUTTON_STYLES: Final = {"primary": "bold green", "danger": "bold red"}


class Change(StrEnum):
    NEW = "new"
    EDITED = "edited"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class News:
    message: Message
    change: Change


class Shown:
    """What has been drawn, so that only what differs is drawn again."""

    def __init__(self) -> None:
        self._messages: dict[tuple[str, str], Message] = {}

    def news(self, messages: Iterable[Message]) -> list[News]:
        """What is new, reads differently or is gone since the last call, replies after what they are replies to.

        `messages` is all there is to be seen.
        """
        present = _by_place(messages)
        found = self._compare(present)
        self._messages = present
        return found

    def differs(self, messages: Iterable[Message]) -> bool:
        """Whether there would be news."""
        return bool(self._compare(_by_place(messages)))

    def _compare(self, present: Mapping[tuple[str, str], Message]) -> list[News]:
        found = [News(before, Change.DELETED) for key, before in self._messages.items() if key not in present]
        for key, message in present.items():
            before = self._messages.get(key)
            if before is None:
                found.append(News(message, Change.NEW))
            elif before.lines != message.lines:
                found.append(News(message, Change.EDITED))
        return found


def _by_place(messages: Iterable[Message]) -> dict[tuple[str, str], Message]:
    in_threads = sorted(messages, key=lambda each: (each.thread_ts or each.ts, each.ts))
    return {(each.channel, each.ts): each for each in in_threads}


class Screen:
    """Draws; whoever prints decides where."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._markup = Markup(workspace)

    def message(self, news: News, *, note: str = "", numbers: Numbers | None = None) -> RenderableType:
        """Under a line that says from whom and where, with a `note`; replies in threads are indented."""
        message = news.message
        author = self._workspace.user(message.user)
        marks = [note, self._thread(message), "" if news.change is Change.NEW else news.change.value]
        head = Text(author.name if author else message.user, "bold magenta")
        head.append(" · ".join(["", *filter(None, marks)]), "dim italic")
        color = "yellow" if message.ephemeral_to else "magenta"
        body = Text("(gone)", "dim") if news.change is Change.DELETED else Group(*self._content(message, numbers or {}))
        indent = 4 if message.thread_ts else 0
        return Group(Padding(head, (0, 0, 0, indent), expand=False), _Barred(body, color, indent))

    def form(self, view: View) -> RenderableType:
        """The whole form, as it stands."""
        foot = Text("   ").join(
            Text(f"[{label(view.source[key])}]", style)
            for key, style in (("submit", "bold green"), ("close", ""))
            if key in view.source
        )
        inputs = iter(fields_of(view))
        rows = [row for block in view.blocks for row in self._form_block(block, inputs)]
        return Panel(Group(*rows, foot), title=f"form: {view.title}", title_align="left", border_style="blue")

    def home(self, view: View, numbers: Numbers | None = None) -> RenderableType:
        """The whole Home tab."""
        rows = [row for block in view.blocks for row in self._block(block, numbers or {})]
        return Panel(Group(*rows), title="Home", title_align="left", border_style="blue")

    def form_head(self, view: View) -> RenderableType:
        """What stands above the fields."""
        rows = [row for block in view.blocks if block["type"] == "context" for row in self._block(block, {})]
        return Group(Text(f"Form: {view.title}", "bold blue"), *rows)

    def _form_block(self, block: Mapping[str, Any], inputs: Iterator[Field]) -> Iterator[RenderableType]:
        if block["type"] == "input":
            field = next(inputs)
            yield Text.assemble(*field_label(field), ": ", (field.shown or "-", "" if field.shown else "dim"))
            yield from field_notes(field)
        else:
            yield from self._block(block, {})

    def _thread(self, message: Message) -> str:
        if not message.thread_ts:
            return ""
        channel = self._workspace.channel(message.channel)
        parent = self._workspace.message(channel, message.thread_ts) if channel else None
        return f"in the thread of “{self._subject(parent)}”" + (", and in the channel" if message.broadcast else "")

    def _subject(self, message: Message | None) -> str:
        """What a message begins with."""
        if message is None or message.deleted:
            return "a message that is gone"
        return message.lines[0] if message.blocks else self._markup.styled(message.text).plain.partition("\n")[0]

    def _content(self, message: Message, numbers: Numbers) -> Iterator[RenderableType]:
        if not message.blocks:
            yield self._markup.styled(message.text)
        for block in message.blocks:
            yield from self._block(block, numbers)

    def _block(self, block: Mapping[str, Any], numbers: Numbers) -> Iterator[RenderableType]:
        match block["type"]:
            case "header":
                yield Text(label(block["text"]), "bold")
            case "section":
                yield from self._section(block, numbers)
            case "actions":
                yield _row([_button(element, numbers) for element in block["elements"]])
            case "context":
                parts = [self._object(element) for element in block["elements"]]
                words = Text(" ").join(parts)
                words.stylize("dim")
                yield words
            case _:
                yield from map(Text, lines("", [block]))

    def _section(self, block: Mapping[str, Any], numbers: Numbers) -> Iterator[RenderableType]:
        if "text" in block:
            first, *rest = self._object(block["text"]).split("\n")
            accessory = block.get("accessory", {})
            if accessory.get("type") == "button":
                first = Text.assemble(first, "   ", _button(accessory, numbers))
            yield from (first, *rest)
        if fields := block.get("fields"):
            yield self._fields(fields)

    def _fields(self, fields: Sequence[Mapping[str, Any]]) -> RenderableType:
        """Slack's two columns of name above value, as one column of name beside value."""
        grid = Table.grid(padding=(0, 2))
        grid.add_column(no_wrap=True)
        grid.add_column(overflow="fold")
        for field in fields:
            name, *value = self._object(field).split("\n")
            name.stylize("dim")
            grid.add_row(name, Text("\n").join(value))
        return grid

    def _object(self, text: Mapping[str, Any]) -> Text:
        if text.get("type") == "mrkdwn":
            return self._markup.styled(text["text"])
        return Text(label(text) or str(text.get("alt_text", "")))


def field_label(field: Field) -> list[tuple[str, str]]:
    return [(field.label, "bold"), (" (optional)" if field.optional else "", "dim")]


def field_notes(field: Field) -> Iterator[Text]:
    """What stands under a field: what is wrong with it, else what it is for."""
    if field.error:
        yield Text(f"  ✗ {field.error}", "bold red")
    elif field.hint:
        yield Text(f"  {field.hint}", "dim")


def _button(element: Mapping[str, Any], numbers: Numbers) -> Text:
    """Spaces in it do not break, so that a button stays on one line."""
    words = label(element.get("text")).replace(" ", "\u00a0")
    style = _BUTTON_STYLES.get(str(element.get("style")), "bold")
    number = numbers.get(str(element.get("action_id")))
    drawn = Text(f"[{words}]", style) if number is None else Text.assemble((f"[{number}]", "bold reverse"), "\u00a0")
    return drawn if number is None else drawn.append(words, style)


def _row(buttons: Sequence[Text]) -> Text:
    return Text("  ").join(buttons)


class _Barred:
    """Content beside a bar, moved in by `indent`."""

    def __init__(self, content: RenderableType, color: str, indent: int) -> None:
        self._content = content
        self._bar = (Segment(" " * indent), Segment("▌ ", Style(color=color)))
        self._width = indent + 2

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        inner = options.update_width(max(20, options.max_width - self._width))
        for line in console.render_lines(self._content, inner, pad=False):
            yield from self._bar
            yield from line
            yield Segment.line()
