"""What a person sees of what the bot sent."""

from typing import Any

import pytest

from bot.demo.slack.reading import lines, read
from tests.bot.demo.blocks import actions, button, home, plain, section, text_entry


@pytest.mark.parametrize(
    ("sent", "drawn"),
    [
        ("a &lt;!channel&gt; &amp; b", "a <!channel> & b"),
        ("<!channel> <!here|here>", "@channel @here"),
        ("<@U1> <@U1|ana> <#C1|general>", "@U1 @ana #general"),
        ("<https://x.test|the page> <https://x.test/a>", "the page https://x.test/a"),
        ("<mailto:a@x.test|a@x.test>", "a@x.test"),
        ("<!date^0^{date}|1 Jan 1970>", "1 Jan 1970"),
        ("<!subteam^S1|@ops>", "@ops"),
        ("&amp;lt;", "&lt;"),
    ],
)
def test_markup(sent: str, drawn: str) -> None:
    assert read(sent) == drawn


RICH: dict[str, Any] = {
    "type": "rich_text",
    "elements": [
        {
            "type": "rich_text_section",
            "elements": [
                {"type": "text", "text": "<!channel> "},
                {"type": "user", "user_id": "U1"},
                {"type": "emoji", "name": "wave"},
            ],
        },
        {
            "type": "rich_text_list",
            "style": "bullet",
            "elements": [{"type": "rich_text_section", "elements": [{"type": "link", "url": "https://x.test"}]}],
        },
    ],
}
TABLE = {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "b"}]]}


@pytest.mark.parametrize(
    ("block", "drawn"),
    [
        (section("one\ntwo"), ["one", "two"]),
        ({"type": "section", "fields": [plain("a"), plain("&lt;")]}, ["a", "&lt;"]),
        ({**section("room"), "accessory": button("End", "end")}, ["room", "[End]"]),
        ({"type": "context", "elements": [plain("a"), {"type": "image", "alt_text": "b"}]}, ["a b"]),
        (actions(button("A", "a"), button("B", "b")), ["[A] [B]"]),
        (text_entry("name"), ["Name"]),
        ({"type": "divider"}, []),
        ({"type": "image", "alt_text": "a picture"}, ["a picture"]),
        (RICH, ["<!channel> @U1:wave:", "https://x.test"]),
        (TABLE, ["a | b"]),
    ],
)
def test_blocks(block: dict[str, Any], drawn: list[str]) -> None:
    assert lines("only the notification", [block]) == drawn


def test_without_blocks_the_text_is_drawn() -> None:
    assert lines("a &amp; b\n\nc", home()["blocks"]) == ["a & b", "c"]
