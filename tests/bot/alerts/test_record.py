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
from providers.base import RecordingStatus, RoomRef
from providers.facts import Fact
from tests.bot.alerts.facts import ROOM, finished, joined, kept_out, left, listed, person, recording, seen, started
from tests.bot.alerts.house import House, open_house

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
    due = await house.cards.claim()
    assert due is not None
    await house.cards.delivered(due[0], "1.1", "hash")

    for reason in (DELETED, "not_in_channel"):
        await house.cards.block(due[0], reason)
        await house.tell(seen(2))
        assert await house.cards.claim() is None
        await house.command(seen(3), channel="C1")
        again = await house.cards.claim()
        assert again is not None
        assert (again[0].blocked, again[0].ts) == (None, None if reason == DELETED else "1.1")
        await house.cards.delivered(again[0], "1.1", "hash")


async def test_what_changes_nothing_makes_no_card_behind(house: House) -> None:
    await house.command(seen(1), channel="C1")
    due = await house.cards.claim()
    assert due is not None
    await house.cards.delivered(due[0], "1.1", "hash")

    await house.tell(seen(0, 7), started(9))

    assert await house.cards.claim() is None


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
