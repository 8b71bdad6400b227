"""Where streams go, as people give it. Such an address holds the stream key, so it is a secret, and nothing that is
said here repeats one."""

import difflib
import re
from collections.abc import Sequence
from typing import Annotated, Final
from urllib.parse import urlsplit

from pydantic import AfterValidator, SecretStr
from pydantic_core import PydanticCustomError

from commands.core.errors import Problem
from commands.core.types import REDACTED
from providers.base import Limits

SCHEMES: Final = ("rtmp", "rtmps", "srt", "ws", "wss")
"""What can be streamed by at all; which of them a video server takes, its limits say."""

EXAMPLE: Final = "rtmp://live.example.com/app/KEY"

_PROTOCOLS: Final = {"rtmps": "rtmp", "wss": "ws"}
_MUX: Final = "rtmps://global-live.mux.com:443/app/"
"""What `mux://KEY` stands for (livekit/egress, pkg/config/urls.go)."""

_TWITCH: Final = "rtmp://live.twitch.tv/app/KEY"
_CLOSE: Final = 0.7
_SPACE: Final = re.compile(r"\s")


def protocol_of(url: str) -> str:
    """`rtmp` for RTMPS too: how it is secured is no other protocol. Empty where there is none."""
    scheme, separator, _ = url.partition("://")
    return _PROTOCOLS.get(scheme.lower(), scheme.lower()) if separator else ""


def written_problem(url: str) -> str | None:
    """Why nothing can be streamed there, by how it is written; None where it can be."""
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator:
        return f"It is no address. Write it like {EXAMPLE}."
    if scheme == "twitch":
        return f"Write a place on Twitch in full: {_TWITCH}, with the stream key at the end."
    if scheme not in SCHEMES:
        close = difflib.get_close_matches(scheme, SCHEMES, n=1, cutoff=_CLOSE)
        return f"“{scheme}://” is no protocol for streams. Did you mean {close[0]}://?" if close else _BEGINS_OTHERWISE
    if _SPACE.search(url):
        return "There is a space in it, and an address has none."
    if not _has_host(url):
        return f"It has no host that can be understood. Write it like {EXAMPLE}."
    return _key_problem(rest) if protocol_of(url) == "rtmp" else None


def url_problems(field: str, urls: Sequence[SecretStr], limits: Limits) -> list[Problem]:
    """What is wrong with them together, or for this video server; empty when all is well. Pure."""
    given = [url.get_secret_value() for url in urls if url.get_secret_value() != REDACTED]
    schemes = dict.fromkeys(url.partition("://")[0].lower() for url in given)
    found = list[Problem]()
    if unknown := [scheme for scheme in schemes if scheme not in limits.stream_schemes]:
        takes = ", ".join(f"{scheme}://" for scheme in limits.stream_schemes)
        found.append(Problem(f"This video server streams to {takes}, and not to {unknown[0]}://.", field))
    if len(set(given)) < len(given):
        found.append(Problem("One of them is given twice.", field))
    return [*found, *protocol_problems(field, urls)]


def protocol_problems(field: str | None, urls: Sequence[SecretStr], others: Sequence[str] = ()) -> list[Problem]:
    """`others` are addresses to which the stream goes already."""
    spoken = [url.get_secret_value() for url in urls if url.get_secret_value() != REDACTED]
    protocols = list(dict.fromkeys(protocol for url in (*others, *spoken) if (protocol := protocol_of(url))))
    if len(protocols) < 2:
        return []
    return [
        Problem(f"One stream speaks one protocol, not {' and '.join(protocols)}. Start one stream for each.", field)
    ]


_BEGINS_OTHERWISE: Final = "It has to begin with rtmp://, rtmps:// or srt://."


def _has_host(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return bool(parts.hostname) and parts.port != 0
    except ValueError:  # a host in half a bracket, or a port that is no number
        return False


def _key_problem(rest: str) -> str | None:
    """Of an RTMP address without its scheme: host, application, which may have slashes, and key."""
    _, *path = rest.split("/")
    if len(path) >= 2 and path[0] and path[-1]:
        return None
    return f"It has no stream key: that is the part after the last slash, as in {EXAMPLE}."


def _readable(url: SecretStr) -> SecretStr:
    text = url.get_secret_value().strip()
    scheme, _, key = text.partition("://")
    if scheme.lower() == "mux" and key:
        text = _MUX + key
    if text != REDACTED and (problem := written_problem(text)):  # what the audit has in its place is read back, too
        raise PydanticCustomError("stream_url", "{problem}", {"problem": problem})
    return SecretStr(text)


StreamUrl = Annotated[SecretStr, AfterValidator(_readable)]
"""Where a stream goes, with its key; `mux://KEY` is written out."""
