"""What is kept, and how long: a rule for every table that grows by itself.

Cards and notes go with the thing that they are of. Work that is not done stays, however old it is, where it can be.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Table,
    and_,
    delete,
    exists,
    literal,
    not_,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.state import (
    LOST,
    Deed,
    IngressState,
    Outgoing,
    RecordingState,
    StreamState,
    ThingState,
    state_from_json,
)
from bot.store.egress_requests import its_things
from bot.store.engine import Store
from bot.store.reservations import is_kept
from bot.store.settings import StoredSettings
from bot.store.tables import (
    UtcTime,
    attempt,
    card,
    closure,
    draft,
    egress_request,
    inbox,
    mute,
    note,
    pending_action,
    reserved_name,
    role_grant,
    thing,
    timer,
)
from bot.store.visibility import FEEDS
from commands.core.identity import FORGOTTEN
from commands.core.ports import Clock, everywhere
from commands.core.settings import Key, kept_for
from providers.base import Ingress, IngressStatus, Recording, Stream
from providers.facts import Source, ThingKind

BATCH = 1_000
"""Rows of a transaction, so that no other write waits long."""

PAGES = 1_000
"""Of a SQLite file that one transaction gives back to the system."""

NO_FACTS: Final = b"[]"


@dataclass(frozen=True, slots=True)
class Rule:
    """Rows of `table` are over that were `is_over` before a time; how long before, `kept` says or the setting of it.

    They are deleted, or given the values `instead`, which may be told from the row.
    """

    name: str
    table: Table
    is_over: Callable[[ColumnElement[Any]], ColumnElement[bool]]
    kept: Key | timedelta
    instead: Mapping[str, object] | Callable[[RowMapping], Mapping[str, object]] | None = None


def _has_news() -> ColumnElement[bool]:
    """A note is still to be posted because of this row, and tells what its body says."""
    return exists().where(note.c.inbox_id == inbox.c.id, note.c.ts.is_(None))


def _is_not_the_last_webhook() -> ColumnElement[bool]:
    """That of each server stays: it says that webhooks come at all, and when the last one did."""
    newer = inbox.alias("newer")
    same = and_(newer.c.provider == inbox.c.provider, newer.c.source == Source.WEBHOOK, newer.c.id > inbox.c.id)
    return or_(inbox.c.source != Source.WEBHOOK, exists().where(newer.c.team_id == inbox.c.team_id, same))


def _has_ended(before: ColumnElement[Any]) -> ColumnElement[bool]:
    return and_(thing.c.terminal.is_(True), thing.c.seen_at <= before, _is_shown_whole())


def _is_shown_whole() -> ColumnElement[bool]:
    """No card of it waits to be brought to its end, and no note under one to be posted. What is blocked waits for
    somebody who may never come."""
    has_note = exists().where(note.c.card_id == card.c.id, note.c.ts.is_(None)).correlate(card)
    waits = or_(card.c.wanted > card.c.delivered, has_note)
    return not_(exists().where(card.c.thing_id == thing.c.id, card.c.blocked.is_(None), waits))


def _is_needed_to_hide() -> ColumnElement[bool]:
    """A server may list a recording for years, or an ingress until somebody deletes it. Without our row, nobody knew
    that it was made in private."""
    is_listed = and_(thing.c.kind == ThingKind.INGRESS, thing.c.status.not_in((IngressStatus.DELETED, LOST)))
    return and_(or_(thing.c.kind.in_(FEEDS), is_listed), thing.c.is_private)


def _may_be_done_again(before: ColumnElement[Any]) -> ColumnElement[bool]:
    """What came of it goes on, or has not been over for long: it can be tried again, and go on after a pause."""
    return exists().where(its_things(), or_(thing.c.terminal.is_(False), thing.c.seen_at > before))


def _may_be_planned_again() -> ColumnElement[bool]:
    """Of a live thing: whoever plans its next stop goes on from the revision of the last."""
    is_its = and_(
        thing.c.provider == timer.c.provider, thing.c.kind == timer.c.kind, thing.c.server_id == timer.c.server_id
    )
    return exists().where(is_its, not_(thing.c.terminal))


_BARE: Final = '{"is_bare":true,'
"""How the state of something begins of which nothing is kept but what hides it."""


def _bare(row: RowMapping) -> Mapping[str, object]:
    known = state_from_json(row["state"])
    bare = _bare_ingress(known) if isinstance(known, IngressState) else _bare_outgoing(known)
    return {"state": _BARE + bare.model_dump_json().removeprefix("{"), "made_by": None}


def _bare_ingress(known: IngressState) -> IngressState:
    ingress = Ingress(known.ingress.ref, known.room, known.status)
    return IngressState(ingress=ingress, seen_at=known.seen_at, observed_at=known.observed_at, lost_at=known.lost_at)


def _bare_outgoing(known: ThingState) -> Outgoing:
    assert isinstance(known, Outgoing), "no other kind is needed to hide anything"
    if isinstance(known, RecordingState):
        recording = Recording(known.recording.ref, known.room, known.status)
        bare: Outgoing = RecordingState(recording=recording, seen_at=known.seen_at)
    else:
        bare = StreamState(stream=Stream(known.stream.ref, known.room, known.status), seen_at=known.seen_at)
    is_over = {"observed_at": known.observed_at, "lost_at": known.lost_at, "dismissal": known.dismissal}
    if known.dismissal is not None:
        is_over["dismissal"] = Deed(by=FORGOTTEN, at=known.dismissal.at)
    return bare.model_copy(update=is_over)


RULES: Final = (
    Rule(
        "bodies",
        inbox,
        lambda before: and_(inbox.c.folded_at <= before, inbox.c.has_body.is_(True), not_(_has_news())),
        "keep.bodies",
        instead={"body": NO_FACTS, "has_body": False},
    ),
    Rule(
        "events",
        inbox,
        lambda before: and_(
            inbox.c.received_at <= before,
            inbox.c.folded_at.is_not(None),
            not_(_has_news()),
            _is_not_the_last_webhook(),
        ),
        "keep.events",
    ),
    Rule(
        "things",
        thing,
        lambda before: and_(_has_ended(before), not_(_is_needed_to_hide())),
        "keep.things",
    ),
    Rule(
        "private feeds",
        thing,
        lambda before: and_(
            _has_ended(before), _is_needed_to_hide(), not_(thing.c.state.startswith(_BARE, autoescape=True))
        ),
        "keep.things",
        instead=_bare,
    ),
    Rule(
        "commands",
        attempt,
        lambda before: and_(attempt.c.opened_at <= before, attempt.c.answered_at.is_not(None)),
        "keep.commands",
    ),
    Rule("grants", role_grant, lambda before: role_grant.c.until <= before, "keep.grants"),
    Rule("closures", closure, lambda before: closure.c.told_at <= before, "keep.closures"),
    Rule("pending actions", pending_action, lambda before: pending_action.c.expires_at <= before, timedelta(days=1)),
    Rule("drafts", draft, lambda before: draft.c.expires_at <= before, timedelta()),
    Rule("mutes", mute, lambda before: mute.c.until <= before, timedelta()),
    Rule(
        "timers", timer, lambda before: and_(timer.c.ended_at <= before, not_(_may_be_planned_again())), "keep.things"
    ),
    Rule(
        "egress requests",
        egress_request,
        lambda before: and_(egress_request.c.kept_at <= before, not_(_may_be_done_again(before))),
        "keep.things",
    ),
    Rule("reserved names", reserved_name, lambda before: not_(is_kept(before)), timedelta()),
)
"""What expires by itself has no setting. Others see to keep-outs, the bouncer, and to replicas that are gone."""


class Retention:
    """For the rows of one team. Several processes may prune at once: each row goes once."""

    def __init__(self, store: Store, settings: StoredSettings, clock: Clock, *, team_id: str) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._team_id = team_id

    async def prune(self, rule: Rule) -> int:
        """At most `BATCH` rows, in a transaction of their own. Returns how many; 0 when no more are over."""
        before = literal(self._clock.now() - await self.kept(rule), UtcTime)
        over = and_(rule.table.c.team_id == self._team_id, rule.is_over(before))
        key = list(rule.table.primary_key.columns)
        async with self._store.reading() as conn:  # as nearly always nothing is over, and writing has its turns
            found = [tuple(row) for row in await conn.execute(select(*key).where(over).limit(BATCH))]
        if not found:
            return 0
        these = and_(tuple_(*key).in_(found), over)

        async def write(conn: AsyncConnection) -> int:
            if callable(rule.instead):
                return await _change_each(conn, rule.table, these, rule.instead)
            gone = delete(rule.table) if rule.instead is None else update(rule.table).values(rule.instead)
            return (await conn.execute(gone.where(these))).rowcount

        return await self._store.write(write)

    async def kept(self, rule: Rule) -> timedelta:
        """How long, by the workspace's setting where it has one."""
        if isinstance(rule.kept, timedelta):
            return rule.kept
        return kept_for(rule.kept, await self._settings.get(everywhere(self._team_id), rule.kept))

    async def give_back(self) -> bool:
        """Hand free pages of a SQLite file back to the system; PostgreSQL sees to its own. True while there are more.

        https://www.sqlite.org/pragma.html#pragma_incremental_vacuum
        """
        if self._store.is_shared:
            return False

        async def write(conn: AsyncConnection) -> bool:
            connection = (await conn.get_raw_connection()).driver_connection
            assert connection is not None, "it is open"
            # A script, as anything else stops after the first page. It ends the transaction, which holds nothing yet.
            await connection.executescript(f"PRAGMA incremental_vacuum({PAGES})")
            return bool((await conn.exec_driver_sql("PRAGMA freelist_count")).scalar_one())

        return await self._store.write(write)


async def _change_each(
    conn: AsyncConnection,
    table: Table,
    these: ColumnElement[bool],
    instead: Callable[[RowMapping], Mapping[str, object]],
) -> int:
    rows = (await conn.execute(select(table).where(these))).mappings().all()
    for row in rows:
        await conn.execute(update(table).where(table.c.id == row["id"]).values(instead(row)))
    return len(rows)
