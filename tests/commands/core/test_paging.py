"""Long lists, a page at a time."""

import pytest

from commands.core.paging import PAGE, PagedCommand
from tests.commands.workspace import button, labels


class Listing(PagedCommand):
    """A command that answers with a list."""


def listing(page: int) -> Listing:
    return Listing(provider="memory", page=page)


@pytest.mark.parametrize(
    ("count", "page", "shown", "turns"),
    [
        (0, 1, range(0), []),
        (1, 1, range(1), []),
        (PAGE, 1, range(PAGE), []),
        (PAGE + 1, 1, range(PAGE), ["Next"]),
        (PAGE + 1, 2, range(PAGE, PAGE + 1), ["Previous"]),
        (3 * PAGE, 2, range(PAGE, 2 * PAGE), ["Previous", "Next"]),
        (3 * PAGE, 3, range(2 * PAGE, 3 * PAGE), ["Previous"]),
    ],
)
def test_pages(count: int, page: int, shown: range, turns: list[str]) -> None:
    assert list(listing(page).on_page(range(count))) == list(shown)
    assert labels(listing(page).turns(count)) == turns


def test_a_page_beyond_the_end_is_the_last_one() -> None:
    assert list(listing(9).on_page(range(PAGE + 2))) == [PAGE, PAGE + 1]
    assert button(listing(9).turns(PAGE + 2), "Previous") == listing(1)
    assert list(listing(9).on_page([])) == []
    assert listing(9).turns(0) == ()


def test_where_one_is() -> None:
    assert [listing(page).where(3 * PAGE) for page in (1, 3, 9)] == ["Page 1 of 3.", "Page 3 of 3.", "Page 3 of 3."]
    assert listing(1).where(PAGE) == ""


def test_turning_changes_the_page_only() -> None:
    assert button(listing(2).turns(3 * PAGE), "Next") == listing(3)
    assert button(listing(2).turns(3 * PAGE), "Previous") == listing(1)
