"""Long lists, a page at a time: the command of the next page is the same one with another `page`."""

from collections.abc import Sequence
from typing import Annotated, ClassVar, TypeVar

from pydantic import Field

from commands.core.base import Internal, ServerCommand
from commands.core.reply import Action, Button
from commands.core.types import Count

T = TypeVar("T")

PAGE = 10


class PagedCommand(ServerCommand):
    """A command that answers with a list. A page beyond the end is the last one, as lists grow shorter meanwhile."""

    per_page: ClassVar[int] = PAGE

    page: Annotated[Count, Internal()] = Field(1, description="Which page of the list")

    def on_page(self, items: Sequence[T]) -> Sequence[T]:
        start = (self._shown(len(items)) - 1) * self.per_page
        return items[start : start + self.per_page]

    def turns(self, count: int) -> tuple[Button, ...]:
        """The buttons to the pages before and after, where there are any, for a list of `count` items."""
        page = self._shown(count)
        around = {"Previous": page - 1, "Next": page + 1}
        return tuple(
            Action(label, self.model_copy(update={"page": number}))
            for label, number in around.items()
            if 1 <= number <= self._last(count)
        )

    def where(self, count: int) -> str:
        """`Page 2 of 3.`, for the hint; empty where there is only one."""
        last = self._last(count)
        return f"Page {self._shown(count)} of {last}." if last > 1 else ""

    def _shown(self, count: int) -> int:
        return min(self.page, self._last(count))

    def _last(self, count: int) -> int:
        return max(1, -(-count // self.per_page))
