"""A front page as a view: within Slack's limits whatever is on it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from pydantic import SecretStr

from bot.render.home import CALLBACK_ID, REFRESH, digest, render_home
from bot.render.limits import BLOCKS_PER_VIEW
from bot.render.text import Block
from commands.core.base import pin
from commands.core.reply import Action, Button, Channel, Code, Form, Item, Link, Moment, Person, Strong
from commands.home import FrontPage, Section
from commands.room import RoomClose, RoomCreate, RoomJoin, RoomShow
from providers.base import RoomRef
from tests.bot.render.foreign import NASTY, buttons, check_view, texts, words

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def room(name: str, number: int = 0) -> Item:
    pinned = pin(RoomRef("memory", f"RM_{number}", name))
    return Item(
        title=(Strong(name),),
        detail=("2 people · ", Channel("C1"), " · made by ", Person("U1"), " · ", Moment(NOW)),
        actions=(
            Action("Join", RoomJoin(**pinned), description=f"Join room {name}"),
            Action("Show", RoomShow(**pinned), description=f"Show room {name}"),
            Action("End", RoomClose(**pinned), style="danger", description=f"End room {name}"),
        ),
    )


def page(*items: Item, more: str = "", actions: tuple[Button, ...] = ()) -> FrontPage:
    return FrontPage(
        text="What is live.",
        actions=(Form("Create room", RoomCreate),),
        sections=(
            Section(title="Your rooms", items=items, empty="None is live.", more=more, actions=actions),
            Section(title="Health", facts=(("memory", ("answered ", Moment(NOW))), ("Slack", (Code("HTTP"),)))),
        ),
        updated_at=NOW,
    )


def draw(shown: FrontPage) -> Block:
    return render_home(shown, private_metadata='{"channel_id":"D1"}')


@pytest.mark.parametrize("count", [0, 1, 44, 45, 46, 300])
def test_it_fits_and_says_what_it_leaves_out(count: int) -> None:
    view = draw(page(*(room(f"room-{n}", n) for n in range(count))))
    check_view(view)
    said = words(view)
    shown = sum(button["text"]["text"] == "Join" for button in buttons(view["blocks"]))
    assert len(view["blocks"]) <= BLOCKS_PER_VIEW
    assert ("None is live." in said) is (count == 0)
    assert "Updated" in said
    assert (shown == count) is ("not shown" not in said)
    assert buttons(view["blocks"])[-1]["action_id"] == REFRESH


@pytest.mark.parametrize("name", NASTY)
def test_names_from_outside_stay_words(name: str) -> None:
    check_view(draw(page(room(name), room(name, 1), more=name)))


@given(name=texts, more=texts)
def test_any_text_fits(name: str, more: str) -> None:
    check_view(draw(page(room(name), more=more)))


def test_long_rows_beyond_the_size_of_a_view_are_left_out() -> None:
    view = draw(page(*(Item(title="x" * 2_900, detail="&" * 2_900) for _ in range(90))))
    check_view(view)


def test_a_name_too_long_for_a_button_has_none() -> None:
    assert [b["action_id"] for b in buttons(draw(page(room("x" * 4_000)))["blocks"])] == ["form:room.create:1", REFRESH]


def test_it_is_a_home_with_all_kinds_of_buttons() -> None:
    link = Link("Open channel", SecretStr("https://team.example.com/archives/C1"))
    view = draw(page(Item(title="Closed", actions=(link,)), room("standup"), actions=(Form("Subscribe", RoomCreate),)))
    check_view(view)
    assert (view["type"], view["callback_id"], view["private_metadata"]) == (
        "home",
        CALLBACK_ID,
        '{"channel_id":"D1"}',
    )
    drawn = buttons(view["blocks"])
    assert len({button["action_id"] for button in drawn}) == len(drawn)
    spoken = [b.get("accessibility_label") for b in drawn if b["text"]["text"] in ("Join", "Show", "End", "Refresh")]
    assert spoken == ["Join room standup", "Show room standup", "End room standup", "Refresh this page"]


def test_times_alone_make_no_difference() -> None:
    before = draw(page(room("standup")))
    later = draw(replace(page(room("standup")), updated_at=NOW + timedelta(minutes=5)))
    other = draw(page(room("planning")))
    assert before != later
    assert digest(before) == digest(later)
    assert digest(before) != digest(other)
