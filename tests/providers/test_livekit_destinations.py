"""By what a destination is known again, though LiveKit tells of its URL without most of the key."""

import pytest
from pydantic import SecretStr

from providers.livekit.destinations import destination_id, destination_ids, without_key
from providers.livekit.provider import LiveKit
from tests.standins.egress.egress_info import without_key as as_the_service_cuts

KEYS = ["", "a", "ab", "abc", "abcde", "abcdef", "abcdefgh", "abcdefghi", "live_1234-5678", "a?b=c&d"]


class TestWhatIsTold:
    @pytest.mark.parametrize("key", KEYS)
    @pytest.mark.parametrize("before", ["rtmp://a.example/app/", "rtmps://a.example:443/deep/app/"])
    @pytest.mark.parametrize("after", ["", " live=1"])
    def test_is_cut_as_the_service_does_it(self, before: str, key: str, after: str) -> None:
        url = before + key + after
        assert without_key(url) == as_the_service_cuts(url)

    @pytest.mark.parametrize("key", KEYS)
    def test_what_was_cut_is_not_cut_again(self, key: str) -> None:
        told = without_key(f"rtmp://a.example/app/{key}")
        assert without_key(told) == told

    @pytest.mark.parametrize(
        ("asked", "told"),
        [
            ("mux://1234567890", "rtmps://global-live.mux.com:443/app/{123...890}"),
            ("mux://1234567890/more", "rtmps://global-live.mux.com:443/app/{123...890}"),
            ("twitch://live_1234567", "rtmps://fra02.contribute.live-video.net:443/app/{liv...567}"),
            ("rtmp://ams03.contribute.live-video.net/app/live_1234567", "rtmp://lhr.contribute.live-video.net/app/{liv...567}"),
            ("twitch://live_1234567", "rtmps://ingest.global-contribute.live-video.net:443/app/{liv...567}"),
            ("srt://a.example:9000?passphrase=abcdefghij", "srt://a.example:9000?passphrase=abcdefghij"),
            ("wss://a.example/sink?token=abcdefghij", "wss://a.example/sink?token=abcdefghij"),
            ("rtmp://a.example/onlykey", "rtmp://a.example/onlykey"),
        ],
    )  # fmt: skip
    def test_is_known_by_what_was_asked_for(self, asked: str, told: str) -> None:
        assert destination_id(asked) == destination_id(told)


class TestIds:
    def test_say_nothing_of_the_key(self, livekit: LiveKit) -> None:
        url = SecretStr("rtmp://a.example/app/abcdefghi")
        assert livekit.destination_id(url) == destination_id("rtmp://a.example/app/{abc...ghi}")
        assert livekit.destination_id(url).isalnum()
        assert len(livekit.destination_id(url)) == 12

    def test_differ_by_server_application_and_what_is_told_of_the_key(self) -> None:
        urls = ["rtmp://a.example/app/abcdefghi", "rtmp://b.example/app/abcdefghi", "rtmps://a.example/app/abcdefghi"]
        urls += ["rtmp://a.example/other/abcdefghi", "rtmp://a.example/app/abcdefghx", "mux://abcdefghi"]
        assert len({destination_id(url) for url in urls}) == len(urls)

    def test_of_keys_that_are_told_alike_are_numbered(self) -> None:
        id, other = destination_id("rtmp://a.example/app/abc1234xyz"), destination_id("mux://abc")
        urls = ["rtmp://a.example/app/abc1234xyz", "mux://abc", "rtmp://a.example/app/{abc...xyz}"]
        assert list(destination_ids(urls)) == [id, other, f"{id}-2"]

    @pytest.mark.parametrize(
        ("whole", "shown"),
        [
            ("srt://a.example:9000?streamid=x&passphrase=hunter2hunter2", "srt://a.example:9000"),
            ("srt://me:hunter2@a.example:9000", "srt://a.example:9000"),
            ("wss://a.example/sink?token=hunter2", "wss://a.example/sink"),
        ],
    )
    def test_are_of_nothing_that_could_be_found_by_trying(self, whole: str, shown: str) -> None:
        assert destination_id(whole) == destination_id(shown)

    def test_even_what_is_no_text_has_one(self) -> None:
        assert destination_id("rtmp://a.example/app/\ud800")
