"""What is said again of what somebody typed holds no key."""

import pytest

from commands.core.errors import UsageError
from commands.core.parsing import parse
from commands.core.repeating import may_hold_key, repeated
from commands.core.reply import plain
from tests.commands.lines import COMMANDS, HERE

KEY = "s3cr3t-k3y"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"rtmp://a.example/live/{KEY}", "rtmp://a.example/live/…"),
        (f"standup rtmps://a.example/live/{KEY} now", "standup rtmps://a.example/live/… now"),
        (f"srt://a.example:9000?streamid={KEY}", "srt://a.example:9000/…"),
        (f"wss://a.example/{KEY}", "wss://a.example/…"),
        (f"mux://{KEY}", "mux://…"),
        (f"twitch://{KEY}", "twitch://…"),
        (f"rtmp:/a.example/live/{KEY}", "rtmp:…"),
        (f"https://a.example/score?token={KEY}", "https://a.example/…"),
        (f"https://ana:{KEY}@a.example/score", "https://a.example/…"),
    ],
)
def test_what_may_hold_a_key_is_cut(text: str, shown: str) -> None:
    assert may_hold_key(text)
    assert repeated(text) == shown


def test_a_key_of_an_ingress_is_told_from_names_that_people_give() -> None:
    assert may_hold_key("q7Xf2MpZ4kVd")
    assert repeated("--name=q7Xf2MpZ4kVd") == "--name=…"
    names = ["KitchenCamUK", "webcamHDmain", "LobbyCamHD22", "Studio2CamUK", "Hall3Camera4", "rehearsal234"]
    assert [name for name in names if may_hold_key(name)] == []


@pytest.mark.parametrize("text", ["standup", "a:b", "https://a.example/score", "daily stand-up", "3/4"])
def test_all_else_is_said_as_it_was(text: str) -> None:
    assert not may_hold_key(text)
    assert repeated(text) == text


@pytest.mark.parametrize(
    "line",
    [
        f"recording start standup rtmp://a.example/live/{KEY}",
        f"recording stop standup rtmp://a.example/live {KEY}",
        f"stream strat standup rtmp://a.example/live/{KEY}",
        f"stream strat standup rtmp://a.example/live {KEY}",
        f"rtmp://a.example/live/{KEY}",
        f"recording start standup --format rtmp://a.example/live/{KEY}",
        f"recording start standup --rtmp://a.example/live/{KEY}",
        f"recording start standup -rtmp://a.example/live/{KEY}",
        f"recording start standup --strem mux://{KEY}",
    ],
)
def test_a_faulty_line_repeats_no_key_and_offers_nothing_that_carries_one(line: str) -> None:
    with pytest.raises(UsageError) as raised:
        parse(line, COMMANDS, HERE)
    error = raised.value
    said = [problem.text for problem in error.problems] + [plain(error.what), plain(error.remedy), str(error)]
    assert KEY not in " ".join(said)
    assert not error.actions
