"""Slack's markup, both ways."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.text import (
    after_mention,
    channel_link,
    code,
    escape,
    literal,
    local_time,
    mention,
    one_line,
    showable,
    strong,
    to_plain,
    whole,
)
from tests.bot.render.foreign import is_inert, texts

halves = st.text(st.characters(), max_size=20) | texts.map(lambda text: f"{text}\ud83c")
"""Text from JSON, which can spell half of a character."""


@pytest.mark.parametrize(
    ("sent", "plain"),
    [
        ("<@U012AB3CD>", "@U012AB3CD"),
        ("<@W012AB3CD|ana>", "@W012AB3CD"),
        ("<#C012AB3CD|general>", "#C012AB3CD"),
        ("<#C012AB3CD|>", "#C012AB3CD"),
        ("<https://x.test/a>", "https://x.test/a"),
        ("<https://x.test/a|text with spaces>", "https://x.test/a"),
        ("<https://x.test/?a=1&amp;b=2>", "https://x.test/?a=1&b=2"),
        ("<http://standup.io|standup.io>", "standup.io"),
        ("<http://x.test/a|other>", "http://x.test/a"),
        ("<rtmp://x.test/live|rtmp://x.test/live>", "rtmp://x.test/live"),
        ("<mailto:a@x.test|a@x.test>", "a@x.test"),
        ("<tel:+15551234|555-1234>", "+15551234"),
        ("<!subteam^S012AB|@ops>", "@S012AB"),
        ("<!channel>", "<!channel>"),
        ("<!here|@here>", "<!here>"),
        ("&lt;!channel&gt;", "<!channel>"),
        ("&lt;@U012AB3CD&gt;", "<@U012AB3CD>"),
        ("&amp;lt;", "&lt;"),
        ("R&amp;D", "R&D"),
        ("<foo> a<b c>d", "<foo> a<b c>d"),
        ("remove <@U1|ana> from <#C1|x>, now", "remove @U1 from #C1, now"),
        ("\u00a0<@U1>\u200b", "\u00a0@U1\u200b"),
        ("", ""),
    ],
)
def test_incoming_entities_become_plain_words(sent: str, plain: str) -> None:
    assert to_plain(sent) == plain


@given(texts)
def test_what_was_escaped_on_the_way_in_comes_back_as_typed(typed: str) -> None:
    assert to_plain(escape(typed)) == typed


@given(texts)
def test_nothing_foreign_is_markup(foreign: str) -> None:
    for markup in (escape(foreign), literal(foreign), code(foreign), strong(foreign), mention(foreign)):
        assert is_inert(markup) or markup == f"<@{foreign}>"


@given(texts)
def test_a_code_span_is_one_span_on_one_line(foreign: str) -> None:
    span = code(foreign)
    assert span.startswith("`")
    assert span.endswith("`")
    assert span.count("`") == 2
    assert len(span) > 2
    assert "\n" not in span


@pytest.mark.parametrize("text", ["*x*", "_x_", "~x~", "`x`", ":tada:", "> quoted"])
def test_formatting_is_broken_by_an_invisible_character_and_nothing_else_changes(text: str) -> None:
    shown = literal(text)
    assert shown != escape(text)
    assert to_plain(shown.replace("\u200b", "")) == text


@pytest.mark.parametrize("text", ["slack_user_1", "10:30", "a-b", "2*3", "غرفة", "👩‍👩‍👧‍👦"])
def test_what_slack_would_not_format_is_left_alone(text: str) -> None:
    assert literal(text) == text


def test_control_characters_and_direction_marks_are_dropped() -> None:
    assert literal("a\x00b\u202ec\ud800d\te") == "abcd\te"
    assert code("a\r\nb\u2028c") == "`a b c`"


def test_only_an_id_is_a_mention() -> None:
    assert mention("U012AB3CD") == "<@U012AB3CD>"
    assert mention("U1> <!channel") == "@U1&gt; &lt;!channel"
    assert channel_link("C012AB3CD") == "<#C012AB3CD>"
    assert channel_link("x|y") == "#x|y"


def test_a_time_is_shown_in_the_readers_zone_and_else_in_utc() -> None:
    at = datetime(2026, 11, 20, 23, 30, tzinfo=timezone(timedelta(hours=2)))
    assert local_time(at) == "<!date^1795210200^{date_short_pretty} at {time}|2026-11-20 21:30 UTC>"
    assert at.astimezone(UTC).timestamp() == 1795210200


def test_half_a_character_never_comes_in() -> None:
    assert to_plain("room create a\ud800b") == "room create a?b"


@given(halves)
def test_whatever_comes_in_can_be_written_and_goes_out_inert(sent: str) -> None:
    plain = to_plain(sent)
    assert plain.encode().decode() == plain
    assert whole(plain) == plain
    assert is_inert(escape(plain))
    assert is_inert(literal(plain))


@given(halves)
def test_what_cannot_be_shown_is_dropped_once_and_for_all(foreign: str) -> None:
    assert showable(showable(foreign)) == showable(foreign)
    assert one_line(one_line(foreign)) == one_line(foreign)
    assert len(one_line(foreign).splitlines()) <= 1


@given(texts)
def test_literal_text_is_shown_letter_by_letter(foreign: str) -> None:
    invisible = "\u200b"
    assert to_plain(literal(foreign).replace(invisible, "")) == showable(foreign).replace(invisible, "")


@given(texts.map(escape), texts.map(escape))
def test_what_follows_the_mention_is_left_as_it_came(before: str, after: str) -> None:
    assert after_mention(f"{before}<@U1A>{after}", "U1A") == after
    assert after_mention(f"{before}<@U1A|bot> {after}", "U1A") == f" {after}"
    assert after_mention(before, "U1A") == before
