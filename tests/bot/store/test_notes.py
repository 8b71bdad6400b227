from dataclasses import replace

import pytest
from sqlalchemy import select

from bot.store.cards import DELETED, Card, Cards
from bot.store.engine import Store
from bot.store.inbox import Inbox, Incoming
from bot.store.notes import DueNote, Notes
from bot.store.tables import note as table
from commands.core.alerts import Severity
from commands.core.ports import Place
from providers.facts import Source
from tests.bot.store.claims import claim_card, claim_note
from tests.bot.store.conftest import StillClock
from tests.bot.store.snapshots import save, snapshot


@pytest.fixture
def notes(store: Store) -> Notes:
    return Notes(store)


@pytest.fixture
def cards(store: Store, clock: StillClock) -> Cards:
    return Cards(store, clock)


async def _card_and_fact(store: Store, cards: Cards, clock: StillClock) -> tuple[Card, int]:
    inbox = Inbox(store, clock)
    incoming = Incoming(team_id="T1", provider="livekit", event_key="a", kind="x", source=Source.WEBHOOK, body=b"[1]")
    await inbox.accept([incoming])
    [row] = await inbox.unfolded(1)
    thing_id = await save(store, snapshot())
    await store.write(lambda conn: cards.want(conn, thing_id, Place("T1", "C1")))
    found = await claim_card(store, cards)
    assert found is not None
    return found[0], row.id


async def _add(store: Store, notes: Notes, card_id: int, inbox_id: int, kind: str = "failed") -> bool:
    return await store.write(
        lambda conn: notes.add(
            conn,
            team_id="T1",
            card_id=card_id,
            inbox_id=inbox_id,
            kind=kind,
            broadcast=kind == "failed",
            severity=Severity.WARNING,
        )
    )


async def test_a_note_waits_for_its_card_and_is_told_once(
    store: Store, notes: Notes, cards: Cards, clock: StillClock
) -> None:
    card, inbox_id = await _card_and_fact(store, cards, clock)
    assert await _add(store, notes, card.id, inbox_id)
    assert not await _add(store, notes, card.id, inbox_id)
    assert await _add(store, notes, card.id, inbox_id, "history")
    assert await claim_note(store, notes) is None

    await cards.delivered(card, "1.1", "h")
    found = await claim_note(store, notes)

    assert found is not None
    due, thing = found
    assert thing.server_id == snapshot().server_id
    assert due == DueNote(
        id=due.id,
        channel_id="C1",
        thread_ts="1.1",
        kind="failed",
        broadcast=True,
        facts=b"[1]",
        post_key=due.post_key,
        claim=due.claim,
    )
    await notes.done(due, "1.2")
    assert await claim_note(store, notes, ["C1"]) is None
    found = await claim_note(store, notes)
    assert found is not None
    second = found[0]
    assert not second.broadcast
    await notes.done(second, "1.3")
    assert await claim_note(store, notes) is None


async def test_the_key_of_a_note_stays(store: Store, notes: Notes, cards: Cards, clock: StillClock) -> None:
    card, inbox_id = await _card_and_fact(store, cards, clock)
    await _add(store, notes, card.id, inbox_id)
    await cards.delivered(card, "1.1", "h")
    keys = []
    for _ in range(2):
        found = await claim_note(store, notes)
        assert found is not None
        async with store.reading() as conn:
            keys.append((await conn.execute(select(table.c.post_key))).scalar_one())
        await notes.release(found[0])

    assert keys[0] == keys[1] != ""


async def test_a_blocked_card_gets_no_notes(store: Store, notes: Notes, cards: Cards, clock: StillClock) -> None:
    card, inbox_id = await _card_and_fact(store, cards, clock)
    await _add(store, notes, card.id, inbox_id)
    await cards.delivered(card, "1.1", "h")
    await cards.block(replace(card, claim=None), DELETED)

    assert await claim_note(store, notes) is None
