"""Facts come in here, from commands and webhooks alike: stored first, then folded, each exactly once.

What is stored is the facts, not the delivery they came in, so that no secret of a server's is kept. Whatever a crash
leaves unfolded is folded at the next start.
"""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import groupby

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.record import Record
from bot.store.arrivals import TROUBLE
from bot.store.engine import Store
from bot.store.errors import StoreError
from bot.store.inbox import Guard, Inbox, InboxRow, Incoming
from commands.core.ports import Place
from providers.facts import Fact, facts_from_json, facts_to_json

log = structlog.get_logger(__name__)

AT_ONCE = 100
"""Deliveries that are folded in one transaction."""

IN_A_ROW = 10
"""After so many, those who wait to get in go first."""

PUT_OFF_SECONDS = 2.0
"""How long at most a fold is put off while deliveries rush in: their senders wait for answers."""

RETRY_SECONDS = 1.0


class Intake:
    """`commands.core.ports.FactSink`, and the way in for webhooks. `changed` is called when cards may be behind."""

    def __init__(self, store: Store, inbox: Inbox, record: Record, changed: Callable[[], None]) -> None:
        self._store = store
        self._inbox = inbox
        self._record = record
        self._changed = changed
        self._folding = asyncio.Lock()
        self._waiting = asyncio.Event()
        self._stopping = False

    async def report(
        self, fact: Fact, *, team_id: str, made_by: str | None, card_in: Place | None, is_private: bool = False
    ) -> None:
        """It is folded before this returns, ahead of whatever else waits: somebody looks for what they did."""
        await self.accept([fact], team_id=team_id, user_id=made_by, card_in=card_in, is_private=is_private)
        with _trouble_said():
            await self._fold_rows(await self._inbox.unfolded(AT_ONCE, keys=[fact.key]))

    async def accept(
        self,
        facts: Sequence[Fact],
        *,
        team_id: str,
        user_id: str | None = None,
        card_in: Place | None = None,
        is_private: bool = False,
        guard: Guard | None = None,
    ) -> None:
        """Store what is new; durable when this returns. It is folded soon after. See `Inbox.accept`."""
        deliveries = [list(group) for _, group in groupby(facts, key=lambda fact: (fact.provider, fact.key))]
        await self._inbox.accept(
            [
                Incoming(
                    team_id=team_id,
                    provider=found[0].provider,
                    event_key=found[0].key,
                    kind=found[0].type,
                    source=found[0].source,
                    body=facts_to_json(found),
                    channel_id=card_in.channel_id if card_in else None,
                    thread_ts=card_in.thread_ts if card_in else None,
                    user_id=user_id,
                    is_private=is_private,
                )
                for found in deliveries
            ],
            guard=guard,
        )
        self._waiting.set()

    async def run(self) -> None:
        """Fold what comes in until `stop`; what failed is tried again after a pause."""
        while True:
            pause = None if await self.fold_waiting() else RETRY_SECONDS
            if self._stopping:
                return
            try:
                async with asyncio.timeout(pause):
                    await self._waiting.wait()
            except TimeoutError:
                continue

    def wake(self) -> None:
        """Something may wait to be folded."""
        self._waiting.set()

    def stop(self) -> None:
        """Let `run` return between two reads of the database."""
        self._stopping = True
        self._waiting.set()

    async def fold_waiting(self) -> bool:
        """Fold all that waits, the oldest first. False where something failed and still waits."""
        async with self._folding:
            self._waiting.clear()
            with _trouble_said():
                return await self._fold_all()
            return False

    async def _fold_all(self) -> bool:
        is_well = True
        while is_well:
            await self._inbox.rest(PUT_OFF_SECONDS)
            if not (rows := await self._inbox.unfolded(AT_ONCE)):
                break
            is_well = await self._fold_rows(rows)
        return is_well

    async def _fold_rows(self, rows: Sequence[InboxRow]) -> bool:
        """All in one transaction; each in its own where that fails, so that the bad one harms no other."""
        try:
            await self._fold(rows)
        except TROUBLE:
            raise
        except Exception:
            return all([await self._fold_row(row) for row in rows])
        return True

    async def _fold_row(self, row: InboxRow) -> bool:
        try:
            await self._fold([row])
        except TROUBLE:
            raise  # it must not park what is well
        except Exception as error:
            log.exception("a delivery was not folded", inbox_id=row.id, provider=row.provider, kind=row.kind)
            if await self._inbox.record_failure(row.id, type(error).__name__):
                log.error("a delivery is left alone after too many failures", inbox_id=row.id)
            return False
        return True

    async def _fold(self, rows: Sequence[InboxRow]) -> None:
        if await self._store.write(partial(self._write, rows)):
            self._changed()

    async def _write(self, rows: Sequence[InboxRow], conn: AsyncConnection) -> bool:
        """One transaction: the things' states, their cards and notes, and the mark that it is done. It ends early where
        somebody waits to get in.

        Whether it changed anything: a repeat of what is known does not, and what somebody else has folded.
        """
        folding = self._record.open(conn)
        for first in range(0, len(rows), IN_A_ROW):
            if first and self._inbox.is_due:
                break
            some = rows[first : first + IN_A_ROW]
            ours = await self._inbox.mark_folded(conn, *(row.id for row in some))
            await folding.keep([(row, fact) for row in some if row.id in ours for fact in facts_from_json(row.body)])
        return await folding.finish()


@contextmanager
def _trouble_said() -> Iterator[None]:
    """What came in is safe meanwhile, and is folded later."""
    try:
        yield
    except (StoreError, SQLAlchemyError):
        log.exception("the database cannot be used; what came in waits")
