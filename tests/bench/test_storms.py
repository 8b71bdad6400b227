"""The bench of storms sees what is shown, and what is not."""

from bench.storms import Room, _reads, spoken_of, storm
from bot.demo.slack.things import Message


def _message(*lines: str) -> Message:
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": line}} for line in lines]
    return Message("1.1", "C1", "U1", lines[0], tuple(blocks))


def test_a_card_speaks_of_one_room_and_a_page_of_each_in_its_line() -> None:
    card = _message("room-001", "🟢 *Live* · 2 people")
    page = _message("Busy: 2 rooms", "🟢 Live · *room-001* · 2 people", "⚪ Ended · *room-002*")

    assert [name for name, _ in spoken_of(card)] == ["room-001"]
    assert "2 people" in dict(spoken_of(card))["room-001"]
    said = dict(spoken_of(page))
    assert ("2 people" in said["room-001"], "Ended" in said["room-002"]) == (True, True)
    assert "Ended" not in said["room-001"]


def test_what_reads_like_the_end_counts_from_the_last_event_on() -> None:
    room = Room("room-001", _reads(2, ended=False))
    room.show("1.1", "12 people", 1.0)
    room.show("1.1", "2 people", 2.0)
    assert room.shown_at == {}
    room.tell(3.0)
    assert room.lag == 0.0
    room.show("1.1", "1 person", 4.0)
    room.show("1.1", "2 people", 5.0)
    room.show("1.1", "2 people", 6.0)
    assert room.lag == 2.0


async def test_a_small_storm_ends_with_every_card_right_and_no_refusal() -> None:
    found = await storm(1.0, rooms=12, events=6, faster=30)

    assert (found.events, found.wrong, found.throttled) == (72, [], 0)
    assert 0 < found.posts < 12 + 4
    assert found.drain >= found.floor * 0.5
    assert found.lag(0.5) <= found.lag(0.95) <= found.lag(1)
