"""The record of attempts, searched a page at a time."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, RowMapping, literal_column, or_, select

from bot.store.attempts import ABOUT_LENGTH
from bot.store.engine import Store
from bot.store.tables import attempt as table
from commands.core.attempts import Outcome
from commands.core.audit import Entry, Search

_COLUMNS = (
    "id",
    "user_id",
    "channel_id",
    "is_direct",
    "door",
    "path",
    "words",
    "opened_at",
    "provider",
    "about",
    "also_about",
    "request_id",
    "closed_at",
    "outcome",
    "detail",
    "reference",
)
"""Without what only the asker may have, such as the sealed `response_url`."""


class StoredAudit:
    """`commands.core.audit.Audit`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def entries(
        self, team_id: str, search: Search, *, limit: int, before: int | None = None, after: int | None = None
    ) -> Sequence[Entry]:
        wanted = select(*(table.c[name] for name in _COLUMNS)).where(*_conditions(team_id, search)).limit(limit)
        if after is not None:
            wanted = wanted.where(table.c.id > after).order_by(table.c.id)
        else:
            wanted = wanted.order_by(table.c.id.desc())
        if before is not None:
            wanted = wanted.where(table.c.id < before)
        async with self._store.reading() as conn:
            found = [_entry(row) for row in (await conn.execute(wanted)).mappings()]
        return found if after is None else found[::-1]


def _conditions(team_id: str, search: Search) -> list[ColumnElement[bool]]:
    found = [table.c.team_id == team_id]
    if search.user_id is not None:
        found.append(table.c.user_id == search.user_id)
    if search.about is not None:
        about = search.about[:ABOUT_LENGTH]
        found.append(or_(table.c.about == about, table.c.also_about == about))
    if search.since is not None:
        found.append(table.c.opened_at >= search.since)
    if search.outcomes:
        # Spelled out and in order, as the partial index of what failed has it: no value of a parameter is known to it.
        found.append(table.c.outcome.in_([literal_column(f"'{outcome.value}'") for outcome in sorted(search.outcomes)]))
    return found


def _entry(row: RowMapping) -> Entry:
    known: dict[str, Any] = dict(row)
    known |= {name: known[name] or "" for name in ("detail", "reference")}
    if known["outcome"] is not None:
        known["outcome"] = Outcome(known["outcome"])
    return Entry(**known)
