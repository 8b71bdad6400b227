"""Where people may send a video server: the tricks by which an address leads elsewhere than it seems to."""

import asyncio
import socket
import threading
from collections.abc import Iterator, Mapping
from ipaddress import ip_address

import pytest

from bot.addresses import AT_ONCE, Allowed, PublicReach, is_public

PUBLIC = "93.184.216.34"


class Names:
    """The name servers, as a thread asks them. `asked` is what was looked for; a name without addresses hangs until
    they are `awake`."""

    def __init__(self, addresses: Mapping[str, list[str]]) -> None:
        self._addresses = addresses
        self.asked: list[str] = []
        self.awake = threading.Event()

    def getaddrinfo(self, host: str, port: object, *_: object, **__: object) -> list[tuple[object, ...]]:
        self.asked.append(host)
        if host not in self._addresses:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        if not self._addresses[host]:
            self.awake.wait(10)
        return [(0, socket.SOCK_STREAM, 6, "", (address, 0)) for address in self._addresses[host]]


@pytest.fixture
def names(monkeypatch: pytest.MonkeyPatch) -> Iterator[Names]:
    known = {
        "media.example.com": [PUBLIC, "2606:4700::1111"],
        "rebound.example.com": [PUBLIC, "10.0.0.7"],
        "metadata.example.com": ["169.254.169.254"],
        "six.example.com": ["fe80::1%eth0"],
        "camera.internal": ["192.168.1.4"],
        "localhost": ["127.0.0.1", "::1"],
        "slow.example.com": [],
    }
    names = Names(known)
    monkeypatch.setattr(socket, "getaddrinfo", names.getaddrinfo)
    yield names
    names.awake.set()


async def refusal(url: str, *allowed: str) -> str | None:
    return await PublicReach(Allowed.read(allowed), resolve_seconds=0.05).refusal(url)


@pytest.mark.parametrize(
    "url",
    [
        "https://media.example.com",
        "HTTPS://Media.Example.COM./clip.mp4?quality=high#t=10",
        "rtmp://media.example.com:1935/live/key",
        "rtsp://viewer:pa55@media.example.com/stream",
        "srt://media.example.com:9000?streamid=a,b",
        "wss://media.example.com/sound?token=t",
        "https://media.example.com/@ana/clip.mp4?by=ana@example.com",
        f"http://{PUBLIC}/clip",
        "http://[2606:4700::1111]:8080/clip",
        "http://[64:ff9b::5db8:d822]/nat64-of-a-public-address",
    ],
)
async def test_a_public_address_may_be_reached(names: Names, url: str) -> None:
    assert await refusal(url) is None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1", "10.0.0.7", "172.16.0.1", "192.168.1.4", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "198.18.0.1", "192.88.99.1", "127.0.0.1.", "[::1]", "[::]", "[fe80::1]", "[fc00::1]",
        "[fec0::1]", "[ff02::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[::127.0.0.1]", "[::ffff:a9fe:a9fe]",
        "[2002:7f00:1::]", "[2002:a9fe:a9fe::1]", "[64:ff9b::7f00:1]", "[64:ff9b:1::1]", "[2001:db8::1]", "[3fff::1]",
        "[5f00::1]", "[2001:0:53aa:64c::1]", "rebound.example.com", "metadata.example.com", "metadata.example.com.",
        "six.example.com", "camera.internal", "localhost", "LOCALHOST", "viewer@localhost",
        "media.example.com@10.0.0.7",
    ],
)  # fmt: skip
async def test_what_leads_inside_is_refused(names: Names, host: str) -> None:
    said = await refusal(f"http://{host}/latest/meta-data")
    assert said is not None
    assert "is in no public network" in said
    assert "SHOWCALLER_ALLOW_ADDRESSES" in said


@pytest.mark.parametrize(
    "host",
    [
        "2130706433", "0x7f000001", "0x7f.1", "017700000001", "0177.0.0.1", "127.1", "127.0.1", "0", "127.0.0.01",
        "127.0.0.0x1", "1.1.1.256", "media.example.com.0x7f", "[::1%25lo]", "[fe80::1%eth0]", "[127.0.0.1]",
        "[::1",
        "[]",
    ],
)  # fmt: skip
async def test_an_address_in_an_odd_notation_is_not_interpreted(names: Names, host: str) -> None:
    said = await refusal(f"http://{host}/")
    assert said is not None
    assert "that I understand" in said
    assert names.asked == []


