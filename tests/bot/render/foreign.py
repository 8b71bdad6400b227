"""Text from outside, as bad as it comes, and the check that none of it became markup."""

import re
from collections.abc import Iterator

from hypothesis import strategies as st

from bot.render.limits import message_problems, view_problems
from bot.render.message import Message
from bot.render.text import Block

NASTY = (
    "<!channel>",
    "<@U0VICTIM1>",
    "<https://evil.test|standup>",
    "*bold* _it_ ~no~ `code`",
    "&lt;!here&gt;",
    "a`<!everyone>`b",
    "line\nbreak\r\n> quote\u2028end",
    "\u202eevil\u2066",
    "غرفة الاجتماعات",
    "👩‍👩‍👧‍👦" * 20,
    "x" * 256,
    "`" * 300,
    "&" * 4_000,
    "\x00\x1b[31m",
    " ",
    "",
)
texts = st.sampled_from(NASTY) | st.text(max_size=60) | st.text("<>@#!&|*_~`: \nab", max_size=80)

_OUR_ENTITIES = re.compile(r"<@[UW][A-Z0-9]+>|<#C[A-Z0-9]+>|<!date\^\d+\^[^<>|]*\|[\d :-]+UTC>")
_ESCAPED = re.compile(r"&(?:amp|lt|gt);")


def is_inert(markup: str) -> bool:
    """Only entities of ours are unescaped in it."""
    rest = _OUR_ENTITIES.sub("", markup)
    return (
        not re.search(r"[<>]", rest)
        and "&" not in _ESCAPED.sub("", rest)
        and "VICTIM" not in "".join(_OUR_ENTITIES.findall(markup))
    )


def markups(payload: object) -> Iterator[str]:
    """Every text that Slack reads as markup."""
    if isinstance(payload, dict):
        if payload.get("type") == "mrkdwn":
            yield payload["text"]
        for inner in payload.values():
            yield from markups(inner)
    elif isinstance(payload, list):
        for inner in payload:
            yield from markups(inner)


def check(message: Message) -> None:
    """Slack takes it, and nothing foreign in it is markup."""
    assert message_problems({"text": message.text, "blocks": message.blocks}) == []
    assert is_inert(message.text), message.text
    for markup in markups(message.blocks):
        assert is_inert(markup), markup


def check_view(view: Block) -> None:
    assert view_problems(view) == []
    for markup in markups(view):
        assert is_inert(markup), markup


_SYMBOL = re.compile(r"[\u2600-\u27bf\u2b00-\u2bff\u23e9-\u23fa\U0001f300-\U0001faff]\ufe0f?")


def objects(payload: object) -> Iterator[Block]:
    if isinstance(payload, dict):
        yield payload
        for inner in payload.values():
            yield from objects(inner)
    elif isinstance(payload, list):
        for inner in payload:
            yield from objects(inner)


def check_access(blocks: list[Block]) -> None:
    """Who does not see it all is told all the same: pictures have words, and buttons that look alike say what they do.

    Times are shown in the reader's zone.
    """
    assert all(found.get("alt_text") for found in objects(blocks) if found.get("type") == "image")
    by_label: dict[str, list[str]] = {}
    for button in (found for found in objects(blocks) if found.get("type") == "button"):
        by_label.setdefault(button["text"]["text"], []).append(button.get("accessibility_label", ""))
    for label, spoken in by_label.items():
        assert len(spoken) == 1 or (all(spoken) and len(set(spoken)) == len(spoken)), (label, spoken)
    for markup in markups(blocks):
        assert not re.search(r"\d\d:\d\d UTC", _OUR_ENTITIES.sub("", markup)), markup


def check_words(message: Message) -> None:
    """With contents that are words: the text alone is a sentence, and no symbol stands without the word for it."""
    assert re.fullmatch(r"[^\s*`]+( [^\s*`]+)+[.?!…]", message.text.replace("\n", " ")), message.text
    assert not _SYMBOL.search(message.text), message.text
    for found in objects(message.blocks):
        text = found.get("text")
        if isinstance(text, str) and _SYMBOL.search(text):
            assert re.fullmatch(r"[^\w]*", text) is None, text
            for after in _SYMBOL.split(text)[1:]:
                assert re.match(r" \*?[A-Z][a-z]+", after), text


def words(payload: object) -> str:
    """All text in reading order."""
    if isinstance(payload, dict):
        text = payload.get("text")
        own = text if isinstance(text, str) else ""
        return " ".join(filter(None, [own, *(words(v) for k, v in payload.items() if not isinstance(v, str))]))
    return " ".join(filter(None, map(words, payload))) if isinstance(payload, list) else ""


def buttons(blocks: list[Block]) -> list[Block]:
    found: list[Block] = []
    for block in blocks:
        found += [e for e in [*block.get("elements", ()), block.get("accessory")] if e and e["type"] == "button"]
    return found
