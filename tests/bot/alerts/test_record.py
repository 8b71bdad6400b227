"""What facts leave in the database: things, cards where they are wanted, notes once."""

import asyncio
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.store.cards import DELETED
from commands.core.alerts import AlertKind
from providers.base import CallStatus, DestinationStatus, IngressStatus, RecordingStatus, RoomRef, StreamStatus
from providers.facts import Fact, ThingKind
from tests.bot.alerts.facts import (
    RETRO,
    ROOM,
    call,
    destination,
    finished,
    ingress,
    joined,
    kept_out,
    left,
    listed,
    lost,
    person,
    published,
    recording,
    seen,
    started,
    stream,
)
from tests.bot.alerts.house import House, open_house
from tests.bot.store.claims import claim_card

OTHER = RoomRef("classroom", "RM_2", "lesson")
LIVE, READY, FAILED = RecordingStatus.LIVE, RecordingStatus.READY, RecordingStatus.FAILED


async def test_a_command_gets_its_card_in_the_channel_where_it_was_typed(house: House) -> None:
    await house.command(seen(1), channel="C1")
    await house.command(recording(LIVE, 2), channel="C2")

    assert await house.carded() == {("RM_1", "C1"), ("RE_1", "C2"), ("RE_1", "C1")}
    assert (await house.room()).made_by == "U1"


async def test_a_command_that_only_looked_wants_no_card_and_made_nothing(house: House) -> None:
    await house.command(seen(1), channel=None, user=None)

    assert await house.carded() == set()
    assert (await house.room()).made_by is None


async def test_the_same_thing_may_be_wanted_in_a_second_channel(house: House) -> None:
    await house.command(seen(1), channel="C1")
    await house.command(seen(2), channel="C2", user="U2")

    assert await house.carded() == {("RM_1", "C1"), ("RM_1", "C2")}
    assert (await house.room()).made_by == "U1"


async def test_a_card_is_wanted_even_where_the_webhook_said_it_all_before(house: House) -> None:
    await house.tell(recording(READY, 5))
    await house.command(recording(LIVE, 1), channel="C1")

    assert ("RE_1", "C1") in await house.carded()


@pytest.mark.parametrize(
    ("kinds", "room", "provider", "expected"),
    [
        ((), "*", None, {"RM_1", "RM_2", "RE_1"}),
        ((AlertKind.ROOM,), "*", None, {"RM_1", "RM_2"}),
        ((AlertKind.RECORDING,), "*", None, {"RE_1"}),
        ((), "stand*", None, {"RM_1", "RE_1"}),
        ((), "Stand*", None, set()),
        ((), "*", "classroom", {"RM_2"}),
        ((AlertKind.RECORDING,), "lesson", None, set()),
    ],
)
async def test_a_subscription_gets_cards_of_what_it_names(
    kinds: tuple[AlertKind, ...], room: str, provider: str | None, expected: set[str], house: House
) -> None:
    await house.subscribe("C9", *kinds, room=room, provider=provider)
    await house.tell(started(), started(room=OTHER), recording(LIVE, 1))

    assert await house.carded() == {(thing, "C9") for thing in expected}


async def test_two_subscriptions_of_a_channel_make_one_card(house: House) -> None:
    await house.subscribe("C9", AlertKind.ROOM)
    await house.subscribe("C9", room="standup")
    await house.tell(started())

    assert await house.carded() == {("RM_1", "C9")}


async def test_what_was_over_before_we_heard_of_it_gets_no_card(house: House) -> None:
    await house.subscribe("C9")
    await house.tell(finished(5), recording(READY, 5, room=OTHER))

    assert await house.carded() == set()
    assert await house.noted() == []


async def test_who_subscribes_after_an_end_hears_nothing_of_it(house: House) -> None:
    await house.tell(started(), finished(5))
    await house.subscribe("C9")
    await house.tell(seen(6, 3), finished(4))

    assert await house.carded() == set()


async def test_a_recording_that_ended_in_an_unknown_room_makes_no_live_room_of_it(house: House) -> None:
    await house.subscribe("C9", AlertKind.ROOM)
    await house.tell(recording(READY, 5))

    assert await house.things() == {"RE_1"}
    assert await house.carded() == set()


async def test_an_end_is_noted_once_on_every_card(house: House) -> None:
    await house.subscribe("C9")
    await house.command(seen(1), channel="C1")
    await house.tell(finished(5), finished(5), finished(4), seen(9))

    assert sorted(await house.noted()) == [("RM_1", "C1", "ended"), ("RM_1", "C9", "ended")]


