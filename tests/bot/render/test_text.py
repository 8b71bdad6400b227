"""`Text` as markup, as a notification, as text objects; amounts in words."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.limits import HEADER_TEXT, length
from bot.render.text import mrkdwn, mrkdwn_object, notification, plain_object
from commands.core.reply import Channel, Code, Mark, Moment, Person, Strong
from commands.core.words import joined, spoken_size
from tests.bot.render.foreign import is_inert, texts

AT = datetime(2026, 11, 20, 21, 30, tzinfo=UTC)
marks = st.one_of(
    texts,
    st.builds(Code, texts),
    st.builds(Strong, texts),
    st.just(Person("U012AB3CD")),
    st.just(Channel("C012AB3CD")),
    st.just(Moment(AT)),
)


def test_each_mark_as_markup() -> None:
    text = (
        "Ended ",
        Code("a&b"),
        " by ",
        Person("U1A"),
        " in ",
        Channel("C1A"),
        ", ",
        Strong("now"),
        " at ",
        Moment(AT),
    )
    assert mrkdwn(text) == (
        "Ended `a&amp;b` by <@U1A> in <#C1A>, *now* at "
        "<!date^1795210200^{date_short_pretty} at {time}|2026-11-20 21:30 UTC>"
    )


def test_a_notification_has_no_formatting_and_no_zone() -> None:
    assert notification((Strong("*x*"), " ", Code("a<b"), " ", Moment(AT))) == "*x* a&lt;b 2026-11-20 21:30 UTC"


def test_a_string_alone_is_a_text() -> None:
    assert mrkdwn("R&D") == notification("R&D") == "R&amp;D"


@given(st.lists(marks, max_size=6), st.integers(1, 200))
def test_markup_fits_its_limit_and_is_inert(text: list[str | Mark], limit: int) -> None:
    shown = mrkdwn(text, limit)
    assert length(shown) <= limit
    assert is_inert(shown)


@given(st.lists(marks, max_size=6))
def test_notifications_are_inert(text: list[str | Mark]) -> None:
    assert is_inert(notification(text))


def test_a_code_span_that_is_cut_is_closed() -> None:
    assert mrkdwn((Code("x" * 100), "after"), 10) == "`xxxxxxx…`"


def test_an_entity_is_there_whole_or_not_at_all() -> None:
    assert mrkdwn(("by ", Person("U012AB3CD")), 10) == "by …"
    assert mrkdwn(("&" * 10,), 13) == "&amp;&amp;…"


@given(texts)
def test_objects_are_never_empty_and_fit(foreign: str) -> None:
    plain = plain_object(foreign, HEADER_TEXT)
    assert 1 <= length(plain["text"]) <= HEADER_TEXT
    assert plain["emoji"] is False
    assert mrkdwn_object(foreign)["text"]
    assert mrkdwn_object(foreign)["verbatim"] is True


def test_joined_leaves_out_what_is_empty() -> None:
    assert joined(["a", "", (Code("b"),), ()], " · ") == ["a", " · ", Code("b")]
    assert joined([], " ") == []


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1_000, "1.0 kB"),
        (999_960, "1.0 MB"),
        (34_100_000, "34.1 MB"),
        (10**13, "10,000.0 GB"),
    ],
)
def test_sizes_in_words(size: int, words: str) -> None:
    assert spoken_size(size) == words
