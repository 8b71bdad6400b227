"""Pages of a storm, on each kind of database."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import event, select, update
from sqlalchemy.engine import Engine

from bot.alerts.pace import MEMBERS, Tempo
from bot.alerts.state import LOST, RoomState, RoomStatus
from bot.store.cards import Card
from bot.store.engine import Store
from bot.store.inbox import Inbox, Incoming
from bot.store.outbox import Due, Look, Outbox
from bot.store.pace import POSTS, UPDATES
from bot.store.tables import card, pace, thing
from commands.core.alerts import Severity
from commands.core.ports import Place
from providers.base import RoomRef
from providers.facts import Source, ThingKind
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import SEEN_AT, save, snapshot

TEMPO = Tempo(post_burst=1_000, update_burst=1_000)


@pytest.fixture
def outbox(store: Store, clock: StillClock) -> Outbox:
    return Outbox.on(store, clock, TEMPO, team_id="T1")


async def rooms(store: Store, outbox: Outbox, numbers: Sequence[int], *, ended: bool = False) -> list[int]:
    """Each is wanted in C1."""
    found = []
    for number in numbers:
        status = RoomStatus.ENDED if ended else RoomStatus.LIVE
        state = RoomState(ref=RoomRef("livekit", f"RM_{number}", f"room-{number}"), status=status)
        kept = replace(snapshot(f"RM_{number}", terminal=ended), state=state.model_dump_json())
        thing_id = await save(store, kept)
        await store.write(partial(outbox.cards.want, thing_id=thing_id, place=Place("T1", "C1")))
        found.append(thing_id)
    return found


async def bump(store: Store, outbox: Outbox, thing_id: int) -> None:
    await store.write(lambda conn: outbox.cards.bump(conn, thing_id))


async def next_due(outbox: Outbox, lane: str = "C1") -> Due:
    due = await outbox.claim(lane, [])
    assert due is not None
    return due


async def deliver(outbox: Outbox, lane: str = "C1", ts: str = "1.1") -> Card:
    """As the deliverer does it, without Slack."""
    due = await next_due(outbox, lane)
    assert isinstance(due.what, Card)
    if due.thing.kind is ThingKind.DIGEST:
        await outbox.digests.showing(due.what, await outbox.digests.members(due.thing.id))
    assert await outbox.cards.delivered(due.what, due.what.ts or ts, "hash")
    if due.what.digest_id is not None:
        await outbox.digests.leave(due.what)
    await outbox.paces.give_back(due.turn)
    return due.what


async def look(outbox: Outbox) -> Look:
    return await outbox.look([])


async def on_pages(store: Store) -> dict[int, int]:
    """How many members each page has."""
    async with store.reading() as conn:
        found = (await conn.execute(select(card.c.digest_id).where(card.c.digest_id.is_not(None)))).scalars().all()
    return {page: found.count(page) for page in sorted({each for each in found if each is not None})}


async def storm(store: Store, outbox: Outbox, count: int = 12) -> list[int]:
    found = await rooms(store, outbox, range(count))
    await outbox.digests.gather("C1")
    return found


async def test_a_storm_is_seen_and_gathered_on_pages_of_so_many(store: Store, clock: StillClock) -> None:
    outbox = Outbox.on(store, clock, Tempo(), team_id="T1")
    await rooms(store, outbox, range(MEMBERS + 3))
    assert (await look(outbox)).storms == ["C1"]
    await outbox.digests.gather("C1")
    seen = await look(outbox)
    assert (seen.storms, seen.busy, seen.ready) == ([], ["C1"], ["C1"])
    assert list((await on_pages(store)).values()) == [MEMBERS, 3]

    await rooms(store, outbox, [900, 901])
    assert (await look(outbox)).storms == ["C1"], "what is new there finds its place too"
    await outbox.digests.gather("C1")
    assert list((await on_pages(store)).values()) == [MEMBERS, 5]


async def test_while_it_lasts_pages_alone_are_delivered_and_they_deliver_their_members(
    store: Store, outbox: Outbox
) -> None:
    await storm(store, outbox)
    page = await deliver(outbox)
    assert await on_pages(store) == {page.thing_id: 12}
    assert (await look(outbox)).ready == []
    async with store.reading() as conn:
        behind = select(card.c.id).where(card.c.wanted > card.c.delivered)
        assert (await conn.execute(behind)).all() == []


async def test_a_change_of_a_member_raises_its_page(store: Store, outbox: Outbox) -> None:
    first, *_ = await storm(store, outbox)
    page = await deliver(outbox)
    await bump(store, outbox, first)
    assert (await look(outbox)).ready == [UPDATES]
    assert (await deliver(outbox, UPDATES)).id == page.id
    assert (await look(outbox)).ready == []


async def test_what_came_while_the_page_was_drawn_is_not_taken_for_shown(store: Store, outbox: Outbox) -> None:
    first, *_ = await storm(store, outbox)
    due = await next_due(outbox)
    assert isinstance(due.what, Card)
    members = await outbox.digests.members(due.thing.id)
    await bump(store, outbox, first)
    await outbox.digests.showing(due.what, members)
    await outbox.cards.delivered(due.what, "1.1", "hash")
    await outbox.paces.give_back(due.turn)
    assert (await look(outbox)).ready == [UPDATES]
    async with store.reading() as conn:
        untold = select(card.c.thing_id).where(card.c.untold_since.is_not(None), card.c.digest_id.is_not(None))
        assert list((await conn.execute(untold)).scalars()) == [first]


async def test_it_is_calm_when_few_have_changed_lately_and_the_pages_show_all(store: Store, outbox: Outbox) -> None:
    first, *_ = await storm(store, outbox)
    assert await outbox.digests.calm_in("C1") is None, "the page is not there yet"
    await deliver(outbox)
    calm_in = await outbox.digests.calm_in("C1")
    assert calm_in is not None
    assert TEMPO.calm / 2 < calm_in <= TEMPO.calm
    async with store.reading() as conn:
        (changed_at, *_) = (await conn.execute(select(card.c.changed_at))).scalars()
    assert changed_at is not None
    earlier = update(card).values(changed_at=changed_at - TEMPO.calm)
    await store.write(lambda conn: conn.execute(earlier))
    await bump(store, outbox, first)
    assert not await outbox.digests.end("C1")
    await deliver(outbox, UPDATES)
    assert await outbox.digests.calm_in("C1") == timedelta()
    assert await outbox.digests.end("C1")
    assert (await look(outbox)).busy == []


async def test_processes_whose_clocks_differ_fill_the_same_pages_and_agree_when_it_is_calm(
    store: Store, clock: StillClock
) -> None:
    behind = StillClock()
    behind.advance(timedelta(seconds=-5))
    one, other = (Outbox.on(store, each, TEMPO, team_id="T1") for each in (clock, behind))
    await storm(store, one, MEMBERS)
    for number in (100, 101):
        await rooms(store, other, [number])
        await other.digests.gather("C1")
    assert list((await on_pages(store)).values()) == [MEMBERS, 2]
    for _ in range(2):
        await deliver(one)
    calm_in = await other.digests.calm_in("C1")
    assert calm_in is not None
    assert calm_in > TEMPO.calm / 2


async def test_no_query_of_delivery_walks_what_is_shown_already(file_store: Store, clock: StillClock) -> None:
    """SQLite says how it would go about each."""
    outbox, asked = Outbox.on(file_store, clock, TEMPO, team_id="T1"), list[tuple[str, Any]]()

    def keep(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_: object) -> None:
        asked.append((statement, parameters))

    event.listen(Engine, "before_cursor_execute", keep)
    try:
        await outbox.look([])
        await storm(file_store, outbox)
        await deliver(outbox)
        await outbox.digests.calm_in("C1")
        await outbox.digests.end("C1")
    finally:
        event.remove(Engine, "before_cursor_execute", keep)
    plans = set[str]()
    async with file_store.reading() as conn:
        for statement, parameters in asked:
            if statement.startswith(("SELECT", "UPDATE", "WITH")):
                plan = await conn.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
                plans |= {row.detail for row in plan}
    assert any("INDEX ix_card_dirty" in step for step in plans)
    assert any("INDEX ix_thing_page" in step for step in plans)
    whole = [step for step in plans if step.startswith(("SCAN card", "SCAN thing", "SCAN note", "SCAN pace"))]
    assert all("ix_card_dirty" in step or "ix_note_due" in step for step in whole), whole


async def test_after_it_a_member_that_changes_gets_a_message_and_leaves(store: Store, outbox: Outbox) -> None:
    first, *_ = await storm(store, outbox)
    page = await deliver(outbox)
    await outbox.digests.end("C1")
    assert (await deliver(outbox, UPDATES)).id == page.id, "it says that it is calm"
    assert (await look(outbox)).ready == []
    await bump(store, outbox, first)
    assert sorted((await look(outbox)).ready) == ["C1", UPDATES]
    assert (await deliver(outbox, ts="2.2")).thing_id == first
    assert await on_pages(store) == {page.thing_id: 11}
    assert (await deliver(outbox, UPDATES)).id == page.id
    assert (await look(outbox)).ready == []


async def test_messages_from_before_are_changed_last_of_all(store: Store, outbox: Outbox, clock: StillClock) -> None:
    (old,) = await rooms(store, outbox, [100])
    await deliver(outbox, ts="0.1")
    await bump(store, outbox, old)
    await storm(store, outbox)
    page = await deliver(outbox)
    await outbox.digests.end("C1")
    assert (await deliver(outbox, UPDATES)).id == page.id, "it says that it is calm"
    clock.advance(timedelta(seconds=1))
    (other,) = await rooms(store, outbox, [101])
    await deliver(outbox, ts="3.3")
    await bump(store, outbox, other)
    assert (await deliver(outbox, UPDATES)).thing_id == other
    assert (await deliver(outbox, UPDATES)).thing_id == old


async def test_a_page_is_over_when_all_that_it_shows_is(store: Store, outbox: Outbox) -> None:
    await rooms(store, outbox, range(12), ended=True)
    await outbox.digests.gather("C1")
    page = await deliver(outbox)
    await outbox.digests.end("C1")
    async with store.reading() as conn:
        over = select(thing.c.terminal, thing.c.seen_at > SEEN_AT).where(thing.c.id == page.thing_id)
        assert tuple((await conn.execute(over)).one()) == (True, True)


@pytest.mark.parametrize(
    ("severity", "kind", "broadcast", "is_owed"),
    [
        (Severity.WARNING, "aborted", True, True),
        (Severity.CRITICAL, "failed", True, True),
        (Severity.INFO, "ready", True, False),
        (Severity.WARNING, "kept_out", False, False),
        (Severity.WARNING, LOST, True, False),
    ],
)
async def test_what_went_wrong_is_owed_a_message_over_or_not(
    store: Store, outbox: Outbox, clock: StillClock, severity: Severity, kind: str, broadcast: bool, is_owed: bool
) -> None:
    inbox = Inbox(store, clock)
    heard = Incoming(team_id="T1", provider="livekit", event_key="a", kind="x", source=Source.WEBHOOK, body=b"[]")
    await inbox.accept([heard])
    [row] = await inbox.unfolded(1)
    await rooms(store, outbox, [1], ended=True)
    await outbox.digests.gather("C1")
    async with store.reading() as conn:
        page, member = (
            await conn.execute(select(card.c.digest_id, card.c.id).where(card.c.digest_id.is_not(None)))
        ).one()
    about = {"team_id": "T1", "card_id": member, "inbox_id": row.id}
    said = partial(outbox.notes.add, **about, kind=kind, broadcast=broadcast, severity=severity)
    await store.write(said)
    [shown] = await outbox.digests.members(page)
    assert shown.is_owed is is_owed


async def test_the_members_of_a_page_that_is_gone_find_another(store: Store, outbox: Outbox) -> None:
    first, *_ = await storm(store, outbox)
    page = await deliver(outbox)
    assert len(await outbox.digests.dissolve(page)) == 12
    assert await on_pages(store) == {}
    await bump(store, outbox, first)
    await outbox.digests.gather("C1")
    (again,) = await on_pages(store)
    assert again != page.thing_id


async def test_a_lane_that_is_paused_says_for_how_long(store: Store, outbox: Outbox) -> None:
    await rooms(store, outbox, [1])
    await outbox.paces.pause(POSTS, 60)
    seen = await look(outbox)
    assert seen.ready == []
    assert seen.seconds is not None
    assert 50 < seen.seconds <= 60
    await store.write(lambda conn: conn.execute(update(pace).values(paused_until=None)))
    assert (await look(outbox)).ready == ["C1"]
