"""The limits, table by table; Slack's own models are the judge where they judge."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.render import limits
from bot.render.limits import Surface, cut, length, message_problems, problems, view_problems

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def section(**more: Any) -> Json:
    return {"type": "section", **({"text": mrkdwn("x")} | more)}


def actions(*elements: Json) -> Json:
    return {"type": "actions", "elements": list(elements)}


def button(**more: Any) -> Json:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **more}


def option(text: str = "One", value: str = "1", **more: Any) -> Json:
    return {"text": plain(text), "value": value, **more}


def select(**more: Any) -> Json:
    return {"type": "static_select", "action_id": "pick", "options": [option()], **more}


def field(element: Json, **more: Any) -> Json:
    return {"type": "input", "label": plain("Name"), "element": element, **more}


def entry(**more: Any) -> Json:
    return {"type": "plain_text_input", "action_id": "name", **more}


def modal(*blocks: Json, **more: Any) -> Json:
    return {"type": "modal", "title": plain("Form"), "submit": plain("Send"), "blocks": list(blocks), **more}


def image(**more: Any) -> Json:
    return {"type": "image", "image_url": "https://x.test/a.png", "alt_text": "a", **more}


def confirm(**more: Any) -> Json:
    return {"title": plain("Sure?"), "text": plain("x"), "confirm": plain("Yes"), "deny": plain("No"), **more}


def markdown(text: str) -> Json:
    return {"type": "markdown", "text": text}


def rich_text(*inside: Json) -> Json:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(inside)}]}


def table(rows: int = 1, columns: int = 1, text: str = "x") -> Json:
    return {"type": "table", "rows": [[{"type": "raw_text", "text": text}] * columns] * rows}


def sdk_refuses(block: Json) -> bool:
    """What Slack's Python models say of a block."""
    try:
        parsed = Block.parse(block)
        assert parsed is not None
        parsed.to_dict()
    except SlackObjectFormationError:
        return True
    return False


GOOD = [
    section(),
    section(text=mrkdwn("x" * 3000)),
    {"type": "section", "fields": [mrkdwn("x")] * 10},
    section(accessory=button(style="danger", confirm=confirm())),
    section(accessory=image()),
    actions(*[button(action_id=str(number)) for number in range(25)]),
    actions(button(text=plain("x" * 75), value="x" * 2000, url="https://x.test", accessibility_label="x" * 75)),
    actions({"type": "overflow", "action_id": "o", "options": [option(value=str(number)) for number in range(5)]}),
    actions(select(options=[option("x" * 75, str(number)) for number in range(90)], placeholder=plain("x" * 150))),
    {"type": "context", "elements": [mrkdwn("x")] * 10},
    {"type": "header", "text": plain("x" * 150)},
    {"type": "divider", "block_id": "x" * 255},
    image(alt_text="x" * 2000, title=plain("x" * 2000)),
    markdown("x" * 12_000),
    rich_text({"type": "text", "text": "x", "style": {"bold": True}}),
    table(rows=100, columns=2),
]
BAD = [
    section(text=mrkdwn("x" * 3001)),
    {"type": "section"},
    {"type": "section", "fields": [mrkdwn("x")] * 11},
    actions(*[button(action_id=str(number)) for number in range(26)]),
    actions(button(text=plain("x" * 76))),
    actions(button(value="x" * 2001)),
    actions(button(url="x" * 3001)),
    actions(button(accessibility_label="x" * 76)),
    actions(button(style="loud")),
    actions(button(action_id="x" * 256)),
    actions(button(confirm=confirm(title=plain("x" * 101)))),
    actions(button(confirm=confirm(text=plain("x" * 301)))),
    actions(button(confirm=confirm(deny=plain("x" * 31)))),
    actions({"type": "overflow", "action_id": "o", "options": [option()] * 6}),
    actions(select(options=[option(value=str(number)) for number in range(101)])),
    actions(select(placeholder=plain("x" * 151))),
    {"type": "context", "elements": [mrkdwn("x")] * 11},
    {"type": "header", "text": plain("x" * 151)},
    {"type": "divider", "block_id": "x" * 256},
    image(alt_text="x" * 2001),
    image(title=plain("x" * 2001)),
    image(image_url="x" * 3001),
    markdown("x" * 12_001),
    {"type": "table", "rows": []},
]


@pytest.mark.parametrize("block", GOOD, ids=lambda block: str(block)[:60])
def test_slacks_models_and_we_accept(block: Json) -> None:
    assert problems([block], Surface.MESSAGE) == []
    assert not sdk_refuses(block)


