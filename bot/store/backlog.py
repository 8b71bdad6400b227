"""What an operator watches of the database: what is not in Slack yet, and what video servers have told."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, func, not_, select

from bot.store.cards import is_dirty, is_untold
from bot.store.engine import Store
from bot.store.inbox import PARKED_AFTER
from bot.store.leases import now
from bot.store.pace import UPDATES
from bot.store.tables import card, inbox, pace, thing
from providers.facts import Source, ThingKind


@dataclass(frozen=True, slots=True)
class Backlog:
    """`untold_since` is of the oldest change that is kept back by nobody, None where there is none; what a digest page
    shows is told. `last_webhooks` and `live_rooms` are by provider. `busy_channels` are shown on digest pages.
    `updates_from` is when Slack takes updates again, None where it did not ask to wait.
    """

    untold_since: datetime | None
    cards_behind: int
    last_webhooks: Mapping[str, datetime]
    live_rooms: Mapping[str, int]
    busy_channels: int = 0
    updates_from: datetime | None = None


class Backlogs:
    """Reads one after the other. Of the inbox, which is long, only what is new since the last time."""

    def __init__(self, store: Store, *, team_id: str) -> None:
        self._store = store
        self._team_id = team_id
        self._last_webhooks: dict[str, datetime] = {}
        self._newest = 0

    async def read(self) -> Backlog:
        dirty = and_(is_dirty(), is_untold())
        since = func.min(func.coalesce(card.c.untold_since, card.c.dirty_at))
        cards = select(since, func.count()).select_from(card).where(dirty)
        unfolded = select(func.min(inbox.c.received_at)).where(
            inbox.c.folded_at.is_(None), inbox.c.attempts < PARKED_AFTER
        )
        live = select(thing.c.provider, func.count()).where(thing.c.kind == ThingKind.ROOM, not_(thing.c.terminal))
        ours = pace.c.team_id == self._team_id
        busy = select(func.count()).where(ours, pace.c.digest_since.is_not(None))
        paused = select(func.max(pace.c.paused_until)).where(ours, pace.c.key == UPDATES, pace.c.paused_until > now())
        newest = select(func.coalesce(func.max(inbox.c.id), self._newest))
        async with self._store.reading() as conn:
            untold_since, cards_behind = (await conn.execute(cards)).one()
            waiting_since = (await conn.execute(unfolded)).scalar_one()
            live_rooms = {row[0]: row[1] for row in await conn.execute(live.group_by(thing.c.provider))}
            busy_channels = (await conn.execute(busy)).scalar_one()
            updates_from = (await conn.execute(paused)).scalar_one()
            until = (await conn.execute(newest)).scalar_one()
            told = select(inbox.c.provider, func.max(inbox.c.received_at)).where(
                inbox.c.source == Source.WEBHOOK, inbox.c.id > self._newest, inbox.c.id <= until
            )
            self._last_webhooks |= {row[0]: row[1] for row in await conn.execute(told.group_by(inbox.c.provider))}
        self._newest = until
        oldest = min((at for at in (untold_since, waiting_since) if at is not None), default=None)
        return Backlog(oldest, cards_behind, dict(self._last_webhooks), live_rooms, busy_channels, updates_from)
