"""By what a stream's destination is known again: LiveKit tells of its URL without most of the key.

How it cuts and rewrites URLs is livekit/egress' (pkg/config/urls.go) and livekit/protocol's (utils/redact.go): the key
of an RTMP URL is cut, `mux://KEY` and `twitch://KEY` become the URLs that they stand for, Twitch's wherever Twitch says
at that moment, and the URLs of SRT and of websockets stay as they are, with user and query, which hold what is secret.
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from typing import Final

_RTMP: Final = re.compile(r"(rtmps?://)(.*/)(.*/)(\S*)( live=1)?")
_CUT: Final = re.compile(r"\{.{0,3}\.\.\..{0,3}\}")
_OTHER: Final = re.compile(r"((?:srt|wss?)://)(?:[^/?#]*@)?([^?#]*).*", re.IGNORECASE | re.DOTALL)
_SHORTHAND: Final = re.compile(r"(mux|twitch)://([^/?#]*).*", re.IGNORECASE)
_AT_TWITCH: Final = re.compile(r"rtmps?://[^/]*contribute\.live-video\.net(?::\d+)?/app/(.*)")
_MUX: Final = "rtmps://global-live.mux.com:443/app/"


def without_key(url: str) -> str:
    """As LiveKit tells of it, one at Twitch without its server, and others without user and query; what LiveKit has cut
    already stays as it is."""
    if shorthand := _SHORTHAND.fullmatch(url):
        is_mux = shorthand[1].lower() == "mux"
        return (_MUX if is_mux else "twitch://") + _cut(shorthand[2])
    if at_twitch := _AT_TWITCH.fullmatch(url):
        return f"twitch://{_cut(at_twitch[1].removesuffix(' live=1'))}"
    if rtmp := _RTMP.fullmatch(url):
        return rtmp[1] + rtmp[2] + rtmp[3] + _cut(rtmp[4]) + (rtmp[5] or "")
    if other := _OTHER.fullmatch(url):
        return other[1] + other[2]
    return url


def destination_id(url: str) -> str:
    """Of what is not secret alone: ids are seen, and a short secret is found by trying."""
    return hashlib.sha256(without_key(url).encode(errors="surrogatepass")).hexdigest()[:12]


def destination_ids(urls: Iterable[str]) -> Iterator[str]:
    """An id for each in turn. Some have one, such as keys alike in both ends, so they are numbered."""
    met: dict[str, int] = {}
    for id in map(destination_id, urls):
        met[id] = met.get(id, 0) + 1
        yield id if met[id] == 1 else f"{id}-{met[id]}"


def _cut(key: str) -> str:
    if _CUT.fullmatch(key):
        return key
    shown = next((count for count in (3, 2, 1) if len(key) >= 3 * count), 0)
    return f"{{{key[:shown]}...{key[len(key) - shown :]}}}"