@pytest.mark.parametrize("block", BAD, ids=lambda block: str(block)[:60])
def test_slacks_models_and_we_refuse(block: Json) -> None:
    assert problems([block], Surface.MESSAGE) != []
    assert sdk_refuses(block)


@pytest.mark.parametrize(
    ("blocks", "said"),
    [
        ([], "0 items"),
        ("text", "must be a list"),
        (["text"], "unknown block type None"),
        ([{"type": "nonsense"}], "unknown block type 'nonsense'"),
        ([{"type": ["section"]}], "unknown block type ['section']"),
        ([section(colour="red")], "blocks[0].colour: unknown key"),
        ([section(accessory=entry())], "unknown element type 'plain_text_input'"),
        ([actions(image())], "unknown element type 'image'"),
        ([button()], "unknown block type 'button'"),
        ([{"type": "header", "text": mrkdwn("x")}], "unknown text type 'mrkdwn'"),
        ([{"type": "section", "fields": [mrkdwn("x" * 2001)]}], "2001 characters"),
        ([section(text=mrkdwn(""))], "0 characters"),
        ([section(text=plain("x") | {"verbatim": True})], "verbatim: unknown key"),
        ([{"type": "context", "elements": [mrkdwn("x" * 3001)]}], "3001 characters"),
        ([{"type": "image", "image_url": "https://x.test"}], "alt_text: required"),
        ([image(slack_file={"id": "F1"})], "exactly one of image_url, slack_file"),
        ([actions({"type": "checkboxes", "options": [option(value=str(n)) for n in range(11)]})], "11 items"),
        ([actions(select(option_groups=[{"label": plain("x"), "options": [option()]}]))], "exactly one of options"),
        ([actions(select(options=[option("x" * 76)]))], "76 characters"),
        ([actions(select(options=[option(value="x" * 151)]))], "151 characters"),
        ([actions({"type": "datepicker", "initial_date": "1 May 2026"})], "has the wrong form"),
        ([actions({"type": "datepicker", "initial_date": "2026-5-1"})], "8 characters"),
        ([actions({"type": "datetimepicker", "initial_date_time": 5})], "must be a number"),
        ([section(expand="yes")], "must be true or false"),
        ([section(block_id="a"), section(block_id="a")], "block_id 'a' is used more than once"),
        ([actions(button(), button())], "action_id 'go' is used more than once"),
        ([table(), table()], "only one table"),
        ([table(rows=101)], "101 items"),
        ([table(columns=21)], "21 items"),
        ([table(rows=6, text="x" * 2000)], "more than 10000 characters"),
        ([table(text="")], "0 characters"),
        ([markdown("x" * 7000)] * 2, "14000 characters of markdown"),
        ([section(text=mrkdwn("x" * 3000))] * 5, "bytes serialized"),
        ([rich_text({"type": "text", "text": "x", "style": {"loud": True}})], "loud: unknown key"),
        ([rich_text({"type": "broadcast", "range": "all"})], "is none of"),
    ],
)
def test_what_slacks_models_let_pass(blocks: object, said: str) -> None:
    assert said in " ".join(problems(blocks, Surface.MESSAGE))


@pytest.mark.parametrize(
    ("block", "where"),
    [
        (markdown("x"), {Surface.MESSAGE}),
        (table(), {Surface.MESSAGE, Surface.HOME}),
        ({"type": "alert", "text": mrkdwn("x"), "level": "error"}, {Surface.MODAL}),
        (field({"type": "number_input", "is_decimal_allowed": False}), {Surface.MODAL}),
        (field({"type": "email_text_input"}), {Surface.MODAL}),
        (actions({"type": "datetimepicker"}), {Surface.MESSAGE, Surface.MODAL}),
        (field(entry()), set(Surface)),
        (section(), set(Surface)),
    ],
)
def test_surfaces(block: Json, where: set[Surface]) -> None:
    assert {surface for surface in Surface if not problems([block], surface)} == where


def test_a_view_takes_twice_the_blocks_of_a_message() -> None:
    blocks = [{"type": "divider"}] * 51
    assert problems(blocks[:50], Surface.MESSAGE) == []
    assert problems(blocks, Surface.MESSAGE) == ["blocks: 51 items, must be 1 to 50"]
    assert problems(blocks, Surface.MODAL) == []
    assert problems([{"type": "divider"}] * 101, Surface.HOME) == ["blocks: 101 items, must be 1 to 100"]


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ({}, "text: must be a string"),
        ({"text": ""}, "text: 0 characters"),
        ({"text": "x" * 4001}, "text: 4001 characters"),
        ({"text": "x", "blocks": [{"type": "divider"}] * 51}, "51 items"),
    ],
)
def test_messages(payload: Json, said: str) -> None:
    assert said in " ".join(message_problems(payload))


