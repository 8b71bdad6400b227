"""What we believe to be on a video server: what its own lists are compared with."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import ColumnElement, select

from bot.alerts.state import LOST, ThingState, state_from_json
from bot.store.engine import Store
from bot.store.tables import thing
from providers.facts import ThingKind

_IDS_AT_ONCE = 500
"""In one query: https://www.sqlite.org/limits.html#max_variable_number is 32,766, and in older versions 999."""

_STATES_AT_ONCE = 10
"""Read in one go. A full room takes a millisecond, and others get their turns in between."""


@dataclass(frozen=True, slots=True)
class Belief:
    """`version` is that of the thing as it was read: another one means that something was heard of it since."""

    version: int
    state: ThingState


class Beliefs:
    """Things of one provider and kind, by the server's id."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def present(self, provider: str, kind: ThingKind) -> Mapping[str, Belief]:
        """What is there to our knowledge, and what was lost sight of, which may be there again."""
        live = await self._read(provider, kind, thing.c.terminal.is_(False))
        return live | await self._read(provider, kind, thing.c.status == LOST)

    async def of(self, provider: str, kind: ThingKind, ids: Collection[str]) -> Mapping[str, Belief]:
        """Those that are known, whatever has become of them."""
        found: dict[str, Belief] = {}
        rest = iter(ids)
        while some := list(islice(rest, _IDS_AT_ONCE)):
            found |= await self._read(provider, kind, thing.c.server_id.in_(some))
        return found

    async def _read(self, provider: str, kind: ThingKind, holds: ColumnElement[bool]) -> dict[str, Belief]:
        query = select(thing.c.server_id, thing.c.version, thing.c.state).where(
            thing.c.provider == provider, thing.c.kind == kind, holds
        )
        async with self._store.reading() as conn:
            rows = (await conn.execute(query)).all()
        believed: dict[str, Belief] = {}
        for number, (server_id, version, state) in enumerate(rows, 1):
            believed[server_id] = Belief(version, state_from_json(state))
            if number % _STATES_AT_ONCE == 0:
                await asyncio.sleep(0)
        return believed
