"""What a terminal shows of messages and forms."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from rich.console import Console, RenderableType

from bot.demo.markup import Markup
from bot.demo.screen import Change, News, Screen, Shown
from bot.demo.slack import Channel, Message, StandIn, User
from tests.bot.demo.blocks import Block, actions, button, modal, section, text_entry


def drawn(what: RenderableType, width: int = 80) -> str:
    out = StringIO()
    Console(file=out, width=width, color_system=None, highlight=False, emoji=False, markup=False).print(what)
    return out.getvalue()


@pytest.fixture
def screen(slack: StandIn) -> Screen:
    return Screen(slack.workspace)


@pytest.fixture
def markup(slack: StandIn) -> Markup:
    return Markup(slack.workspace)


def post(slack: StandIn, channel: Channel, blocks: Iterable[Block], thread_ts: str | None = None) -> Message:
    return slack.workspace.post(channel, slack.workspace.bot, "notification", list(blocks), thread_ts=thread_ts)


# Markup


def test_people_and_channels_are_shown_by_name(markup: Markup, ana: User, general: Channel) -> None:
    assert markup.styled(f"<@{ana.id}> in <#{general.id}>, <@U999>").plain == "@ana in #general, @U999"


@pytest.mark.parametrize(
    ("mrkdwn", "words"),
    [
        ("*bold* and _italic_ and `code`", "bold and italic and code"),
        ("a * b * c_d_e", "a * b * c_d_e"),
        ("&lt;!channel&gt; &amp; co", "<!channel> & co"),
        ("<!channel>", "@channel"),
        ("\u200b*\u200bstar\u200b*\u200b", "*star*"),
        ("*a \u200b*\u200b b*", "a * b"),
        ("<https://x.test|the page>", "the page (https://x.test)"),
        ("<https://x.test>", "https://x.test"),
        ("`*not bold*`", "*not bold*"),
    ],
)
def test_marks_become_styles(markup: Markup, mrkdwn: str, words: str) -> None:
    assert markup.styled(mrkdwn).plain == words


def test_styles_are_those_of_the_marks(markup: Markup) -> None:
    styled = markup.styled("*bold* `code`")
    assert [(styled.plain[span.start : span.end], span.style) for span in styled.spans] == [
        ("bold", "bold"),
        ("code", "cyan"),
    ]


@pytest.mark.parametrize(
    ("days", "day"), [(0, "today"), (-1, "yesterday"), (1, "tomorrow"), (-40, "Oct 3"), (-400, "Oct 8")]
)
def test_times_are_read_as_on_a_clock(slack: StandIn, days: int, day: str) -> None:
    noon = datetime(2026, 11, 12, 12, 5, tzinfo=UTC).astimezone()
    at = noon + timedelta(days=days)
    markup = Markup(slack.workspace, lambda: noon)
    styled = markup.styled(f"<!date^{int(at.timestamp())}^{{date_short_pretty}} at {{time}}|x>")
    assert styled.plain == f"{day} at {at:%H:%M}"


def test_a_time_with_other_tokens_is_shown_as_the_sender_wrote_it(markup: Markup) -> None:
    assert markup.styled("<!date^1800000000^{date_long}|in January>").plain == "in January"


# What is new


def test_only_what_differs_is_news(slack: StandIn, general: Channel) -> None:
    shown = Shown()
    kept = post(slack, general, [section("same")])
    changing = post(slack, general, [section("before")])
    going = post(slack, general, [section("going")])
    assert [news.change for news in shown.news(slack.workspace.messages(general))] == [Change.NEW] * 3
    slack.workspace.edit(kept, "notification", [section("same")])
    slack.workspace.edit(changing, "notification", [section("after")])
    slack.workspace.delete(going)
    present = slack.workspace.messages(general)
    assert shown.differs(present)
    assert [(news.change, news.message.words) for news in shown.news(present)] == [
        (Change.DELETED, "going"),
        (Change.EDITED, "after"),
    ]
    assert not shown.differs(present)


# Messages


def test_a_message_is_shown_whole(slack: StandIn, screen: Screen, general: Channel) -> None:
    blocks: list[Block] = [
        {"type": "header", "text": {"type": "plain_text", "text": "standup"}},
        section("*Live*"),
        {"type": "section", "fields": [{"type": "mrkdwn", "text": "*Size*\n1 MB"}]},
        {**section("retro\nnobody"), "accessory": button("Show", "show")},
        actions(button("Stop recording", "stop"), button("End", "end")),
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "by `x`"}]},
    ]
    news = News(post(slack, general, blocks), Change.NEW)
    numbers = {"show": 3, "stop": 4, "end": 5}
    assert [line.rstrip() for line in drawn(screen.message(news, numbers=numbers)).splitlines()] == [
        "showcaller",
        "▌ standup",
        "▌ Live",
        "▌ Size  1 MB",
        "▌ retro   [3]\u00a0Show",
        "▌ nobody",
        "▌ [4]\u00a0Stop\u00a0recording  [5]\u00a0End",
        "▌ by x",
    ]


def test_without_numbers_buttons_are_drawn_by_their_labels(slack: StandIn, screen: Screen, general: Channel) -> None:
    news = News(post(slack, general, [actions(button("End", "end"))]), Change.NEW)
    assert "▌ [End]" in drawn(screen.message(news))


def test_it_says_for_whom_where_and_what_became_of_it(slack: StandIn, screen: Screen, general: Channel) -> None:
    card = post(slack, general, [section("the card")])
    reply = post(slack, general, [section("failed")], thread_ts=card.ts)
    head, body = drawn(screen.message(News(reply, Change.EDITED), note="only ana sees it")).splitlines()
    assert head == "    showcaller · only ana sees it · in the thread of “the card” · edited"
    assert body.rstrip() == "    ▌ failed"
    assert "(gone)" in drawn(screen.message(News(card, Change.DELETED)))


def test_replies_come_after_what_they_are_replies_to(slack: StandIn, general: Channel) -> None:
    first, second = (post(slack, general, [section(words)]) for words in ("first", "second"))
    reply = post(slack, general, [section("reply")], thread_ts=first.ts)
    news = Shown().news(slack.workspace.messages(general))
    assert [each.message for each in news] == [first, reply, second]


def test_a_thread_is_called_by_what_it_begins_with(slack: StandIn, screen: Screen, general: Channel, ana: User) -> None:
    asked = slack.workspace.post(general, ana, f"<@{slack.bot_user_id}> help\nplease")
    reply = post(slack, general, [section("so")], thread_ts=asked.ts)
    assert "in the thread of “@showcaller help”" in drawn(screen.message(News(reply, Change.NEW)))
    slack.workspace.delete(asked)
    assert "in the thread of “a message that is gone”" in drawn(screen.message(News(reply, Change.NEW)))


@pytest.mark.parametrize("width", [80, 100])
def test_long_lines_wrap_beside_the_bar(slack: StandIn, screen: Screen, general: Channel, width: int) -> None:
    lines = drawn(screen.message(News(post(slack, general, [section("x" * 250)]), Change.NEW)), width).splitlines()
    assert "".join(line.removeprefix("▌ ").rstrip() for line in lines[1:]) == "x" * 250
    assert max(map(len, lines)) <= width


def test_there_are_no_colours_without_a_terminal(slack: StandIn, screen: Screen, general: Channel) -> None:
    assert "\x1b" not in drawn(screen.message(News(post(slack, general, [section("*x*")]), Change.NEW)))


# Forms


async def test_a_form_is_shown_with_what_stands_in_it(slack: StandIn, screen: Screen, ana: User) -> None:
    hinted = {**text_entry("name"), "hint": {"type": "plain_text", "text": "What it is called"}}
    source = modal(section("On *x*."), hinted, text_entry("most"), title="Make")
    view = slack.workspace.modals.open(ana.id, source)
    await slack.submit(ana, view, {"name": "", "most": "5"})
    standing = slack.view_of(ana)
    assert standing is not None
    shown = drawn(screen.form(standing))
    for words in ("form: Make", "On x.", "Name: -", "✗ Please complete this required field.", "Most: 5", "[Send]"):
        assert words in shown
    assert "What it is called" not in shown, "what is wrong takes the hint's place"
