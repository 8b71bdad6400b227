"""What is secret in an address that we send. A server that refuses it may quote a key of it alone, which nobody could
tell from any other word."""

import re
from collections.abc import Collection, Iterable
from typing import Final

from providers.addresses import shown_address

_PIECE: Final = re.compile(r"[^/?&=#@:\s]{4,}+(?!=)")
"""Shorter ones are cut from no text: they would be in many words."""


def keys(urls: Iterable[str]) -> Collection[str]:
    """All pieces of those that `shown_address` leaves out; the longest first, as one may be part of another."""
    pieces = {piece for url in urls for piece in _PIECE.findall(url) if piece not in shown_address(url)}
    return sorted(pieces, key=len, reverse=True)


def without(secrets: Iterable[str], text: str) -> str:
    for secret in secrets:
        text = text.replace(secret, "…")
    return text
