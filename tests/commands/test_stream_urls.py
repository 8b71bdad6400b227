"""Where streams go, as people write it: what is wrong is said, and no key is repeated."""

import pytest
from pydantic import SecretStr, TypeAdapter, ValidationError

from commands.core.errors import Problem
from commands.core.parsing import Here
from commands.core.stream_urls import StreamUrl, protocol_of, protocol_problems, url_problems
from commands.stream_destinations import StreamAdd
from commands.stream_start import StreamStart
from providers.base import Limits, RoomRef
from tests.commands.lines import fault, problems, read

KEY = "s3cr3t-k3y"
URL: TypeAdapter[SecretStr] = TypeAdapter(StreamUrl)
LIMITS = Limits(stream_schemes=("rtmp", "rtmps", "srt"))

WITHOUT_KEY = (
    "It has no stream key: that is the part after the last slash, as in rtmp://live.example.com/app/KEY.",
    ["rtmp://live.example.com", "rtmp://live.example.com/", "rtmps://live.example.com/app", "rtmp://a.example/app/"],
)
WRONG = {
    "a slip in the scheme": (
        "“rmtp://” is no protocol for streams. Did you mean rtmp://?",
        [f"rmtp://a.example/x/{KEY}"],
    ),
    "a slip in RTMPS": (
        "“rtpms://” is no protocol for streams. Did you mean rtmps://?",
        [f"rtpms://a.example/x/{KEY}"],
    ),
    "another protocol": (
        "It has to begin with rtmp://, rtmps:// or srt://.",
        [f"https://a.example/x/{KEY}", f"ftp://x/{KEY}"],
    ),
    "no scheme": (
        "It is no address. Write it like rtmp://live.example.com/app/KEY.",
        [f"a.example/live/{KEY}", f"rtmp:/a.example/live/{KEY}", ""],
    ),
    "no host": (
        "It has no host that can be understood. Write it like rtmp://live.example.com/app/KEY.",
        [f"rtmp:///live/{KEY}", f"rtmp://[::/live/{KEY}", f"rtmp://a.example:99999/live/{KEY}", "srt://:9000"],
    ),
    "no key": WITHOUT_KEY,
    "a space": ("There is a space in it, and an address has none.", [f"rtmp://a.example/live/{KEY} more"]),
    "Twitch by its short name": (
        "Write a place on Twitch in full: rtmp://live.twitch.tv/app/KEY, with the stream key at the end.",
        [f"twitch://{KEY}"],
    ),
}


@pytest.mark.parametrize(("said", "urls"), WRONG.values(), ids=WRONG.keys())
def test_what_is_wrong_with_it(said: str, urls: list[str]) -> None:
    for url in urls:
        with pytest.raises(ValidationError) as caught:
            URL.validate_python(url)
        assert caught.value.errors()[0]["msg"] == said, url


@pytest.mark.parametrize(
    "url",
    [
        f"rtmp://a.example/live/{KEY}",
        f"RTMPS://a.example:443/live/more/{KEY}?backup=1",
        f"rtmp://user:word@a.example/live/{KEY}",
        "srt://a.example:9000?streamid=x&passphrase=0123456789",
        "srt://[2001:db8::1]:9000",
        "wss://a.example/sound",
        "***",
    ],
)
def test_what_is_taken_as_it_is(url: str) -> None:
    assert URL.validate_python(f" {url} ").get_secret_value() == url


def test_mux_is_written_out() -> None:
    assert URL.validate_python(f"mux://{KEY}").get_secret_value() == f"rtmps://global-live.mux.com:443/app/{KEY}"


def test_what_is_wrong_is_said_of_the_field_without_the_key() -> None:
    error = fault(f"stream start standup rmtp://a.example/live/{KEY}")
    assert problems(error) == ["URLS: “rmtp://” is no protocol for streams. Did you mean rtmp://?"]
    assert KEY not in repr((error, error.remedy, error.actions))
    error = fault(f"stream update standup --add rtmp://a.example/{KEY}")
    assert problems(error)[0].startswith("--add: It has no stream key")
    assert KEY not in repr((error, error.remedy, error.actions))


def secrets(*urls: str) -> list[SecretStr]:
    return [SecretStr(url) for url in urls]


def test_a_scheme_that_the_server_does_not_take() -> None:
    said = "This video server streams to rtmp://, rtmps://, srt://, and not to ws://."
    assert url_problems("urls", secrets("ws://a.example/x"), LIMITS) == [Problem(said, "urls")]


def test_one_that_is_given_twice() -> None:
    twice = secrets(f"rtmp://a.example/x/{KEY}", f"rtmp://a.example/x/{KEY}")
    assert url_problems("urls", twice, LIMITS) == [Problem("One of them is given twice.", "urls")]
    assert url_problems("urls", secrets("***", "***"), LIMITS) == []


def test_several_protocols_in_one_call() -> None:
    both = secrets(f"rtmp://a.example/x/{KEY}", "srt://a.example:9000")
    said = "One stream speaks one protocol, not rtmp and srt. Start one stream for each."
    assert url_problems("urls", both, LIMITS) == [Problem(said, "urls")]
    secured = secrets(f"rtmp://a.example/x/{KEY}", f"rtmps://a.example/x/{KEY}")
    assert url_problems("urls", secured, LIMITS) == []
    assert protocol_problems("add", secured, ["srt://a.example:9000"])[0].text.startswith("One stream speaks one")


def test_the_protocol_of_an_address() -> None:
    assert [protocol_of(url) for url in ("RTMPS://a", "wss://a", "srt://a", "a")] == ["rtmp", "ws", "srt", ""]


# How a room is told from an address

CHANNEL = Here("memory", RoomRef("memory", "RM_1", "standup"))


def test_the_channels_room_stands_in_where_an_address_comes_first() -> None:
    command = read(f"stream start rtmp://a.example/live/{KEY} srt://b.example:9000", CHANNEL)
    assert isinstance(command, StreamStart)
    assert (command.room, command.room_id) == ("standup", "RM_1")
    assert len(command.urls) == 2
    add = read(f"stream add rtmp://a.example/live/{KEY}", CHANNEL)
    assert isinstance(add, StreamAdd)
    assert (add.stream, add.room_id) == ("standup", "RM_1")


def test_a_slip_in_the_scheme_is_no_room_either() -> None:
    for address in (f"rtmp:/a.example/live/{KEY}", f"a.example/live/{KEY}", f"a.example:1935/live/{KEY}"):
        assert problems(fault(f"stream start {address}", CHANNEL)) == [
            "URLS: It is no address. Write it like rtmp://live.example.com/app/KEY."
        ]


def test_a_channel_without_a_room_is_asked_for_one() -> None:
    error = fault(f"stream start rtmp://a.example/live/{KEY}")
    assert problems(error) == ["stream start needs ROOM."]


@pytest.mark.parametrize("verb", ["stop", "remove", "show", "layout", "retry", "dismiss", "extend"])
def test_an_address_is_no_stream(verb: str) -> None:
    error = fault(f"stream {verb} rtmp://a.example/live/{KEY}")
    assert problems(error)[0] == "STREAM: This is an address. Say first which one is meant: its id, or its room."
    assert KEY not in repr((error, error.remedy, error.actions))