@pytest.mark.parametrize(
    "url",
    [
        "", "media.example.com/clip", "//media.example.com", "http:/media.example.com", "http:media.example.com",
        "http://", "http:///clip", "http://media.example.com:port/", "http://media.example.com\\@10.0.0.7/",
        "http://a@b@media.example.com/",
        "http://10.0.0.7#@media.example.com\n/", "http://media.example.com/a b", " http://media.example.com",
        "http://media.example.com\t", "http://media.example.com:80:80/", "http://mediа.example.com/", "http://１２７.0.0.1/",
        "http://127。0。0。1/", "http://xn--.-/", "http://media..example.com/", "http://-x.example.com/",
        "http://%31%32%37.0.0.1/",
        "http://media.example.com#@169.254.169.254/", "http://media.example.com?@169.254.169.254/",
        "http://media.example.com?a#b@169.254.169.254/", "http://media.example.com/\\@169.254.169.254/",
        "http://media.example.com?\\@169.254.169.254/", "http://media.example.com/clip\\mp4",
        "http://\u212aamera.example.com/", "http://media.example.com.\u017fite/", "http\u017f://media.example.com/",
        "http://media.example.com%2f@x/", "http://" + "a" * 64 + ".com/", "http://media.example.com/" + "a" * 2_048,
    ],
)  # fmt: skip
async def test_what_servers_could_read_in_two_ways_is_refused(names: Names, url: str) -> None:
    assert "that I understand" in (await refusal(url) or "")
    assert names.asked == []


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "file://media.example.com/x", "gopher://media.example.com/", "data://x/"]
)
async def test_only_what_carries_media_is_fetched(names: Names, url: str) -> None:
    assert await refusal(url) is not None
    assert names.asked == []


@pytest.mark.parametrize("port", ["0", "65536", "99999"])
async def test_a_port_is_one(names: Names, port: str) -> None:
    assert await refusal(f"http://media.example.com:{port}/") == "The port must be between 1 and 65535."


async def test_a_name_that_nobody_knows_and_one_that_takes_too_long(names: Names) -> None:
    assert await refusal("http://typo.example.com/") == (
        "The name servers do not know “typo.example.com”. Look for a typing mistake."
    )
    assert "did not say in time" in (await refusal("http://slow.example.com/") or "")


async def test_slow_names_hold_up_one_another_and_no_other_look_up(names: Names) -> None:
    """The loop's own threads look up Slack and the video servers for the whole process."""
    reach = PublicReach(Allowed(), resolve_seconds=0.05)
    loop = asyncio.get_running_loop()
    said = await asyncio.gather(*(reach.refusal("http://slow.example.com/") for _ in range(50)))
    assert all("Try again in a moment" in (words or "") for words in said)
    assert len(names.asked) == AT_ONCE
    assert "Try again in a moment" in (await reach.refusal("http://media.example.com/") or "")
    async with asyncio.timeout(5):
        [found, *_] = await loop.getaddrinfo("media.example.com", None, type=socket.SOCK_STREAM)
    assert found[4][0] == PUBLIC

    names.awake.set()
    async with asyncio.timeout(5):
        while await reach.refusal("http://media.example.com/") is not None:
            pass
    assert len(names.asked) <= AT_ONCE + 3, "what waited in vain is asked for no more"


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("rtsp://192.168.1.4/stream", "192.168.0.0/16"),
        ("rtsp://camera.internal/stream", "192.168.1.4"),
        ("rtsp://camera.internal./stream", "camera.internal"),
        ("rtsp://rebound.example.com/stream", "10.0.0.0/8"),
        ("http://[fd00::7]/clip", "fd00::/8"),
    ],
)
async def test_what_the_operator_allows_may_be_reached(names: Names, url: str, allowed: str) -> None:
    assert await refusal(url) is not None
    assert await refusal(url, "203.0.113.0/24", allowed) is None


async def test_one_address_that_is_allowed_does_not_allow_the_others(names: Names) -> None:
    assert await refusal("http://localhost/", "127.0.0.0/8") is not None
    assert await refusal("http://sub.camera.internal/", "camera.internal") is not None


@pytest.mark.parametrize(
    "entry", ["10.0.0.1/8", "10.0.0.0/33", "http://x", "a b", "*.internal", "0x7f000001", "10.1", "-"]
)
def test_what_is_neither_network_nor_host_is_no_setting(entry: str) -> None:
    with pytest.raises(ValueError, match="neither a network nor a host name"):
        Allowed.read([entry])


def test_an_ipv4_address_within_another_is_judged_as_such() -> None:
    assert is_public(ip_address(f"::ffff:{PUBLIC}"))
    assert not is_public(ip_address("::ffff:10.0.0.7"))
