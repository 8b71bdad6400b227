"""What is shown of an address, and never the key in it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from providers.addresses import shown_address, shown_location, shown_text

KEY = "hush-hush"


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        (f"rtmp://a.rtmp.example.com/live2/{KEY}", "rtmp://a.rtmp.example.com/live2"),
        (f"RTMPS://Live.Example.com:443/app/{KEY}?{KEY}#{KEY}", "rtmps://live.example.com:443/app"),
        (f"rtmp://user:{KEY}@example.com/app/instance/{KEY}", "rtmp://example.com/app"),
        (f"rtmp://example.com/{KEY}", "rtmp://example.com"),
        (f"srt://[::1]:9000?mode=caller&passphrase={KEY}", "srt://[::1]:9000"),
        (f"wss://example.com/in?token={KEY}", "wss://example.com"),
        (f"mux://{KEY}", "mux://"),
        (f"rtmp://example.com:{KEY}/app/x", "rtmp://"),
        (f"rtmp://[{KEY}/app/x", "rtmp://"),
        (KEY, ""),
        ("", ""),
    ],
)
def test_of_a_destination(url: str, shown: str) -> None:
    assert shown_address(url) == shown


@given(st.sampled_from(["rtmp", "rtmps", "srt", "wss"]), st.text(max_size=20))
def test_a_key_is_never_shown_whatever_it_looks_like(scheme: str, odd: str) -> None:
    assert KEY not in shown_address(f"{scheme}://example.com/app/{odd}{KEY}{odd}")


@pytest.mark.parametrize(
    ("location", "shown"),
    [
        ("/out/standup 1.mp4", "/out/standup 1.mp4"),
        (f"https://me:{KEY}@bucket.example.com/a/b.mp4?signature={KEY}", "https://bucket.example.com/a/b.mp4"),
        ("s3://bucket/a/b.mp4", "s3://bucket/a/b.mp4"),
        ("file:///out/a.mp4", "file:///out/a.mp4"),
        (f"https://[{KEY}/a.mp4", "https://"),
    ],
)
def test_of_a_file(location: str, shown: str) -> None:
    assert shown_location(location) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("pipeline frozen", "pipeline frozen"),
        (f"no way to rtmp://example.com/app/{KEY}: refused", "no way to rtmp://example.com/app refused"),
        (f"bad passphrase={KEY}, giving up", "bad passphrase=…, giving up"),
        (f"Stream Key: {KEY}", "Stream Key: …"),
    ],
)
def test_of_what_a_server_says(text: str, shown: str) -> None:
    assert shown_text(text) == shown
