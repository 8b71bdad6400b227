"""What a person sees of a message or a view: its visible text, line by line, as Slack would draw it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Blocks = Sequence[Mapping[str, Any]]

_MARKUP = re.compile(r"<([^<>\n]+)>")
_SIGNS = {"@": "@", "#": "#", "!": "@"}


def read(mrkdwn: str) -> str:
    """Markup as it is drawn: `<!channel>` is `@channel`, an escaped `&lt;!channel&gt;` is the plain words."""
    drawn = _MARKUP.sub(lambda found: _drawn(found[1]), mrkdwn)
    return drawn.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")


def _drawn(inside: str) -> str:
    target, _, label = inside.partition("|")
    sign = _SIGNS.get(target[0])
    if sign is None:
        return label or target.removeprefix("mailto:")
    if target.startswith(("!date^", "!subteam^")):
        return label or target
    return sign + (label.lstrip("@#") or target[1:])


def lines(text: str, blocks: Blocks) -> list[str]:
    """All visible lines in reading order. With blocks the text is only the notification and is not drawn."""
    drawn = [part for block in blocks for part in _block(block)] if blocks else [read(text)]
    return [line for part in drawn for line in part.split("\n") if line]


def label(text: object) -> str:
    """The words of a text object. `plain_text` is drawn as it is, so an escape in it shows."""
    if not isinstance(text, Mapping):
        return ""
    words = str(text.get("text", ""))
    return read(words) if text.get("type") == "mrkdwn" else words


def _block(block: Mapping[str, Any]) -> Iterator[str]:
    match block["type"]:
        case "context":
            yield " ".join(label(part) or str(part.get("alt_text", "")) for part in block["elements"])
        case "actions":
            yield " ".join(_element(element) for element in block["elements"])
        case "input":
            yield label(block["label"])
            yield label(block.get("hint"))
        case "image":
            yield label(block.get("title")) or str(block["alt_text"])
        case "rich_text":
            yield _rich(block)
        case "table":
            yield from (" | ".join(_rich(cell) for cell in row) for row in block["rows"])
        case "markdown":
            yield str(block["text"])
        case _:
            yield label(block.get("text"))
            yield from (label(field) for field in block.get("fields", ()))
            yield _element(block.get("accessory", {}))


def _element(element: Mapping[str, Any]) -> str:
    words = label(element.get("text")) or label(element.get("placeholder")) or str(element.get("alt_text", ""))
    return f"[{words}]" if words else ""


def _rich(part: Mapping[str, Any]) -> str:
    match part["type"]:
        case "rich_text" | "rich_text_list":
            return "\n".join(_rich(inner) for inner in part["elements"])
        case "rich_text_section" | "rich_text_quote" | "rich_text_preformatted":
            return "".join(_rich(inner) for inner in part["elements"])
        case "user" | "usergroup":
            return "@" + str(part.get("user_id") or part.get("usergroup_id"))
        case "channel":
            return f"#{part['channel_id']}"
        case "broadcast":
            return f"@{part['range']}"
        case "emoji":
            return f":{part['name']}:"
        case _:
            return str(part.get("text") or part.get("fallback") or part.get("url") or "")
