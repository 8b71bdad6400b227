"""Where a video server may be sent: to public addresses, and to those that the operator allows.

A server fetches from within its own network, so an address that a person gives must lead to no other machine there
(OWASP calls it server-side request forgery). Servers parse addresses in different ways, so what some of them could
understand otherwise than we do is refused as it is written. What a name means may change between our look and the
server's, and a server may follow redirects: only a firewall around the server stops that.
"""

import asyncio
import re
import socket
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

SCHEMES = ("http", "https", "rtmp", "rtmps", "rtsp", "rtsps", "srt", "ws", "wss")
LONGEST = 2_048
RESOLVE_SECONDS = 1.5
"""For one look at the name servers: a form that waits for it must be acknowledged within three."""

AT_ONCE = 4
"""How many names are looked up at the same time, in threads of our own: a look that is given up keeps its thread until
the system gives up, too, and the loop's threads are those by which the process finds Slack and the video servers."""

_URL = re.compile(
    r"(?P<scheme>[a-z][a-z0-9+.-]*)://(?:(?P<user>[a-z0-9._~!$&'()*+,;=:-]*)@)?"
    r"(?P<host>\[[0-9a-f.]*:[0-9a-f:.]*\]|[^/?#@:\[\]]*)(?::(?P<port>[0-9]{1,5}))?"
    r"(?:/[!-\[\]-~]*|[?#][!-?A-\[\]-~]*)?",
    re.IGNORECASE | re.ASCII,
)
"""Some take a backslash for a slash, and some let only a slash end the host: before one, `?` and `#` have no `@` behind
them. Where case is ignored, as in `lower`, only ASCII is safe: the Kelvin sign is a k there."""

_NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?:\.(?!-)[a-z0-9_-]{1,63})*", re.IGNORECASE | re.ASCII)
_LOOKS_LIKE_NUMBERS = re.compile(r"(?:.*\.)?(?:[0-9]+|0x[0-9a-f]*)", re.IGNORECASE | re.ASCII)
"""A last part that is a number makes the whole an IPv4 address to browsers and to C's `inet_aton`, in any base."""

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_GLOBAL_UNICAST = IPv6Network("2000::/3")
_WITHIN = IPv6Network("64:ff9b::/96"), IPv6Network("::ffff:0:0/96"), IPv6Network("::/96")
"""NAT64, mapped and compatible addresses end in the IPv4 address that they lead to."""

_NOT_PUBLIC = tuple(ip_network(text) for text in ("3fff::/20", "5f00::/16", "192.88.99.0/24"))
"""What Python 3.11 takes for global all the same: documentation, segment routing, the gateways of 6to4."""


@dataclass(frozen=True, slots=True)
class Allowed:
    """What may be reached although it is not public. `hosts` are in lower case and match whole names."""

    networks: tuple[Network, ...] = ()
    hosts: frozenset[str] = frozenset()

    @classmethod
    def read(cls, entries: Iterable[str]) -> "Allowed":
        """Networks in CIDR, single addresses and host names. Raises `ValueError` for what is none of them."""
        networks, hosts = list[Network](), set[str]()
        for entry in entries:
            try:
                networks.append(ip_network(entry))
            except ValueError:
                if "/" in entry or not _NAME.fullmatch(entry) or _LOOKS_LIKE_NUMBERS.fullmatch(entry):
                    raise ValueError(f"has “{entry}”, which is neither a network nor a host name") from None
                hosts.add(entry.lower())
        return cls(tuple(networks), frozenset(hosts))

    def __contains__(self, address: Address) -> bool:
        return any(address in network for network in self.networks)


class PublicReach:
    """`commands.core.ports.Reach`."""

    def __init__(self, allowed: Allowed, *, resolve_seconds: float = RESOLVE_SECONDS) -> None:
        self._allowed = allowed
        self._resolve_seconds = resolve_seconds
        self._threads = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="addresses")

    async def refusal(self, url: str) -> str | None:
        parsed = _URL.fullmatch(url) if len(url) <= LONGEST else None
        if parsed is None:
            return "This is no address that I understand. Write it like https://media.example.com/clip.mp4."
        if parsed["scheme"].lower() not in SCHEMES:
            return f"An address begins with one of {', '.join(SCHEMES)}, and then “://”."
        if parsed["port"] is not None and not 0 < int(parsed["port"]) < 65_536:
            return "The port must be between 1 and 65535."
        host = parsed["host"].lower().removesuffix(".")
        if host.startswith("["):
            return self._judged(host, [host[1:-1]])
        if _LOOKS_LIKE_NUMBERS.fullmatch(host):
            return self._judged(host, [host])
        if not parsed["host"].isascii() or not _NAME.fullmatch(host) or len(host) > 253:
            return "The host is no name that I understand. Write it in a to z, digits, dots and dashes (as xn--...)."
        return None if host in self._allowed.hosts else await self._named(host)

    async def _named(self, host: str) -> str | None:
        look = partial(socket.getaddrinfo, host, None, type=socket.SOCK_STREAM)
        try:
            async with asyncio.timeout(self._resolve_seconds):  # its turn included: whoever waits in vain never asks
                found = await asyncio.get_running_loop().run_in_executor(self._threads, look)
        except TimeoutError:
            return f"The name servers did not say in time where “{host}” is. Try again in a moment."
        except (OSError, UnicodeError):
            return f"The name servers do not know “{host}”. Look for a typing mistake."
        return self._judged(host, [str(address[0]) for *_, address in found])

    def _judged(self, host: str, addresses: list[str]) -> str | None:
        """Every one must be right, as nobody knows which a server takes."""
        try:
            read = [ip_address(address) for address in addresses]
        except ValueError:
            return "The host is no address that I understand. Write it in plain decimal, like 203.0.113.7."
        if read and all(is_public(address) or address in self._allowed for address in read):
            return None
        return (
            f"“{host}” is in no public network, so no video server is sent there. Give a public address, or ask "
            "whoever runs this bot to allow it in SHOWCALLER_ALLOW_ADDRESSES."
        )


def is_public(address: Address) -> bool:
    """Stricter than `is_global`, which takes multicast, 6to4 and NAT64 for global, wherever these lead."""
    if isinstance(address, IPv4Address):
        return address.is_global and not address.is_multicast and not any(address in network for network in _NOT_PUBLIC)
    if any(address in network for network in _WITHIN):
        return is_public(IPv4Address(int(address) & 0xFFFFFFFF))
    if address.sixtofour is not None:
        return is_public(address.sixtofour)
    is_unicast = address in _GLOBAL_UNICAST and not any(address in network for network in _NOT_PUBLIC)
    return is_unicast and address.is_global
