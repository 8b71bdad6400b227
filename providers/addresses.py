"""What may be shown of an address. Servers tell stream keys, passphrases and signed queries in clear, and also quote
them when they say what went wrong."""

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

_WITH_HOST: Final = frozenset({"rtmp", "rtmps", "srt", "http", "https", "ws", "wss"})
"""In others, such as `mux://KEY`, the key stands where these have their host."""

_SCHEME: Final = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
_URL: Final = re.compile(r"[a-z][a-z0-9+.-]*://[^\s\"'<>]+", re.IGNORECASE)
_SECRET: Final = re.compile(
    r"\b(passphrase|streamid|stream_key|key|token|secret|password)(\s*[=:]\s*)[^\s,;&]+", re.IGNORECASE
)


def shown_address(url: str) -> str:
    """Scheme, host, port and the application. The rest of the path is, or holds, the key.

    The scheme alone where no host can be told from a key; empty for what is no URL.
    """
    scheme, parts = _split(url)
    place = _place(parts) if parts is not None and scheme in _WITH_HOST else ""
    application, _, key = parts.path.strip("/").partition("/") if parts is not None else ("", "", "")
    shown = f"{scheme}://{place}" if scheme else ""
    return f"{shown}/{application}" if place and key else shown


def shown_location(location: str) -> str:
    """Where a file is: a path as it is, a URL without user and query."""
    if "://" not in location:
        return location
    scheme, parts = _split(location)
    return f"{scheme}://{_place(parts)}{parts.path}" if parts is not None else f"{scheme}://"


def shown_text(text: str) -> str:
    """What a server says, with addresses cut and what is named as a secret left out."""
    return _SECRET.sub(r"\1\2…", _URL.sub(lambda found: shown_address(found[0]), text))


def _split(url: str) -> tuple[str, SplitResult | None]:
    """The scheme, empty where there is none; the rest is None where it is no address."""
    if (found := _SCHEME.match(url)) is None:
        return "", None
    scheme = found[1].lower()
    try:
        parts = urlsplit(url)
        _place(parts)
    except ValueError:  # a host or a port that is none
        return scheme, None
    return scheme, parts


def _place(parts: SplitResult) -> str:
    """Host and port, without the user."""
    host = parts.hostname or ""
    named = f"[{host}]" if ":" in host else host
    return f"{named}:{parts.port}" if parts.port is not None else named
