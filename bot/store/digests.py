"""Digest pages: what many cards of a channel are shown on while too much happens there for a message each.

A page is a thing without facts, with a card of its own. A card that is shown on one, its member, has the page's number
as `digest_id` and stays on that page. A member without a message of its own is delivered by the page; one that failed,
or has news that a line does not tell, gets its message when it is calm again. After the storm a member leaves when its
own message shows all; who changes no more stays as a line.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import (
    ColumnElement,
    Select,
    and_,
    bindparam,
    case,
    exists,
    func,
    literal_column,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.pace import MEMBERS
from bot.alerts.state import DigestState, ThingState, state_from_json
from bot.store import things
from bot.store.cards import Card, Cards, is_dirty
from bot.store.engine import Store
from bot.store.leases import is_free, now
from bot.store.owed import is_owed
from bot.store.pace import Paces, in_digest
from bot.store.tables import card, note, pace, thing
from bot.store.upsert import insert
from commands.core.ports import Place
from providers.facts import ThingKind


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A member as a page is to show it. `is_own`: it has a message of its own. `is_owed`: it is to get one."""

    card_id: int
    version: int
    state: ThingState
    is_own: bool
    is_owed: bool


class Digests:
    """Times are the database's, as the clocks of processes differ."""

    def __init__(self, store: Store, cards: Cards, paces: Paces, *, team_id: str) -> None:
        self._store = store
        self._cards = cards
        self._tempo = paces.tempo
        self._team_id = team_id

    async def gather(self, channel_id: str) -> None:
        """Every change there is shown on a page from here on: cards that have none get their place on one."""

        async def write(conn: AsyncConnection) -> None:
            opened = insert(conn, pace).values(team_id=self._team_id, key=channel_id, next_at=now(), digest_since=now())
            since = func.coalesce(pace.c.digest_since, opened.excluded.digest_since)
            opening = opened.on_conflict_do_update(index_elements=["team_id", "key"], set_={"digest_since": since})
            began = (await conn.execute(opening.returning(pace.c.digest_since))).scalar_one()
            waiting = select(card.c.id).join(thing).where(self._is_without_page(channel_id), is_free(card))
            new = list((await conn.execute(waiting.order_by(card.c.dirty_at, card.c.id))).scalars())
            page_id, room = await self._last_page(conn, channel_id, began)
            while new:
                taken, new = new[:room], new[room:]
                if taken:
                    await conn.execute(update(card).where(card.c.id.in_(taken)).values(digest_id=page_id))
                    await self._cards.bump(conn, page_id)
                if new:
                    page_id, room = await self._open(conn, channel_id), MEMBERS

        await self._store.write(write)

    async def _last_page(self, conn: AsyncConnection, channel_id: str, since: datetime) -> tuple[int, int]:
        """The newest page of this storm, and for how many more it has room."""
        members = select(func.count()).where(card.c.digest_id == thing.c.id).scalar_subquery()
        pages = select(thing.c.id, members).where(self._is_page_of(channel_id), thing.c.seen_at >= since)
        row = (await conn.execute(pages.order_by(thing.c.id.desc()).limit(1))).one_or_none()
        return (0, 0) if row is None else (row[0], max(MEMBERS - row[1], 0))

    async def _open(self, conn: AsyncConnection, channel_id: str) -> int:
        moment = (await conn.execute(select(now()))).scalar_one()
        state = DigestState(channel_id=channel_id, opened_at=moment)
        page = things.Snapshot(
            team_id=self._team_id,
            provider=state.provider,
            kind=ThingKind.DIGEST,
            server_id=uuid4().hex,
            name=state.name,
            status=state.shown_status,
            terminal=False,
            seen_at=moment,
            state=state.model_dump_json(),
            channel_id=channel_id,
            is_private=True,
        )
        page_id = await things.save(conn, page)
        await self._cards.want(conn, page_id, Place(self._team_id, channel_id))
        return page_id

    async def calm_in(self, channel_id: str) -> timedelta | None:
        """How long until few enough of its things will have changed lately, if no more do; None while a page is not up
        to date, or something has no page yet."""
        pages = select(thing.c.id).where(self._is_page_of(channel_id))
        latest = (
            select(card.c.changed_at)
            .where(card.c.digest_id.in_(pages), card.c.changed_at.is_not(None))
            .order_by(card.c.changed_at.desc())
            .offset(self._tempo.calm_changes)
            .limit(1)
        )
        query = select(now(), latest.scalar_subquery(), self._is_behind(channel_id))
        async with self._store.reading() as conn:
            moment, changed_at, is_behind = (await conn.execute(query)).one()
        if is_behind:
            return None
        return timedelta() if changed_at is None else max(changed_at + self._tempo.calm - moment, timedelta())

    async def end(self, channel_id: str) -> bool:
        """It is calm: own messages catch up. False where something has happened meanwhile."""
        calm = and_(pace.c.team_id == self._team_id, pace.c.key == channel_id, not_(self._is_behind(channel_id)))

        async def write(conn: AsyncConnection) -> bool:
            if (await conn.execute(update(pace).where(calm).values(digest_since=None))).rowcount == 0:
                return False
            await self._tell_of_calm(conn, channel_id)
            await self._settle(conn, channel_id)
            return True

        return await self._store.write(write)

    async def _tell_of_calm(self, conn: AsyncConnection, channel_id: str) -> None:
        """Each page says so, which is its last change but for what changes later."""
        moment = (await conn.execute(select(now()))).scalar_one()
        pages = select(thing.c.id, thing.c.state).where(self._is_page_of(channel_id))
        calmed = []
        for page_id, body in (await conn.execute(pages)).all():
            state = state_from_json(body)
            if isinstance(state, DigestState) and state.calmed_at is None:
                said = state.model_copy(update={"calmed_at": moment}).model_dump_json()
                await conn.execute(update(thing).where(thing.c.id == page_id).values(state=said))
                calmed.append(page_id)
        if calmed:
            await self._cards.bump(conn, *calmed)

    def _is_behind(self, channel_id: str) -> ColumnElement[bool]:
        pages = select(card.c.id).join(thing).where(self._is_page_of(channel_id), is_dirty())
        return or_(exists(pages), exists(select(card.c.id).join(thing).where(self._is_without_page(channel_id))))

    async def members(self, page_id: int) -> Sequence[Shown]:
        """What a page shows, as it is, in the order of its things."""
        query: Select[Any] = (
            select(card.c.id, card.c.wanted, card.c.ts, thing.c.state, is_owed().label("is_owed"))
            .join(thing)
            .where(card.c.digest_id == page_id, card.c.blocked.is_(None))
            .order_by(card.c.thing_id)
        )
        async with self._store.reading() as conn:
            return [_shown(row) for row in await conn.execute(query)]

    async def showing(self, page: Card, members: Sequence[Shown]) -> None:
        """The page shows them. While the storm lasts, this delivers those that have no message of their own and need
        none, and takes the place of what their threads would say."""
        if not members:
            return
        here = and_(card.c.id == bindparam("card"), card.c.digest_id == page.thing_id)
        version = bindparam("version", type_=card.c.wanted.type)
        served = case((card.c.delivered > version, card.c.delivered), else_=version)
        delivered = update(card).where(here, card.c.ts.is_(None), in_digest(card)).values(delivered=served)
        told = update(card).where(here, card.c.wanted == version).values(untold_since=null())
        lines = [each for each in members if not each.is_own and not each.is_owed]

        async def write(conn: AsyncConnection) -> None:
            if lines:
                await conn.execute(delivered, [{"card": each.card_id, "version": each.version} for each in lines])
            await conn.execute(told, [{"card": each.card_id, "version": each.version} for each in members])
            await self._drop_notes(conn, page, [each.card_id for each in lines], [each.card_id for each in members])

        await self._store.write(write)

    async def _drop_notes(
        self, conn: AsyncConnection, page: Card, lines: Sequence[int], members: Sequence[int]
    ) -> None:
        """History of a storm is not told after it, nor the end of what has no thread to tell it in."""
        told = or_(note.c.card_id.in_(lines), and_(note.c.card_id.in_(members), not_(note.c.broadcast)))
        channel = select(card.c.id).where(card.c.id == page.id, in_digest(card))
        if (await conn.execute(channel)).first() is not None:
            await conn.execute(update(note).where(note.c.ts.is_(None), is_free(note), told).values(ts=""))

    async def leave(self, member: Card) -> None:
        """Its own message shows all, so it needs no line any more."""
        mine = and_(card.c.id == member.id, card.c.digest_id == member.digest_id, card.c.ts.is_not(None))
        up_to_date = and_(card.c.wanted <= card.c.delivered, not_(in_digest(card)))

        async def write(conn: AsyncConnection) -> None:
            left = update(card).where(mine, up_to_date).values(digest_id=None)
            if member.digest_id is not None and (await conn.execute(left)).rowcount == 1:
                await self._cards.bump(conn, member.digest_id)
                await self._settle(conn, member.channel_id)

        await self._store.write(write)

    async def dissolve(self, page: Card, blocked: str | None = None) -> Sequence[int]:
        """The page cannot be shown any more. Its members go elsewhere, or are `blocked` with it; returns their ids."""
        members = update(card).where(card.c.digest_id == page.thing_id).values(digest_id=None)
        if blocked is not None:
            members = members.values(blocked=blocked)

        async def write(conn: AsyncConnection) -> Sequence[int]:
            found = list((await conn.execute(members.returning(card.c.id))).scalars())
            over = {"terminal": True, "seen_at": now()}
            await conn.execute(update(thing).where(thing.c.id == page.thing_id).values(over))
            return found

        return await self._store.write(write)

    async def give_up(self, page: Card) -> None:
        """It cannot be shown, and nor could another page with the same on it. So its members keep their place on it and
        get messages of their own, storm or not. Its card is to be blocked."""
        over = update(thing).where(thing.c.id == page.thing_id).values(terminal=True, seen_at=now())
        await self._store.write(lambda conn: conn.execute(over))

    async def _settle(self, conn: AsyncConnection, channel_id: str) -> None:
        """A page is over when all that it shows is, and it is calm."""
        member, of_member = card.alias("member"), thing.alias("of_member")
        live = exists().where(
            member.c.digest_id == thing.c.id, of_member.c.id == member.c.thing_id, not_(of_member.c.terminal)
        )
        over = and_(self._is_page_of(channel_id), not_(live.correlate(thing)), not_(in_digest(thing)))
        await conn.execute(update(thing).where(over).values(terminal=True, seen_at=now()))

    def _is_page_of(self, channel_id: str) -> ColumnElement[bool]:
        here = and_(thing.c.team_id == self._team_id, thing.c.channel_id == channel_id)
        return and_(here, thing.c.kind == _DIGEST, not_(thing.c.terminal))

    def _is_without_page(self, channel_id: str) -> ColumnElement[bool]:
        here = and_(card.c.team_id == self._team_id, card.c.channel_id == channel_id)
        return and_(is_dirty(), here, card.c.digest_id.is_(None), thing.c.kind != ThingKind.DIGEST)


_DIGEST: ColumnElement[str] = literal_column(f"'{ThingKind.DIGEST}'")
"""Spelled out: SQLite knows an index over the pages alone to fit only where the query says so itself."""


def _shown(row: Any) -> Shown:
    state, is_own = state_from_json(row.state), row.ts is not None
    return Shown(card_id=row.id, version=row.wanted, state=state, is_own=is_own, is_owed=row.is_owed)
