"""By which number and which key a destination is meant, where a server lists them in any order and cuts their keys."""

from datetime import UTC, datetime
from itertools import permutations

from pydantic import SecretStr

from commands.stream_places import in_order, named, there_already, urls_of
from providers.base import Destination, DestinationStatus, RoomRef, Stream, StreamRef, StreamStatus
from providers.livekit.provider import LiveKit
from providers.livekit.settings import LiveKitSettings

SERVER = LiveKit("livekit", LiveKitSettings(url="http://127.0.0.1:7880", api_key="key", api_secret=SecretStr("s" * 32)))
ONE, TWO = (SecretStr(f"rtmp://a.example/app/live_{n}_abcdefXYZ") for n in (111, 222))
"""Keys that LiveKit tells alike."""

NAME = SERVER.destination_id(ONE)
LIVE, FAILED = DestinationStatus.LIVE, DestinationStatus.FAILED


def at(id: str, status: DestinationStatus = LIVE, address: str = "rtmp://a.example/app") -> Destination:
    return Destination(id, address, status, datetime(2026, 11, 20, 12, tzinfo=UTC))


def going_to(*destinations: Destination) -> Stream:
    return Stream(StreamRef("livekit", "EG_1"), RoomRef("livekit", "RM_1", "standup"), StreamStatus.LIVE, destinations)


def test_a_number_means_the_same_one_however_they_are_listed_and_go() -> None:
    for status in (LIVE, FAILED, DestinationStatus.CONNECTING):
        places = (at("x", status, "rtmp://b.example/app"), at("y"), at("y-2", FAILED))
        for listed in permutations(places):
            stream = going_to(*listed)
            assert [each.id for each in in_order(stream)] == ["y", "y-2", "x"]
            assert [each.id for each in named(stream, "3", SERVER)] == ["x"]


def test_of_keys_told_alike_it_is_not_known_which() -> None:
    assert SERVER.destination_id(TWO) == NAME
    assert urls_of(at(NAME), [ONE, TWO], SERVER) == [ONE, TWO]
    assert urls_of(at(f"{NAME}-2"), [ONE, ONE], SERVER) == [ONE]


def test_what_goes_on_by_another_key_is_not_there_by_this_one() -> None:
    one_failed = going_to(at(NAME, FAILED), at(f"{NAME}-2"))
    assert there_already(one_failed, ONE, [ONE, TWO], SERVER) is None
    assert there_already(one_failed, ONE, [ONE], SERVER) == at(f"{NAME}-2")
    both = going_to(at(NAME), at(f"{NAME}-2"))
    assert there_already(both, ONE, [ONE, TWO], SERVER) is not None
