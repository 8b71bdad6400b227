"""The page that shows many things together."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.alerts.pace import MEMBERS
from bot.alerts.state import DigestState, ThingState
from bot.render.card import Member, draw
from bot.render.limits import length, serialized_size
from bot.render.message import Message
from providers.base import DestinationStatus, IngressStatus, RecordingStatus, StreamStatus
from tests.bot.render.foreign import NASTY, buttons, check, check_access, check_words, texts, words
from tests.bot.render.things import (
    BEGAN,
    KINDS,
    MISSED,
    destination,
    ended_room,
    ingress,
    lost,
    one_of_each,
    present,
    recording,
    ref,
    room,
    server,
    standing_of,
    stream,
)

PAGE = DigestState(channel_id="C1", opened_at=BEGAN)


def drawn(members: Sequence[Member]) -> Message:
    page = draw(PAGE, capabilities=(), card_id=7, generation=2, digest=members)
    check(page)
    check_access(page.blocks)
    assert [block["block_id"] for block in page.blocks] == [f"card:7:2:{n}" for n in range(len(page.blocks))]
    assert len(buttons(page.blocks)) <= 1
    return page


def page(*states: ThingState, own: int = 0) -> Message:
    return drawn([Member(state, 1, n < own) for n, state in enumerate(states)])


def lines(shown: Message) -> list[str]:
    return [line for block in shown.blocks[2:] if block["type"] == "section" for line in words(block).splitlines()]


def rooms(count: int, name: str = "room {}") -> list[ThingState]:
    return [room(ref(name.format(n), id=f"RM_{n}")) for n in range(count)]


def test_a_page_says_how_much_there_is_and_what_it_is() -> None:
    shown = page(*rooms(43), *(recording(id=f"EG_{n}") for n in range(5)))
    assert shown.text == "Busy: 43 rooms, 5 recordings; 48 live."
    assert words(shown.blocks[0]) == "Busy: 43 rooms, 5 recordings"
    assert words(shown.blocks[1]) == (
        "*48 live*. Much happens here at once. These are shown together until it calms down."
    )
    check_words(shown)


def test_what_went_wrong_comes_first_then_what_is_live_then_what_is_over() -> None:
    ready = recording(RecordingStatus.READY, id="EG_2", duration=timedelta(minutes=12))
    shown = page(
        ended_room(ref("a", id="RM_2")),
        room(ref("b", id="RM_3"), present=present(3), recordings={"EG_9": RecordingStatus.LIVE}),
        ready,
        lost(room(ref("c", id="RM_4"))),
        recording(RecordingStatus.FAILED, error="disk full"),
        server(),
    )
    assert lines(shown) == [
        "⚠️ Does not answer · video server *livekit* · it does not answer.",
        "⚠️ Failed · recording of *standup* · disk full.",
        "❔ Lost sight of · *c*",
        "🟢 Live · *b* · 3 people, recorded",
        "⚪ Ended · *a* · after 42 min",
        "✅ Ready · recording of *standup* · 12 min",
    ]
    assert words(shown.blocks[1]).startswith("*2 went wrong, 1 lost sight of, 1 live, 2 over*.")


def test_what_goes_wrong_while_it_goes_on_says_what() -> None:
    refused = destination(1, DestinationStatus.FAILED, error="connection refused")
    shown = page(
        stream(StreamStatus.LIVE, destination(0), refused),
        ingress(IngressStatus.FAILED, error="no video"),
        room(plan=MISSED),
    )
    assert lines(shown) == [
        "⚠️ Failed · ingress *Camera 2* into *standup* · no video.",
        "⚠️ Partly live · stream of *standup* · to 1 of 2 destinations,"
        " but not to `rtmp://cdn1.example/live`: connection refused.",
        "🟢 Live · *standup* · nobody in it, not ended as planned",
    ]


@pytest.mark.parametrize("state", one_of_each(), ids=standing_of)
def test_everything_has_a_line(state: ThingState) -> None:
    shown = page(state)
    check_words(shown)
    assert len(lines(shown)) == 1


def test_a_page_can_be_pressed_so_that_a_second_message_of_it_can_be_found() -> None:
    assert [button["text"]["text"] for button in buttons(page(*rooms(3)).blocks)] == ["Show all"]


def test_rooms_are_in_the_order_in_which_people_count() -> None:
    assert [line.split("*")[1] for line in lines(page(*rooms(12)))] == [f"room {n}" for n in range(12)]


MIXED = (*rooms(5), *rooms(5, "same"), ended_room(), recording(), stream(), ingress(), server())


@given(st.permutations(range(len(MIXED))))
def test_the_order_of_members_makes_no_difference(order: list[int]) -> None:
    assert page(*(MIXED[index] for index in order)) == page(*MIXED)


def test_what_has_a_message_of_its_own_is_counted() -> None:
    assert "have messages of their own" not in words(page(*rooms(3)).blocks)
    assert words(page(*rooms(3), own=1).blocks[-2]) == (
        "1 of them has a message of its own, which follows when it is calm."
    )
    assert words(page(*rooms(3), own=2).blocks[-2]) == (
        "2 of them have messages of their own, which follow when it is calm."
    )


def test_a_page_that_is_left_by_all_says_so() -> None:
    shown = drawn([])
    assert shown.text == "Calm again: what was shown here together has messages of its own."
    assert words(shown.blocks[0]) == "Calm again"


NAMES = ["standup", *NASTY, "界" * 300, "🎬" * 300, "אולפן " * 60, "*" * 300, '"\\' * 300]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_full_page_shows_everything_whatever_it_is_called(name: str) -> None:
    failed: list[ThingState] = [
        recording(RecordingStatus.FAILED, ref(f"r{n}. {name}", id=f"RM_{n}"), id=f"EG_{n}", error=name * 20)
        for n in range(25)
    ]
    live = [room(ref(f"l{n}. {name}", id=f"RM_{n}"), present=present(20)) for n in range(MEMBERS - 25)]
    shown = page(*failed, *live, own=MEMBERS)
    assert len(lines(shown)) == MEMBERS
    assert all(f"*{mark}. " in words(shown.blocks) or f"*{mark}." in words(shown.blocks) for mark in _marks())
    assert serialized_size(shown.blocks) < 10_000
    assert length(words(shown.blocks)) < 10_000
    assert len(shown.blocks) <= 10


def _marks() -> list[str]:
    return [*(f"r{n}" for n in range(25)), *(f"l{n}" for n in range(MEMBERS - 25))]


def test_more_than_a_page_holds_is_counted() -> None:
    shown = page(*rooms(500, "{} " + "x" * 300))
    assert f"{500 - len(lines(shown))} more are not shown." in words(shown.blocks[-2])


@given(st.sampled_from(KINDS), texts, texts, texts, texts)
def test_nothing_foreign_is_markup(kind: int, name: str, id: str, provider: str, reason: str) -> None:
    page(one_of_each(ref(name, server=provider, id=id), reason)[kind], room(ref(reason)))
