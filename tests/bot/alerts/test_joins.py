"""Who joins and leaves is told of in the threads of the cards, where the channel wants to know."""

from dataclasses import replace

import pytest

from bot.alerts.state import RoomState, RoomStatus
from bot.clock import SystemClock
from bot.render.card import note
from bot.store.settings import StoredSettings
from commands.core.ports import Place, everywhere
from providers.base import Participant
from providers.facts import Fact
from tests.bot.alerts.facts import ROOM, finished, joined, kept_out, left, listed, person, seen, started
from tests.bot.alerts.house import TEAM, House

JOINED, LEFT = "participant_joined", "participant_left"
BOB = Participant("PA_9", "bob", "Bob")


async def told(house: House, *facts: Fact) -> list[str]:
    """The notes in a channel that wants to hear of joins, of a room that is live there."""
    settings = StoredSettings(house.store, SystemClock())
    await settings.put(Place(TEAM, "C1"), "joins", "told", by="U1")
    await house.command(seen(0), channel="C1")
    await house.tell(*facts)
    return [kind for _, _, kind in await house.noted()]


async def test_a_channel_hears_nothing_unless_it_wants_to(house: House) -> None:
    await house.command(seen(0), channel="C1")
    await house.tell(joined(person(1), 1), left(person(1), 2))
    assert await house.noted() == []


async def test_each_join_and_departure_is_told_once(house: House) -> None:
    first = joined(person(1), 1)
    again = replace(first, key="another")
    gone = left(person(1), 2)
    assert await told(house, first, first, again, gone, replace(gone, key="gone again")) == [JOINED, LEFT]


async def test_only_the_channels_that_want_to_hear_do(house: House) -> None:
    settings = StoredSettings(house.store, SystemClock())
    await settings.put(everywhere(TEAM), "joins", "told", by="U1")
    await settings.put(Place(TEAM, "C1"), "joins", "quiet", by="U1")
    await house.command(seen(0), channel="C1")
    await house.command(seen(1), channel="C2", user=None)
    await house.tell(joined(person(1), 2))
    assert await house.noted() == [("RM_1", "C2", JOINED)]


async def test_whom_a_list_has_shown_first_is_told_of_all_the_same(house: House) -> None:
    assert await told(house, listed(2, person(1)), joined(person(1), 1, 3)) == [JOINED]


async def test_who_is_gone_from_a_list_is_told_of_when_the_departure_comes(house: House) -> None:
    assert await told(house, joined(person(1), 1), listed(3), left(person(1), 2, 4)) == [JOINED, LEFT]


@pytest.mark.parametrize(
    "facts",
    [
        pytest.param([joined(person(1, is_person=False), 1), left(person(1, is_person=False), 2)], id="a recorder"),
        pytest.param([listed(1, person(1)), listed(2)], id="lists alone"),
        pytest.param([seen(1, 3), started(2)], id="nobody in particular"),
    ],
)
async def test_what_is_no_news_of_a_person(house: House, facts: list[Fact]) -> None:
    assert await told(house, *facts) == []


async def test_the_end_of_a_room_is_told_and_not_everybody_it_sends_away(house: House) -> None:
    away = [replace(left(person(number), 5), reason="room closed") for number in (1, 2)]
    assert await told(house, joined(person(1), 1), *away, finished(6), joined(person(3), 7)) == [JOINED, "ended"]


async def test_who_came_back_and_is_kept_out_is_told_once_as_that(house: House) -> None:
    who = person(1)
    assert await told(house, joined(who, 1), kept_out(who, 2), left(who, 3)) == [JOINED, "participant_kept_out"]


@pytest.mark.parametrize(
    ("fact", "words"),
    [
        (joined(BOB, 1), "Bob joined."),
        (left(BOB, 1), "Bob left."),
        (replace(left(BOB, 1), reason="connection lost"), "Bob left: connection lost."),
        (joined(Participant("PA_9", "<!channel>"), 1), "&lt;!channel&gt; joined."),
    ],
)
@pytest.mark.parametrize("status", RoomStatus)
def test_what_the_thread_is_told(fact: Fact, words: str, status: RoomStatus) -> None:
    shown = note(fact.type, RoomState(ref=ROOM, status=status), [fact])
    assert shown is not None
    assert shown.text == words
