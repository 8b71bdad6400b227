"""Slack's markup, both ways."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given

from bot.text import channel_link, code, escape, literal, local_time, mention, strong, to_plain
from tests.bot.render.foreign import is_inert, texts


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
