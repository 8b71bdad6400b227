"""Markdown as the pages need it."""

from collections.abc import Iterable, Sequence

from commands.core.reply import Channel, Code, Mark, Moment, Person, Strong, Text

MADE = "<!-- Made by `make docs` from the code: change that, not this. -->"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """With its line break at the end. A cell has one line."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(_cell(cell) for cell in line) + " |\n" for line in lines)


def written(text: Text) -> str:
    return text if isinstance(text, str) else "".join(part if isinstance(part, str) else _marked(part) for part in text)


def _marked(mark: Mark) -> str:
    match mark:
        case Code(words):
            return f"`{words}`"
        case Strong(words):
            return f"**{words}**"
        case Person() | Channel() | Moment():
            raise ValueError(f"no page knows a {type(mark).__name__.lower()}")
    raise ValueError(f"no page has a way to write {mark!r}")


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
