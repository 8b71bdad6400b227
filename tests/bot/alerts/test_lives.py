"""Whole lives of a server, told in any order, twice or not at all: in the end one believes what is true."""

import asyncio
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.fold import Going, fold, note_going
from bot.alerts.record import Record
from bot.alerts.state import RoomState, ThingState, state_from_json
from bot.clock import SystemClock
from bot.store.inbox import InboxRow, Incoming
from bot.store.tables import card, note, thing
from bot.store.things import Key
from commands.core.alerts import AlertKind, Severity
from providers.facts import Fact, RoomSeen, RoomStarted, ThingKind, facts_from_json, facts_to_json
from tests.bot.alerts.facts import lost
from tests.bot.alerts.house import TEAM, House, open_house
from tests.bot.alerts.lives import LATEST, Server, live

Known = dict[Key, ThingState]
seeds = st.integers(0, 2**32)


def tell(known: Known, facts: Sequence[Fact]) -> Known:
    """What `Folding` does to states, without a database. Nothing that has ended revives."""
    for fact in facts:
        key = (fact.provider, fact.thing, fact.thing_id)
        before = known.get(key)
        after = fold(before, fact)
        if after is None:
            continue
        assert not (before and before.is_final) or after.is_final
        known[key] = after
        if isinstance(after, Going):
            for room_id in {after.room.id, before.room.id if isinstance(before, Going) else after.room.id}:
                room = known.get((fact.provider, ThingKind.ROOM, room_id))
                noted = note_going(room if isinstance(room, RoomState) else None, fact.thing_id, after)
                if noted is not None:
                    known[fact.provider, ThingKind.ROOM, room_id] = noted
    return known


def shuffled(server: Server, chance: Random, *, dropped: float = 0) -> list[Fact]:
    """The deliveries in another order, some twice, some not at all. Plans are told of what is known, and are ours."""
    beginnings = [fact for fact in server.told if isinstance(fact, RoomStarted)]
    others = [fact for fact in server.told if fact not in beginnings and chance.random() >= dropped]
    others += chance.sample(others, len(others) // 5) + server.revisions
    chance.shuffle(beginnings)
    chance.shuffle(others)
    return beginnings + others


def losses(known: Known, server: Server) -> list[Fact]:
    """What the server does not list any more, and of whose end nobody has heard."""
    there = server.live.keys() | server.things.keys()
    gone = [key for key, state in known.items() if not state.is_over and key[2] not in there]
    return [lost(LATEST + 1, kind, id) for _, kind, id in gone]


@settings(max_examples=60)
@given(seeds, seeds, seeds)
def test_order_and_repetition_make_no_difference(seed: int, one: int, other: int) -> None:
    server = live(seed)
    assert tell({}, shuffled(server, Random(one))) == tell({}, shuffled(server, Random(other)))


@settings(max_examples=60)
@given(seeds, seeds, st.sampled_from([0, 0.3, 0.9]))
def test_after_the_server_was_asked_twice_all_is_true(seed: int, order: int, dropped: float) -> None:
    server = live(seed)
    known = tell({}, shuffled(server, Random(order), dropped=dropped))
    tell(known, [*server.lists, *losses(known, server)])
    is_true(known, server)


def is_true(known: Known, server: Server) -> None:
    going = {id: tell({}, [fact])[fact.provider, fact.thing, id] for id, fact in server.things.items()}
    rooms = {id: state for (_, kind, id), state in known.items() if kind is ThingKind.ROOM}
    for id, state in rooms.items():
        assert isinstance(state, RoomState)
        assert state.is_over is (id not in server.live)
        if not state.is_over:
            assert state.present.keys() == server.people[id].keys()
            assert state.plan is None or state.plan.rev == server.plans[id]
            shown = {*state.recordings, *state.streams, *state.ingresses, *state.calls}
            there = [state for state in going.values() if isinstance(state, Going)]
            assert len(shown) == sum(note_going(None, "X", each) is not None and each.room.id == id for each in there)
    assert rooms.keys() >= server.live.keys()
    for id, fact in server.things.items():
        state = known[fact.provider, fact.thing, id]
        assert (state.shown_status, state.is_final) == (going[id].shown_status, going[id].is_final)


@settings(max_examples=4, deadline=None)
@given(seeds, seeds, st.sampled_from([2, 7, 1000]))
def test_batches_of_any_size_leave_the_same(seed: int, order: int, size: int) -> None:
    server = live(seed, steps=15)
    known = tell({}, shuffled(server, Random(order), dropped=0.2))
    facts = [*shuffled(server, Random(order), dropped=0.2), *losses(known, server), *server.lists]
    private = {id for id in server.plans if Random(f"{seed}{id}").random() < 0.5}

    async def both() -> None:
        left, right = await _in_batches(facts, 1, private), await _in_batches(facts, size, private)
        assert left == right

    asyncio.run(both())


async def _in_batches(facts: Sequence[Fact], size: int, private: set[str]) -> dict[str, object]:
    """What the database has in the end. People make some rooms in private, and say so when that is known already."""
    with TemporaryDirectory() as directory:
        async with open_house(Path(directory)) as house:
            await house.subscribe("C9")
            await house.subscribe("C8", AlertKind.PARTICIPANT, AlertKind.TRACK, AlertKind.STREAM)
            await house.subscribe("C7", least=Severity.WARNING)
            record = Record(house.cards, house.notes, house.subscriptions, SystemClock())
            await house.inbox.accept([_told(number, fact, private) for number, fact in enumerate(facts)])
            rows = await house.inbox.unfolded(len(facts))
            for start in range(0, len(rows), size):
                await house.store.write(partial(_fold, record, rows[start : start + size]))
            return await _left_in(house)


def _told(number: int, fact: Fact, private: set[str]) -> Incoming:
    """Each in a delivery of its own."""
    is_command = isinstance(fact, RoomSeen) and fact.thing_id in private
    return Incoming(
        team_id=TEAM,
        provider=fact.provider,
        event_key=f"{number}",
        kind=fact.type,
        source=fact.source,
        body=facts_to_json([fact]),
        channel_id="D1" if is_command else None,
        user_id="U1" if is_command else None,
        is_private=is_command,
    )


async def _fold(record: Record, rows: Sequence[InboxRow], conn: AsyncConnection) -> None:
    folding = record.open(conn)
    await folding.keep([(row, fact) for row in rows for fact in facts_from_json(row.body)])
    await folding.finish()


async def _left_in(house: House) -> dict[str, object]:
    async with house.store.reading() as conn:
        things = (await conn.execute(select(thing))).mappings().all()
        cards = select(thing.c.server_id, card.c.channel_id).join_from(card, thing)
        notes = select(thing.c.server_id, card.c.channel_id, note.c.inbox_id, note.c.kind, note.c.broadcast)
        own = ("id", "version", "state")
        return {
            "things": {
                (row["kind"], row["server_id"]): {name: value for name, value in row.items() if name not in own}
                for row in things
            },
            "states": {(row["kind"], row["server_id"]): state_from_json(row["state"]) for row in things},
            "cards": {tuple(row) for row in await conn.execute(cards)},
            "notes": {tuple(row) for row in await conn.execute(notes.select_from(note).join(card).join(thing))},
        }
