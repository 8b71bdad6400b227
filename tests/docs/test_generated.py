"""The pages that are made from the code are of this code."""

import re
from pathlib import Path

import pytest

from docs.generate.pages import PAGES

DOCS = Path(__file__).parents[2] / "docs"


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_not_stale(name: str) -> None:
    assert (DOCS / name).read_text(encoding="utf-8") == PAGES[name](), "run `make docs`"


def test_the_picture_needs_nothing_from_outside() -> None:
    """A page that shows it asks no other site for fonts or scripts."""
    drawn = (DOCS / "tour.svg").read_text(encoding="utf-8")

    assert "room&#160;create&#160;standup" in drawn
    assert set(re.findall(r"https?://[^\s\"')]+", drawn)) <= {"http://www.w3.org/2000/svg", "https://www.textualize.io"}
    assert "<script" not in drawn


@pytest.mark.parametrize("page", sorted([*DOCS.glob("*.md"), *DOCS.parent.glob("*.md")]), ids=lambda page: page.name)
def test_a_link_to_a_file_leads_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))

    assert [target for target in targets if not (page.parent / target).exists()] == []
