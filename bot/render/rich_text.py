"""The rules of `rich_text`, whose elements Slack shows as they are, without parsing."""

from collections.abc import Mapping

from bot.render.shapes import Rule, Shape, flag, many, number, string, typed, word

_LOOK = Shape(dict.fromkeys(("bold", "italic", "strike", "code", "underline"), flag))
_ANY_STRING = string(10_000)


def _inline(required: str, optional: str = "", **more: Rule) -> Shape:
    strings = dict.fromkeys((*required.split(), *optional.split()), _ANY_STRING)
    return Shape({**strings, **more, "style": _LOOK}, " ".join((required, *more)))


_INLINE = typed(
    "rich text",
    {
        "text": _inline("text"),
        "link": _inline("url", "text"),
        "user": _inline("user_id"),
        "channel": _inline("channel_id"),
        "usergroup": _inline("usergroup_id"),
        "emoji": _inline("name", "unicode"),
        "date": _inline("format", "url fallback", timestamp=number(0, 10**10)),
        "broadcast": _inline("", range=word("here", "channel", "everyone")),
    },
)
_INLINES = many(_INLINE, 1_000, 0)
_BORDER: Mapping[str, Rule] = {"border": number(0, 1)}
_RICH_SECTION = Shape({"elements": _INLINES}, "elements")
ELEMENTS = many(
    typed(
        "rich text",
        {
            "rich_text_section": _RICH_SECTION,
            "rich_text_preformatted": Shape({**_BORDER, "elements": _INLINES}, "elements"),
            "rich_text_quote": Shape({**_BORDER, "elements": _INLINES}, "elements"),
            "rich_text_list": Shape(
                {
                    **_BORDER,
                    "elements": many(typed("rich text", {"rich_text_section": _RICH_SECTION}), 1_000),
                    "style": word("bullet", "ordered"),
                    "indent": number(0, 8),
                    "offset": number(0, 10_000),
                },
                "elements style",
            ),
        },
    ),
    1_000,
)
