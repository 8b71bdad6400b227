"""The record of who tried to do what, as it is looked at. Writing it down is for `ports.Attempts`."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from commands.core.attempts import Outcome

FAILED: Final = frozenset([Outcome.REFUSED, Outcome.FAILED, Outcome.UNKNOWN])
"""What did not do what was asked for. A question that waits for its answer is none of them."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One attempt as it stands in the record. `outcome` and `closed_at` are None while it is under way.

    `words` are as `ports.Attempt` has them, `about` and `also_about` the rooms or recordings that were meant, and
    `request_id` finds the lines of the log.
    """

    id: int
    user_id: str
    channel_id: str
    is_direct: bool
    door: str
    path: str
    words: str
    opened_at: datetime
    provider: str | None = None
    about: str | None = None
    also_about: str | None = None
    request_id: str | None = None
    closed_at: datetime | None = None
    outcome: Outcome | None = None
    detail: str = ""
    reference: str = ""

    @property
    def why(self) -> str:
        """`detail` for people: without the kind of error that stands in front."""
        return re.sub(r"\A[A-Z][A-Za-z]+: ", "", self.detail)

    @property
    def took(self) -> timedelta | None:
        return None if self.closed_at is None else self.closed_at - self.opened_at


@dataclass(frozen=True, slots=True)
class Search:
    """Which attempts are looked for: all, less what each field that is set leaves out. `about`: a room or recording."""

    user_id: str | None = None
    about: str | None = None
    since: datetime | None = None
    outcomes: frozenset[Outcome] = frozenset()


class Audit(Protocol):
    async def entries(
        self, team_id: str, search: Search, *, limit: int, before: int | None = None, after: int | None = None
    ) -> Sequence[Entry]:
        """At most `limit`, the newest first: of those older than the entry `before`, or the next newer than `after`."""