def test_a_good_message() -> None:
    assert message_problems({"text": "x" * 4000, "blocks": [section()], "channel": "C1"}) == []
    assert message_problems({"text": "x", "blocks": []}) == []


VIEWS_BOTH_JUDGE = [
    (modal(field(entry())), True),
    (modal(section(), title=plain("x" * 24), close=plain("x" * 24), callback_id="x" * 255), True),
    (modal(section(), private_metadata="x" * 3000), True),
    ({"type": "home", "blocks": [section()]}, True),
    (modal(section(), title=plain("x" * 25)), False),
    (modal(section(), submit=plain("x" * 25)), False),
    (modal(section(), close=plain("x" * 25)), False),
    (modal(section(), callback_id="x" * 256), False),
    (modal(section(), private_metadata="x" * 3001), False),
    (modal(), False),
    (modal(*[{"type": "divider"}] * 101), False),
    ({"type": "home", "blocks": [section()], "submit": plain("Send")}, False),
    ({"type": "drawer", "blocks": [section()]}, False),
]


@pytest.mark.parametrize(("view", "is_good"), VIEWS_BOTH_JUDGE, ids=lambda view: str(view)[:50])
def test_views_as_slacks_models_judge_them(view: Json, is_good: bool) -> None:
    def sdk_accepts() -> bool:
        try:
            View(**view).to_dict()
        except SlackObjectFormationError:
            return False
        return True

    assert (not view_problems(view)) is is_good
    assert sdk_accepts() is is_good


@pytest.mark.parametrize(
    ("view", "said"),
    [
        (None, "must be modal or home"),
        ({"type": "modal", "title": plain("x"), "blocks": [field(entry())]}, "view.submit"),
        (modal(section(), id="V1"), "view.id: unknown key"),
        (modal(section(), external_id="x" * 256), "external_id"),
        (modal(field(entry(focus_on_load=True)), field(entry(focus_on_load=True))), "focus_on_load"),
        (modal(field({"type": "number_input", "is_decimal_allowed": False, "min_value": 1})), "must be a string"),
        (modal(field({"type": "number_input"})), "is_decimal_allowed: required"),
        (modal(field(entry(max_length=3001))), "max_length"),
        (modal(*[section(text=mrkdwn("x" * 3000))] * 90), "at most 250000"),
    ],
)
def test_what_slacks_view_lets_pass(view: object, said: str) -> None:
    assert said in " ".join(view_problems(view))


@pytest.mark.parametrize(
    ("text", "limit", "expected"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("ab&amp;cd", 9, "ab&amp;cd"),
        ("ab&amp;cd", 8, "ab&amp;…"),
        ("ab&amp;cd", 7, "ab…"),
        ("ab&lt;cd", 4, "ab…"),
        ("AT&T is here", 5, "AT&T…"),
        ("😀😀😀", 6, "😀😀😀"),
        ("😀😀😀", 5, "😀😀…"),
        ("😀😀😀", 4, "😀…"),
    ],
)
def test_cut(text: str, limit: int, expected: str) -> None:
    assert cut(text, limit) == expected


@given(st.text(st.sampled_from("ab&;ampltg<😀"), max_size=40), st.integers(1, 40))
def test_a_cut_text_fits_and_is_a_beginning(text: str, limit: int) -> None:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;")
    shown = cut(escaped, limit)
    assert length(shown) <= limit
    if shown != escaped:
        kept = shown.removesuffix("…").replace("&lt;", "<").replace("&amp;", "&")
        assert text.startswith(kept)


def test_the_numbers_are_the_ones_that_are_checked() -> None:
    for limit, block in (
        (limits.SECTION_TEXT, lambda text: section(text=mrkdwn(text))),
        (limits.HEADER_TEXT, lambda text: {"type": "header", "text": plain(text)}),
        (limits.BUTTON_TEXT, lambda text: actions(button(text=plain(text)))),
        (limits.BUTTON_VALUE, lambda text: actions(button(value=text))),
        (limits.OPTION_TEXT, lambda text: actions(select(options=[option(text)]))),
    ):
        assert problems([block("x" * limit)], Surface.MESSAGE) == []
        assert problems([block("x" * (limit + 1))], Surface.MESSAGE) != []
