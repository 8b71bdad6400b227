"""Slack's markup, both ways: what people send becomes plain words, and words become markup that shows them as they are.

Coming in, entities such as `<@U1|ana>` are replaced first and `&lt;` and its siblings after them, so that what somebody
typed with angle brackets of their own is never taken for an entity. Going out, `&`, `<` and `>` are all that Slack asks
to have escaped, and all that keeps a room called `<!channel>` from notifying a channel. For `*`, `_`, `~`, backticks
and `:emoji:` Slack has no escape: inside a code span they are inert, elsewhere a zero-width space breaks the pattern.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

_ENTITY = re.compile(
    r"""<(?P<target>[@\#][A-Z0-9]+               # a person or a channel
                  |!subteam\^[A-Z0-9]+          # a user group
                  |![a-z]+                      # here, channel, everyone
                  |[A-Za-z][A-Za-z0-9+.-]*:[^\s<>|]+)
        (?:\|(?P<label>[^<>]*))?>""",
    re.VERBOSE,
)
_ESCAPES: Final[Mapping[str, str]] = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}
_ESCAPED = str.maketrans(dict(_ESCAPES))
_SLACK_ID = re.compile(r"[A-Z][A-Z0-9]+")

_LINE_BREAK = re.compile(r"\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_UNSHOWABLE = re.compile(r"[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069]")
"""Control characters, lone surrogates, and the marks that reverse the direction of what follows a name."""

_ZERO_WIDTH_SPACE = "\u200b"
_FORMATTING = re.compile(r"(?<![^\W_])[*_~`]|[*_~`](?![^\W_])")
_EMOJI = re.compile(r":(?=[a-z0-9_+'-]+:)")
_BLOCK_QUOTE = re.compile(r"^>", re.MULTILINE)
_BACKTICK_LOOKALIKE = "ˋ"


def to_plain(text: str) -> str:
    """Incoming text as plain words: `<@U1|ana>` is `@U1`, `<https://x.test|label>` is `https://x.test`.

    Forms by Slack's documentation of `should_escape`. What is no entity stays as it is.
    """
    words = _ENTITY.sub(_word, whole(text))
    for character, escape_sequence in reversed([*_ESCAPES.items()]):
        words = words.replace(escape_sequence, character)
    return words


def whole(text: str) -> str:
    """JSON can spell half of a character (a lone surrogate); no file, database or server takes one."""
    return text.encode("utf-8", "replace").decode()


def after_mention(text: str, user_id: str) -> str:
    """What follows the first mention of somebody in what people wrote; all of it where there is none."""
    mention = re.search(rf"<@{re.escape(user_id)}(?:\|[^<>]*)?>", text)
    return text[mention.end() :] if mention else text


def _word(entity: re.Match[str]) -> str:
    target, label = str(entity["target"]), entity["label"]
    scheme, _, rest = target.partition(":")
    if target.startswith("!subteam^"):
        return "@" + target.removeprefix("!subteam^")
    if target.startswith("!"):
        return f"<{target}>"
    if scheme in ("mailto", "tel"):
        return rest
    if target == f"http://{label}":
        return str(label)  # a bare `standup.io`, to which Slack itself has added the scheme
    return target


def escape(text: str) -> str:
    return text.translate(_ESCAPED)


def showable(text: str) -> str:
    """Without the characters that cannot be shown or that disturb what stands around them. Line breaks stay."""
    return _UNSHOWABLE.sub("", _LINE_BREAK.sub("\n", text))


def one_line(text: str) -> str:
    return " ".join(showable(text).split("\n")).strip()


def literal(text: str) -> str:
    """Markup that shows `text` letter by letter."""
    broken = _EMOJI.sub(":" + _ZERO_WIDTH_SPACE, showable(text))
    broken = _FORMATTING.sub(rf"{_ZERO_WIDTH_SPACE}\g<0>{_ZERO_WIDTH_SPACE}", broken)
    return escape(_BLOCK_QUOTE.sub(_ZERO_WIDTH_SPACE + ">", broken))


def code(text: str) -> str:
    """A code span, on one line. Nothing escapes a backtick inside one, so a lookalike stands for it."""
    inner = one_line(text).replace("`", _BACKTICK_LOOKALIKE) or '""'
    return f"`{escape(inner)}`"


def strong(text: str) -> str:
    return f"*{inner}*" if (inner := literal(one_line(text))) else ""


def mention(user_id: str) -> str:
    """Notifies that person. What has not the form of an id is shown as a word."""
    return f"<@{user_id}>" if _SLACK_ID.fullmatch(user_id) else literal(f"@{user_id}")


def channel_link(channel_id: str) -> str:
    return f"<#{channel_id}>" if _SLACK_ID.fullmatch(channel_id) else literal(f"#{channel_id}")


def utc(at: datetime) -> str:
    """A time for those who cannot see it in their own zone."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def local_time(at: datetime) -> str:
    """A time that Slack shows in the reader's own zone."""
    return f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|{utc(at)}>"
