"""Channels that get another id, or are deleted: what is kept of one follows, or goes.

Slack gives a private channel another id in the moment in which somebody begins to share it with another organisation:
https://docs.slack.dev/reference/events/channel_id_changed
"""

from collections.abc import Iterator
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, PrimaryKeyConstraint, UniqueConstraint, and_, delete, exists, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.store.engine import Store
from bot.store.tables import (
    attempt,
    card,
    closure,
    inbox,
    keep_out,
    mute,
    pace,
    reserved_name,
    role_grant,
    setting,
    subscription,
    thing,
)

HELD_IN: Final[tuple[Column[Any], ...]] = (
    inbox.c.channel_id,
    thing.c.channel_id,
    card.c.channel_id,
    subscription.c.channel_id,
    mute.c.channel_id,
    attempt.c.channel_id,
    setting.c.channel_id,
    keep_out.c.private_to,
    closure.c.channel_id,
    reserved_name.c.channel_id,
    pace.c.key,
    role_grant.c.subject,
)
"""Every column with the id of a channel in it. What is sealed is for one press or one form, and over soon."""

_SAID_OF: Final = (subscription.c.channel_id, mute.c.channel_id, setting.c.channel_id, role_grant.c.subject)
"""What people have said of a channel, which nobody can take back once it is gone."""

GONE: Final = "channel_not_found"
"""Slack's code for a channel that was deleted, as what blocks its cards."""


class StoredChannels:
    """For the channels of one team."""

    def __init__(self, store: Store, *, team_id: str) -> None:
        self._store = store
        self._team_id = team_id

    async def rename(self, old: str, new: str) -> None:
        """The channel `old` is called `new` from this moment on. What is kept under both is that of `new`."""

        async def write(conn: AsyncConnection) -> None:
            for column in HELD_IN:
                rows = and_(column.table.c.team_id == self._team_id, column == old)
                for twin in _twins(column, new):
                    await conn.execute(delete(column.table).where(rows, twin))
                await conn.execute(update(column.table).where(rows).values({column.name: new}))

        await self._store.write(write)

    async def forget(self, channel_id: str) -> None:
        """The channel was deleted: nobody subscribes there, and nothing is shown there any more."""

        async def write(conn: AsyncConnection) -> None:
            for column in _SAID_OF:
                await conn.execute(
                    delete(column.table).where(column.table.c.team_id == self._team_id, column == channel_id)
                )
            here = and_(card.c.team_id == self._team_id, card.c.channel_id == channel_id)
            await conn.execute(update(card).where(here).values(blocked=GONE))

        await self._store.write(write)


def _twins(column: Column[Any], new: str) -> Iterator[ColumnElement[bool]]:
    """For each key that the column is part of: whether there is a row with all the rest of it, and the new id."""
    table = column.table
    for key in table.constraints:
        if isinstance(key, PrimaryKeyConstraint | UniqueConstraint) and column.name in key.columns:
            other = table.alias("other")
            rest = [other.c[each.name] == table.c[each.name] for each in key.columns if each.name != column.name]
            yield exists().where(*rest, other.c[column.name] == new)
