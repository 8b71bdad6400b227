"""Commands that wait for a press. They may hold secrets, so they are kept sealed."""

import json
from collections.abc import Mapping
from secrets import token_urlsafe

import structlog
from pydantic import SecretStr, ValidationError
from sqlalchemy import ColumnElement, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.secrets import SecretBox, WrongKey
from bot.store.engine import Store
from bot.store.tables import pending_action as table
from commands.core.attempts import DOUBLE_CLICK, Pending, Press
from commands.core.ports import Clock
from commands.core.registry import Commands

_log = structlog.get_logger(__name__)


class StoredPendingActions:
    """`commands.core.attempts.PendingActions`. `commands` gives the class of each path."""

    def __init__(self, store: Store, clock: Clock, box: SecretBox, commands: Commands) -> None:
        self._store = store
        self._clock = clock
        self._box = box
        self._commands = commands

    async def put(self, pending: Pending) -> str:
        row = {
            "token": token_urlsafe(18),
            "team_id": pending.team_id,
            "user_id": pending.user_id,
            "payload": self._box.seal(_payload(pending)),
            "created_at": self._clock.now(),
            "expires_at": pending.expires_at,
        }

        async def write(conn: AsyncConnection) -> None:
            await conn.execute(insert(table).values(row))

        await self._store.write(write)
        return str(row["token"])

    async def peek(self, token: str) -> Pending | None:
        """None for an unknown, used or expired one, and for one that this version or key cannot read."""
        return await self._read(*self._usable(token))

    async def expired(self, token: str) -> Pending | None:
        return await self._read(
            table.c.token == token, table.c.used_at.is_(None), table.c.expires_at <= self._clock.now()
        )

    async def _read(self, *which: ColumnElement[bool]) -> Pending | None:
        query = select(table).where(*which)
        async with self._store.reading() as conn:
            row = (await conn.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        try:
            payload = json.loads(self._box.open(row["payload"]))
            command = self._commands[tuple(payload["path"])].model_validate(payload["fields"])
        except (WrongKey, KeyError, ValidationError) as error:
            _log.warning("a pending action cannot be read", reason=type(error).__name__, created_at=row["created_at"])
            return None
        return Pending(command, row["team_id"], row["user_id"], payload["confirmed"], row["expires_at"])

    async def was_taken_by(self, token: str, press: Press) -> bool:
        is_near = table.c.used_at > press.at - DOUBLE_CLICK
        query = select(table.c.token).where(table.c.token == token, table.c.press == press.key, is_near)
        async with self._store.reading() as conn:
            return (await conn.execute(query)).first() is not None

    async def take(self, token: str, press: Press | None = None) -> bool:
        used = {"used_at": self._clock.now(), "press": press and press.key, "payload": b""}
        statement = update(table).where(*self._usable(token)).values(used)

        async def write(conn: AsyncConnection) -> bool:
            return (await conn.execute(statement)).rowcount == 1

        return await self._store.write(write)

    def _usable(self, token: str) -> tuple[ColumnElement[bool], ...]:
        return table.c.token == token, table.c.used_at.is_(None), table.c.expires_at > self._clock.now()


def _payload(pending: Pending) -> str:
    command = pending.command
    fields = _reveal(command.model_dump(), command.model_dump(mode="json"))
    return json.dumps({"path": command.spec.path, "fields": fields, "confirmed": pending.confirmed})


def _reveal(value: object, dumped: object) -> object:
    """`dumped`, where pydantic has masked every secret, with the secrets of `value` in their places."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, Mapping) and isinstance(dumped, dict):
        return {key: _reveal(value.get(key), entry) for key, entry in dumped.items()}
    if isinstance(value, list | tuple) and isinstance(dumped, list):
        return [_reveal(*pair) for pair in zip(value, dumped, strict=True)]
    return dumped
