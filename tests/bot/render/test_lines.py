"""Many lines as few blocks."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.render.limits import SECTION_TEXT, length, serialized_size
from bot.render.lines import in_equal_parts, sections
from commands.core.reply import Code, Moment, Strong
from tests.bot.render.foreign import NASTY, is_inert, texts
from tests.bot.render.things import BEGAN

LINES = [f"line {n}" for n in range(40)]


def test_many_lines_are_one_section() -> None:
    drawn, left = sections(LINES, 9_000)
    assert [block["text"]["text"] for block in drawn] == ["\n".join(LINES)]
    assert left == 0


def test_no_lines_are_no_section() -> None:
    assert sections([], 9_000) == ([], 0)


def test_a_section_is_never_longer_than_slack_takes() -> None:
    drawn, left = sections(["x" * 700] * 12, 9_000)
    assert [block["text"]["text"].count("\n") + 1 for block in drawn] == [4, 4, 4]
    assert left == 0
    assert all(length(block["text"]["text"]) <= SECTION_TEXT for block in drawn)


def test_what_has_no_room_is_counted() -> None:
    drawn, left = sections(LINES, 500)
    shown = drawn[0]["text"]["text"].splitlines()
    assert shown == LINES[: len(shown)]
    assert 0 < len(shown) == len(LINES) - left


@given(st.lists(st.tuples(texts, texts), min_size=1, max_size=50))
def test_all_of_fifty_have_room_whatever_they_say(names: list[tuple[str, str]]) -> None:
    lines = in_equal_parts(
        [("🟢 Live · ", Strong(a), " ", Code(b), Moment(BEGAN)) for a, b in names], 9_000, longest=400
    )
    drawn, left = sections(lines, 9_000)
    assert left == 0
    assert serialized_size(drawn) <= 9_000
    assert all(is_inert(line) and serialized_size(line) <= 400 for line in lines)


@pytest.mark.parametrize("name", [*NASTY, "界" * 400, "🎬" * 400])
def test_a_line_is_cut_at_its_end(name: str) -> None:
    (line,) = in_equal_parts([("🟢 Live · ", Strong(name))], 9_000, longest=200)
    assert line.startswith("🟢 Live · ")
    assert serialized_size(line) <= 200
    assert "…" in line or length(name) < 200
