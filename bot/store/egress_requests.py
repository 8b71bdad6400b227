"""What people asked for when they started a recording or a stream: sealed, as it holds the keys of where that goes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any, Self

import structlog
from pydantic import BaseModel, ConfigDict, Field, SecretStr, ValidationError
from sqlalchemy import ColumnElement, RowMapping, Select, and_, select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.secrets import SecretBox, WrongKey
from bot.store.engine import Store
from bot.store.tables import egress_request, thing
from bot.store.upsert import insert
from bot.store.visibility import FEEDS
from commands.core.egress_requests import EgressRequest
from commands.core.ports import Clock
from providers.base import EgressOptions, RoomRef

_log = structlog.get_logger(__name__)


class _Kept(BaseModel):
    """What is sealed of a request. The URLs stand apart from the options, as no dump of those shows them."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    options: EgressOptions
    urls: tuple[str, ...] = Field(repr=False)
    stop_after: timedelta | None = None
    is_paused: bool = False

    @classmethod
    def of(cls, request: EgressRequest) -> Self:
        urls = tuple(url.get_secret_value() for url in request.options.urls)
        bare = replace(request.options, urls=())
        return cls(options=bare, urls=urls, stop_after=request.stop_after, is_paused=request.is_paused)

    @property
    def whole_options(self) -> EgressOptions:
        return replace(self.options, urls=tuple(map(SecretStr, self.urls)))


class StoredEgressRequests:
    """`commands.core.egress_requests.EgressRequests`."""

    def __init__(self, store: Store, clock: Clock, box: SecretBox) -> None:
        self._store = store
        self._clock = clock
        self._box = box

    async def keep(self, team_id: str, request: EgressRequest) -> None:
        await self._store.write(lambda conn: self._write(conn, team_id, request))

    async def change(
        self, team_id: str, provider: str, id: str, change: Callable[[EgressRequest], EgressRequest | None]
    ) -> EgressRequest | None:
        query = _rows(team_id, provider, egress_request.c.egress_id == id)

        async def write(conn: AsyncConnection) -> EgressRequest | None:
            row = (await conn.execute(query.with_for_update())).mappings().one_or_none()
            kept = self._read(row) if row is not None else None
            changed = change(kept) if kept is not None else None
            if changed is not None:
                await self._write(conn, team_id, changed)
            return changed

        return await self._store.write(write)

    async def _write(self, conn: AsyncConnection, team_id: str, request: EgressRequest) -> None:
        key = {"team_id": team_id, "provider": request.provider, "egress_id": request.id}
        room = request.room
        values = {
            "room_id": room.id if room is not None else None,
            "room_name": room.name if room is not None else None,
            "options": self._box.seal(_Kept.of(request).model_dump_json()),
            "said_by": request.by,
            "first_id": request.first or request.id,
            "part": request.part,
            "kept_at": self._clock.now(),
        }
        statement = insert(conn, egress_request).values(key | values)
        await conn.execute(statement.on_conflict_do_update(index_elements=list(key), set_=values))

    async def get(self, team_id: str, provider: str, id: str) -> EgressRequest | None:
        found = await self._where(team_id, provider, egress_request.c.egress_id == id)
        return found[0] if found else None

    async def parts(self, team_id: str, provider: str, first: str) -> Sequence[EgressRequest]:
        return await self._where(team_id, provider, egress_request.c.first_id == first)

    async def _where(self, team_id: str, provider: str, which: ColumnElement[bool]) -> list[EgressRequest]:
        """What cannot be read is not there."""
        async with self._store.reading() as conn:
            rows = (await conn.execute(_rows(team_id, provider, which))).mappings().all()
        return [request for row in rows if (request := self._read(row)) is not None]

    def _read(self, row: RowMapping) -> EgressRequest | None:
        try:
            kept = _Kept.model_validate_json(self._box.open(row["options"]))
        except (WrongKey, ValidationError) as error:
            # Without the error's words, which may quote what it could not read: there are keys in it.
            _log.warning(
                "what was asked of an egress cannot be read", egress=row["egress_id"], why=type(error).__name__
            )
            return None
        provider, name = row["provider"], row["room_name"]
        return EgressRequest(
            provider=provider,
            id=row["egress_id"],
            room=RoomRef(provider, row["room_id"] or "", name) if name is not None else None,
            options=kept.whole_options,
            by=row["said_by"],
            first=row["first_id"],
            part=row["part"],
            stop_after=kept.stop_after,
            is_paused=kept.is_paused,
        )


def _rows(team_id: str, provider: str, which: ColumnElement[bool]) -> Select[Any]:
    c = egress_request.c
    return select(egress_request).where(c.team_id == team_id, c.provider == provider, which).order_by(c.part, c.kept_at)


def its_things() -> ColumnElement[bool]:
    """Of a row of `thing`: it is the recording or the stream that came of a row of `egress_request`."""
    return and_(
        thing.c.team_id == egress_request.c.team_id,
        thing.c.provider == egress_request.c.provider,
        thing.c.kind.in_(FEEDS),
        thing.c.server_id == egress_request.c.egress_id,
    )
