"""Who tried to do what, written down before it is done."""

from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import RowMapping, Update, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.secrets import SecretBox, WrongKey
from bot.store.engine import Store
from bot.store.tables import attempt as table
from bot.store.upsert import insert
from commands.core.ports import Attempt, Caller, Clock, Outcome, Place, Repeated

_log = structlog.get_logger(__name__)


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
    """`commands.core.ports.Attempts`, and what the asker was not told when the process died."""

    def __init__(self, store: Store, clock: Clock, box: SecretBox) -> None:
        self._store = store
        self._clock = clock
        self._box = box

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
            "response_url": None if attempt.response_url is None else self._box.seal(attempt.response_url),
            "under": attempt.under,
            "delivery": attempt.delivery,
            "opened_at": self._clock.now(),
        }

        async def write(conn: AsyncConnection) -> int:
            statement = insert(conn, table).values(row).on_conflict_do_nothing().returning(table.c.id)
            attempt_id = (await conn.execute(statement)).scalar_one_or_none()
            if attempt_id is None:
                raise Repeated
            return int(attempt_id)

        return await self._store.write(write)

    async def close(self, attempt_id: int, outcome: Outcome, *, detail: str = "", reference: str = "") -> None:
        """The first outcome stays."""
        await self._update(
            update(table)
            .where(table.c.id == attempt_id, table.c.closed_at.is_(None))
            .values(
                outcome=outcome.value,
                detail=detail or None,
                reference=reference or None,
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

    async def unanswered(self) -> list[Unanswered]:
        """At start, before anything new is opened: what the last process did not see to its end, the oldest first."""
        async with self._store.reading() as conn:
            rows = await conn.execute(select(table).where(table.c.answered_at.is_(None)).order_by(table.c.id))
            return [self._from_row(row) for row in rows.mappings()]

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
        )
        outcome = None if row["outcome"] is None else Outcome(row["outcome"])
        return Unanswered(row["id"], row["opened_at"], attempt, outcome)

    def _response_url(self, row: RowMapping) -> str | None:
        if row["response_url"] is None:
            return None
        try:
            return self._box.open(row["response_url"])
        except WrongKey:
            _log.warning("the response_url of an attempt cannot be opened: its key is gone", attempt_id=row["id"])
            return None
