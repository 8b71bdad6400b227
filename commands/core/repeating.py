"""What may be repeated of what somebody typed: others may read the answer, and buttons keep what they carry.

Where a stream goes is its key, and the address of a page may hold a token.
"""

import re
from typing import Final

from providers.base import shown_address

_URL: Final = re.compile(r"([a-z][a-z0-9+.-]*):/+([^\s\"'<>]*)", re.IGNORECASE)
"""With one slash, too, as somebody may slip."""

_PAGES: Final = ("http", "https")


def may_hold_key(text: str) -> bool:
    return any(_holds(found) for found in _URL.finditer(text))


def repeated(text: str) -> str:
    """As it was typed, with the addresses cut in which a key may be."""
    return _URL.sub(lambda found: _cut(found) if _holds(found) else found[0], text)


def _holds(found: re.Match[str]) -> bool:
    return found[1].lower() not in _PAGES or any(mark in found[2] for mark in "?#@")


def _cut(found: re.Match[str]) -> str:
    shown = shown_address(found[0]) or f"{found[1]}:"
    return f"{shown}…" if shown.endswith(("/", ":")) else f"{shown}/…"