async def test_a_failure_is_noted_under_its_own_card_only(house: House) -> None:
    await house.command(seen(1), channel="C1")
    await house.command(recording(LIVE, 2), channel="C1")
    await house.tell(recording(FAILED, 3), recording(FAILED, 4))

    assert await house.noted() == [("RE_1", "C1", "failed")]


async def test_who_came_back_is_noted_on_every_card_of_the_room_once_a_minute(house: House) -> None:
    await house.subscribe("C9", AlertKind.ROOM)
    await house.command(seen(1), channel="C1")
    first, again = person(1), replace(person(1), id="PA_1_again")
    await house.tell(joined(first, 2), left(first, 3), kept_out(first, 3), joined(again, 9), kept_out(again, 10))

    assert sorted(await house.noted()) == [("RM_1", channel, "participant_kept_out") for channel in ("C1", "C9")]
    assert (await house.room()).people == 0
    await house.tell(kept_out(replace(first, id="PA_1_later"), 80))
    assert len(await house.noted()) == 4


async def test_of_a_room_that_has_ended_nobody_hears_who_came_back(house: House) -> None:
    await house.command(seen(1), channel="C1")
    await house.tell(finished(5), kept_out(person(1), 4))

    assert await house.noted() == [("RM_1", "C1", "ended")]


async def test_a_recording_shows_on_the_card_of_its_room_while_it_runs(house: House) -> None:
    await house.command(seen(1), channel="C1")
    await house.tell(recording(LIVE, 2))
    assert (await house.room()).running_recordings == ["RE_1"]

    await house.tell(recording(READY, 3))
    assert (await house.room()).running_recordings == []


async def test_news_that_come_too_late_do_not_make_a_room_look_recorded(house: House) -> None:
    """The room is heard of after the recording's end, and only then comes that the recording had begun."""
    await house.tell(recording(READY, 3), started(), recording(LIVE, 2))

    assert (await house.room()).running_recordings == []


async def test_who_asks_for_a_card_again_gets_it_back(house: House) -> None:
    await house.command(seen(1), channel="C1")
    due = await claim_card(house.store, house.cards)
    assert due is not None
    await house.cards.delivered(due[0], "1.1", "hash")

    for at, reason in ((2, DELETED), (5, "not_in_channel")):
        await house.tell(seen(at, max_participants=at))
        held = await claim_card(house.store, house.cards)
        assert held is not None
        await house.cards.block(held[0], reason)
        await house.tell(seen(at + 1, max_participants=at + 1))
        assert await claim_card(house.store, house.cards) is None
        await house.command(seen(at + 2), channel="C1")
        again = await claim_card(house.store, house.cards)
        assert again is not None
        assert (again[0].blocked, again[0].ts) == (None, None if reason == DELETED else "1.1")
        await house.cards.delivered(again[0], "1.1", "hash")


async def test_what_changes_nothing_makes_no_card_behind(house: House) -> None:
    await house.command(seen(1), channel="C1")
    due = await claim_card(house.store, house.cards)
    assert due is not None
    await house.cards.delivered(due[0], "1.1", "hash")

    await house.tell(seen(0, 7), started(9))

    assert await claim_card(house.store, house.cards) is None


async def test_what_goes_on_in_a_room_shows_on_its_card_until_it_is_over(house: House) -> None:
    await house.command(seen(1), channel="C1")
    await house.tell(stream(StreamStatus.LIVE, 2), ingress(IngressStatus.LIVE, 2), call(CallStatus.ACTIVE, 2))
    room = await house.room()
    assert (room.streams, room.ingresses, room.calls) == (
        {"ST_1": StreamStatus.LIVE},
        {"IN_1": IngressStatus.LIVE},
        {"CA_1": CallStatus.ACTIVE},
    )
    assert await house.carded() == {(id, "C1") for id in ("RM_1", "ST_1", "IN_1", "CA_1")}

    await house.tell(stream(StreamStatus.ENDED, 3), ingress(IngressStatus.WAITING, 3), lost(3, ThingKind.CALL, "CA_1"))
    room = await house.room()
    assert (room.streams, room.ingresses, room.calls) == ({}, {}, {})


