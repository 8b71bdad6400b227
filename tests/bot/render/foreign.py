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
