"""Who tried to do what, written down before it is done."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from pydantic import SecretStr
from sqlalchemy import RowMapping, Select, Update, and_, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.secrets import SecretBox, WrongKey
from bot.store.engine import Store
from bot.store.replicas import present
from bot.store.tables import attempt as table
from bot.store.upsert import insert
from commands.core.attempts import DOUBLE_CLICK, Attempt, Outcome, Press, Repeated
from commands.core.ports import Caller, Clock, Place

_log = structlog.get_logger(__name__)

ABOUT_LENGTH = 300
"""Characters that are kept of what an attempt was about: PostgreSQL refuses an index entry of more than 2,704 bytes."""


@dataclass(frozen=True, slots=True)
class Unanswered:
    """One whose asker does not know how it ended. `outcome` is None where nobody knows.

    Its `caller.name` is not kept, so it is empty.
    """

    id: int
    opened_at: datetime
    attempt: Attempt
    outcome: Outcome | None


class StoredAttempts:
    """`commands.core.attempts.Attempts`, and what the asker was not told when a process died.

    `replica` is the id of this process, in whose name it writes them down.
    """

    def __init__(self, store: Store, clock: Clock, box: SecretBox, *, replica: str) -> None:
        self._store = store
        self._clock = clock
        self._box = box
        self._replica = replica

    async def open(self, attempt: Attempt) -> int:
        row = {
            "team_id": attempt.caller.team_id,
            "user_id": attempt.caller.user_id,
            "channel_id": attempt.place.channel_id,
            "thread_ts": attempt.place.thread_ts,
            "is_direct": attempt.place.is_direct,
            "door": attempt.door,
            "path": " ".join(attempt.path),
            "words": attempt.words,
            "provider": attempt.provider,
            "about": attempt.about and attempt.about[:ABOUT_LENGTH],
            "request_id": attempt.request_id,
            "response_url": self._sealed(attempt.response_url),
            "under": attempt.under,
            "delivery": attempt.delivery,
            "replica": self._replica,
            "press": attempt.press and attempt.press.key,
            "pressed_at": attempt.press and attempt.press.at,
            "opened_at": self._clock.now(),
        }

        async def write(conn: AsyncConnection) -> int:
            if attempt.press is not None and (await conn.execute(_twins(attempt.press))).first() is not None:
                raise Repeated
            statement = insert(conn, table).values(row).on_conflict_do_nothing().returning(table.c.id)
            attempt_id = (await conn.execute(statement)).scalar_one_or_none()
            if attempt_id is None:
                raise Repeated
            return int(attempt_id)

        return await self._store.write(write)

    async def close(
        self,
        attempt_id: int,
        outcome: Outcome,
        *,
        detail: str = "",
        reference: str = "",
        also_about: str | None = None,
    ) -> None:
        """The first outcome stays."""
        await self._update(
            update(table)
            .where(table.c.id == attempt_id, table.c.closed_at.is_(None))
            .values(
                outcome=outcome.value,
                detail=detail or None,
                reference=reference or None,
                also_about=also_about and also_about[:ABOUT_LENGTH],
                closed_at=self._clock.now(),
            )
        )

    async def answered(self, attempt_id: int) -> None:
        """The response_url is forgotten."""
        await self._update(
            update(table).where(table.c.id == attempt_id).values(answered_at=self._clock.now(), response_url=None)
        )

    async def _update(self, statement: Update) -> None:
        async def write(conn: AsyncConnection) -> None:
            await conn.execute(statement)

        await self._store.write(write)

    async def take_over(self) -> list[Unanswered]:
        """What processes that are gone did not see to its end, the oldest first. From here on it is this one's."""
        is_left = and_(
            table.c.answered_at.is_(None),
            table.c.replica.is_distinct_from(self._replica),
            or_(table.c.replica.is_(None), table.c.replica.not_in(present())),
        )
        async with self._store.reading() as conn:  # as nearly always nothing is left, and writing has its turns
            if (await conn.execute(select(table.c.id).where(is_left).limit(1))).first() is None:
                return []
        left = update(table).where(is_left).values(replica=self._replica).returning(table)

        async def write(conn: AsyncConnection) -> list[RowMapping]:
            rows = (await conn.execute(left)).mappings().all()
            return sorted(rows, key=lambda row: int(row["id"]))

        return [self._from_row(row) for row in await self._store.write(write)]

    def _from_row(self, row: RowMapping) -> Unanswered:
        attempt = Attempt(
            caller=Caller(row["team_id"], row["user_id"]),
            place=Place(row["team_id"], row["channel_id"], row["thread_ts"], row["is_direct"]),
            path=tuple(row["path"].split()),
            words=row["words"],
            provider=row["provider"],
            door=row["door"],
            response_url=self._response_url(row),
            under=row["under"],
            delivery=row["delivery"],
            about=row["about"],
            request_id=row["request_id"],
        )
        outcome = None if row["outcome"] is None else Outcome(row["outcome"])
        return Unanswered(row["id"], row["opened_at"], attempt, outcome)

    def _sealed(self, url: SecretStr | None) -> bytes | None:
        return None if url is None else self._box.seal(url.get_secret_value())

    def _response_url(self, row: RowMapping) -> SecretStr | None:
        if row["response_url"] is None:
            return None
        try:
            return SecretStr(self._box.open(row["response_url"]))
        except WrongKey:
            _log.warning("the response_url of an attempt cannot be opened: its key is gone", attempt_id=row["id"])
            return None


async def keep_closed(
    conn: AsyncConnection,
    attempt: Attempt,
    outcome: Outcome,
    detail: str,
    *,
    opened_at: datetime,
    closed_at: datetime,
) -> None:
    """One that was carried out without its asker, in the transaction that says so. The first of a `delivery` stays."""
    row = {
        "team_id": attempt.caller.team_id,
        "user_id": attempt.caller.user_id,
        "channel_id": attempt.place.channel_id,
        "is_direct": attempt.place.is_direct,
        "door": attempt.door,
        "path": " ".join(attempt.path),
        "words": attempt.words,
        "provider": attempt.provider,
        "about": attempt.about and attempt.about[:ABOUT_LENGTH],
        "delivery": attempt.delivery,
        "outcome": outcome.value,
        "detail": detail or None,
        "opened_at": opened_at,
        "closed_at": closed_at,
        "answered_at": closed_at,
    }
    await conn.execute(insert(conn, table).values(row).on_conflict_do_nothing())


def _twins(press: Press) -> Select[tuple[int]]:
    """The first of two clicks, whichever process took it."""
    is_near = table.c.pressed_at.between(press.at - DOUBLE_CLICK, press.at + DOUBLE_CLICK)
    return select(table.c.id).where(table.c.press == press.key, is_near)