async def test_an_ingress_that_sends_into_another_room_is_gone_from_the_first(house: House) -> None:
    await house.tell(started(), started(room=RETRO))
    await house.tell(ingress(IngressStatus.LIVE, 1), ingress(IngressStatus.LIVE, 2, room=RETRO))

    assert (await house.room("RM_1")).ingresses == {}
    assert (await house.room("RM_2")).ingresses == {"IN_1": IngressStatus.LIVE}


@pytest.mark.parametrize("earlier", [stream(StreamStatus.LIVE, 1), call(CallStatus.DIALING, 1)])
async def test_a_room_is_known_by_what_is_heard_of_itself(house: House, earlier: Fact) -> None:
    await house.subscribe("C9", AlertKind.ROOM)
    await house.tell(earlier)
    assert await house.carded() == set()
    await house.tell(published(person(1), 1))

    assert await house.carded() == {("RM_1", "C9")}


async def test_what_was_lost_sight_of_may_come_back_and_end(house: House) -> None:
    await house.command(seen(1), channel="C1")
    await house.command(recording(LIVE, 1), channel="C1")
    await house.tell(lost(2), lost(2, ThingKind.RECORDING, "RE_1"), lost(3))
    assert await house.statuses() == {"RM_1": ("lost", True), "RE_1": ("lost", True)}
    assert (await house.room()).running_recordings == []

    await house.tell(recording(LIVE, 4), joined(person(1), 4))
    assert await house.statuses() == {"RM_1": ("live", False), "RE_1": ("live", False)}
    assert (await house.room()).running_recordings == ["RE_1"]

    await house.tell(recording(READY, 5), finished(6), lost(7), seen(8))
    assert await house.statuses() == {"RM_1": ("ended", True), "RE_1": ("ready", True)}
    assert await house.noted() == [
        ("RM_1", "C1", "lost"),
        ("RE_1", "C1", "lost"),
        ("RE_1", "C1", "ready"),
        ("RM_1", "C1", "ended"),
    ]


async def test_each_destination_that_fails_is_noted_once(house: House) -> None:
    live, failed = DestinationStatus.LIVE, DestinationStatus.FAILED
    await house.command(stream(StreamStatus.LIVE, 1, destination(live, "a"), destination(live, "b")), channel="C1")
    for at, ends in enumerate(((failed, live), (failed, live), (failed, failed)), 2):
        await house.tell(stream(StreamStatus.LIVE, at, destination(ends[0], "a"), destination(ends[1], "b")))

    assert await house.noted() == [("ST_1", "C1", "destination_failed")] * 2


STORY: list[Fact] = [
    started(),
    seen(1),
    joined(person(1), 2),
    joined(person(2), 3),
    listed(3.5, person(1), person(2)),
    left(person(2), 4),
    joined(person(3), 4),
    kept_out(person(3), 4.5),
    recording(RecordingStatus.STARTING, 5),
    recording(LIVE, 6),
    recording(READY, 7),
    recording(LIVE, 8, id="RE_2"),
]


@settings(max_examples=25, deadline=None)
@given(st.permutations(STORY), st.lists(st.sampled_from(STORY)), st.booleans())
def test_in_any_order_the_record_ends_the_same(order: list[Fact], again: list[Fact], ends: bool) -> None:
    async def play() -> None:
        with TemporaryDirectory() as directory:
            async with open_house(Path(directory)) as opened:
                await opened.subscribe("C9")
                await opened.tell(*order, *again, *([finished(60)] * ends), *again)
                await check(opened)

    async def check(opened: House) -> None:
        room, recorded = await opened.room(), await opened.recording("RE_1")
        assert (room.is_final, room.people) == (ends, 0 if ends else 1)
        assert room.running_recordings == ["RE_2"]
        assert recorded.status is READY
        assert (await opened.recording("RE_2")).status is LIVE
        assert {(ROOM.id, "C9"), ("RE_2", "C9")} <= await opened.carded()
        assert len(await opened.noted()) == len(set(await opened.noted()))

    asyncio.run(play())


@pytest.mark.parametrize("order", [1, -1])
async def test_what_goes_on_in_a_room_makes_it_known_in_no_order(house: House, order: int) -> None:
    await house.tell(*[recording(LIVE, 1), recording(READY, 2)][::order])
    assert await house.things() == {"RE_1"}


async def test_a_room_that_is_heard_of_later_shows_what_goes_on_in_it(house: House) -> None:
    await house.tell(recording(LIVE, 1), recording(READY, 2, id="RE_2"), started())
    assert (await house.room()).recordings == {"RE_1": LIVE}
