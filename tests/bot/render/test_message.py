"""Whatever is drawn, what leaves is something that Slack takes."""

import pytest

from bot.render.limits import BLOCKS_PER_MESSAGE, MESSAGE_TEXT, SECTION_FIELDS, length
from bot.render.message import Message, context, fields, header, message, section, signed
from bot.render.text import Block
from commands.core.reply import Person
from tests.bot.render.foreign import check, words


@pytest.mark.parametrize("count", [1, BLOCKS_PER_MESSAGE])
def test_what_fits_is_sent_as_it_is(count: int) -> None:
    blocks = [section(f"Row {n}") for n in range(count)]
    assert message("Rows.", blocks) == Message("Rows.", blocks)


@pytest.mark.parametrize("count", [BLOCKS_PER_MESSAGE + 1, 1_000])
def test_too_many_blocks_are_cut_with_a_note(count: int) -> None:
    made = message("Rows.", [header("Top", 150), *(section(f"Row {n}.") for n in range(count)), context("Hint")])
    check(made)
    assert len(made.blocks) == BLOCKS_PER_MESSAGE
    assert made.blocks[0]["type"] == "header"
    assert words(made.blocks[-1]) == "Hint"
    assert f"{count + 2 - (BLOCKS_PER_MESSAGE - 1)} more are not shown." in words(made.blocks[-2])


def test_too_large_blocks_are_cut_with_a_note() -> None:
    made = message("Rows.", [section("界" * 3_000) for _ in range(5)])
    check(made)
    assert "more are not shown." in words(made.blocks)


def test_a_row_is_left_out_whole_and_counts_as_one() -> None:
    rows = [(section(f"Row {n}."), context(f"Part of {n}.")) for n in range(40)]
    made = message("Rows.", [section("Top."), *rows, context("Hint")])
    check(made)
    shown = words(made.blocks)
    assert "Row 22. Part of 22. 17 more are not shown. Hint" in shown
    assert "Row 23." not in shown


def test_particulars_and_buttons_that_are_left_out_are_counted_one_by_one() -> None:
    facts = [(f"Label {n}", "x" * 700) for n in range(25)]
    made = message("Facts.", [section("Top."), *fields(facts)])
    check(made)
    shown = sum(len(block.get("fields", ())) for block in made.blocks)
    assert 0 < shown < 25
    assert f"{25 - shown} more are not shown." in words(made.blocks)


def test_what_has_a_fallback_is_whole_or_gives_way_to_it() -> None:
    classic = [section("Said in classic blocks.")]
    small, large = (message("Rows.", [section("x" * 2_000)] * count, fallback=classic) for count in (1, 9))
    assert (len(small.blocks), small.fallback) == (1, classic)
    assert large == Message("Rows.", classic)


def test_a_signature_is_read_out_too_and_stands_under_both() -> None:
    made = signed(message("Ended.", [section("Ended.")], fallback=[section("Over.")]), ("By ", Person("U1"), "."))
    check(made)
    assert made.text == "Ended. By <@U1>."
    assert words(made.blocks) == "Ended. By <@U1>."
    assert words(made.fallback) == "Over. By <@U1>."


def test_actions_stay_longest() -> None:
    row = {"type": "actions", "elements": [{"type": "button", "action_id": "x", "text": header("x", 9)["text"]}]}
    made = message("Rows.", [*(section(f"Row {n}") for n in range(60)), row])
    assert made.blocks[-1] == row


@pytest.mark.parametrize(
    "blocks",
    [[{"type": "section"}], fields(("Label", "界" * 2_000) for _ in range(SECTION_FIELDS)), [{"type": "unknown"}] * 60],
)
def test_a_text_alone_goes_where_blocks_are_impossible(blocks: list[Block]) -> None:
    made = message("What happened.", blocks)
    check(made)
    assert words(made.blocks) == "What happened."


@pytest.mark.parametrize("text", ["", "x" * MESSAGE_TEXT, "x" * (MESSAGE_TEXT + 1), "&amp;" * MESSAGE_TEXT])
def test_the_fallback_text_is_there_and_fits(text: str) -> None:
    made = message(text, [section("x")])
    check(made)
    assert 1 <= length(made.text) <= MESSAGE_TEXT


@pytest.mark.parametrize(("count", "sections"), [(0, 0), (1, 1), (SECTION_FIELDS, 1), (SECTION_FIELDS + 1, 2)])
def test_fields_in_as_many_sections_as_they_need(count: int, sections: int) -> None:
    drawn = fields((f"Label {n}", "&" * 5_000 if n % 2 else "") for n in range(count))
    assert len(drawn) == sections
    for block in drawn:
        check(message("Facts.", [block]))
