"""What may be repeated of what somebody typed: others may read the answer, and buttons keep what they carry.

Where a stream goes is its key, the address of a page may hold a token, and the key of an ingress stands by itself.
"""

import re
from typing import Final

from providers.base import shown_address

_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*):/+([^\s\"'<>]*)", re.IGNORECASE)
"""With one slash, too, as somebody may slip."""

_PAGES: Final = ("http", "https")

_KEY: Final = re.compile(r"(?<!\w)[2-9A-HJ-NP-Za-km-z]{12}(?!\w)")
"""LiveKit's keys of ingresses: twelve characters at random, none of which is taken for another (livekit/protocol,
utils/guid/id.go)."""

_WORD: Final = r"(?:[A-Z]?[a-z]{2,})*"
_WORDS: Final = re.compile(rf"{_WORD}(?:\d{{1,3}}|[A-Z]{{2,4}}\d?)?{_WORD}(?:\d*|[A-Z]{{2,4}})|[a-z\d]*|[A-Z\d]*")
"""Names that people give look like this: words, with a number or letters such as HD among them and behind them. So do
three keys of a hundred."""


def may_hold_key(text: str) -> bool:
    return any(_holds(found) for found in _URL.finditer(text)) or any(map(looks_like_ingress_key, _KEY.findall(text)))


def looks_like_ingress_key(word: str) -> bool:
    return _KEY.fullmatch(word) is not None and _WORDS.fullmatch(word) is None


def repeated(text: str) -> str:
    """As it was typed, without the keys, and with the addresses cut in which one may be."""
    cut = _URL.sub(lambda found: _cut(found) if _holds(found) else found[0], text)
    return _KEY.sub(lambda found: "…" if looks_like_ingress_key(found[0]) else found[0], cut)


def _holds(found: re.Match[str]) -> bool:
    return found[1].lower() not in _PAGES or any(mark in found[2] for mark in "?#@")


def _cut(found: re.Match[str]) -> str:
    shown = shown_address(found[0]) or f"{found[1]}:"
    return f"{shown}…" if shown.endswith(("/", ":")) else f"{shown}/…"
