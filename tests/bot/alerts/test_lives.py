"""Whole lives of a server, told in any order, twice or not at all: in the end one believes what is true."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from types import UnionType

from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.alerts.comparison import ENDS_WITH_ITS_ROOM, Comparison
from bot.alerts.fold import Going, fold, note_going
from bot.alerts.record import Record
from bot.alerts.state import IngressState, Outgoing, RoomState, ThingState, state_from_json
from bot.clock import SystemClock
from bot.store.beliefs import Beliefs
from bot.store.inbox import InboxRow, Incoming
from bot.store.tables import card, note, thing
from bot.store.things import Key
from commands.core.alerts import AlertKind, Severity
from providers.base import IngressStatus
from providers.facts import Fact, RoomSeen, ThingKind, facts_from_json, facts_to_json
from tests.bot.alerts.facts import after, lost
from tests.bot.alerts.house import TEAM, House, open_house
from tests.bot.alerts.lives import LATEST, Lists, ListsMore, Server, live

Known = dict[Key, ThingState]
seeds = st.integers(0, 2**32)


def tell(known: Known, facts: Sequence[Fact]) -> Known:
    """What `Folding` does to states, without a database. Nothing that has ended revives."""
    for fact in facts:
        key = (fact.provider, fact.thing, fact.thing_id)
        before = known.get(key)
        state = fold(before, fact)
        if state is None:
            continue
        assert not (before and before.is_final) or state.is_final
        known[key] = state
        if isinstance(state, Going):
            for room_id in {state.room.id, before.room.id if isinstance(before, Going) else state.room.id}:
                _note(known, fact.provider, room_id, {fact.thing_id: state})
        elif before is None:
            _note(known, fact.provider, fact.thing_id, going(known))
    return known


def _note(known: Known, provider: str, room_id: str, things: Mapping[str, Going]) -> None:
    room = known.get(key := (provider, ThingKind.ROOM, room_id))
    if isinstance(room, RoomState):
        for id, state in things.items():
            room = note_going(room, id, state)
        known[key] = room


def going(known: Known) -> dict[str, Going]:
    return {id: state for (_, _, id), state in known.items() if isinstance(state, Going)}


def shuffled(server: Server, chance: Random, *, kept: Sequence[Fact] | None = None) -> list[Fact]:
    """The deliveries in any order, some twice. What is our own, such as plans, is made of what is known."""
    told = list(server.told if kept is None else kept)
    told += chance.sample(told, len(told) // 5)
    turns = [(chance.random(), fact) for fact in told]
    known_at = {fact.thing_id: turn for turn, fact in sorted(turns, key=_turn, reverse=True)}
    turns += [(chance.uniform(known_at.get(fact.thing_id, 1), 1), fact) for fact in server.revisions]
    return [fact for _, fact in sorted(turns, key=_turn)]


def _turn(turn: tuple[float, Fact]) -> float:
    return turn[0]


def arrived(server: Server, chance: Random, dropped: float) -> list[Fact]:
    return [fact for fact in server.told if chance.random() >= dropped]


def losses(known: Known, server: Server) -> list[Fact]:
    """The rooms that the server does not list any more, and of whose end nobody has heard."""
    gone = [id for (_, kind, id), state in known.items() if kind is ThingKind.ROOM and not state.is_over]
    return [lost(LATEST + 1, ThingKind.ROOM, id) for id in gone if id not in server.live]


@settings(max_examples=100)
@given(seeds, seeds, seeds, seeds, st.sampled_from([0, 0.3, 0.9]))
def test_order_and_repetition_make_no_difference(seed: int, drop: int, one: int, other: int, dropped: float) -> None:
    server = live(seed)
    kept = arrived(server, Random(drop), dropped)
    assert tell({}, shuffled(server, Random(one), kept=kept)) == tell({}, shuffled(server, Random(other), kept=kept))


@settings(max_examples=12, deadline=None)
@given(seeds, seeds, st.sampled_from([0, 0.3, 0.9]), st.sampled_from([Lists, ListsMore]))
def test_after_the_server_was_compared_all_is_true(seed: int, order: int, dropped: float, kind: type[Lists]) -> None:
    server, chance = live(seed), Random(order)
    facts = shuffled(server, chance, kept=arrived(server, chance, dropped))
    known = asyncio.run(compared(kind(server), facts))
    is_true(known, server)
    are_true(known, server, exactly=Going if not dropped else Outgoing if kind is ListsMore else None)


class _Clock(SystemClock):
    """It goes on by a moment whenever it is read: no two looks are of one time."""

    def __init__(self) -> None:
        self._at = LATEST + 1.0

    def pass_by(self, time: timedelta) -> None:
        self._at += time.total_seconds()

    def now(self) -> datetime:
        self._at += 0.001
        return after(self._at)


async def compared(lists: Lists, facts: Sequence[Fact]) -> Known:
    """What is known after three rounds, in the last of which nothing differs."""
    clock, told = _Clock(), list[Fact]()
    with TemporaryDirectory() as directory:
        async with open_house(Path(directory)) as house:
            await house.inbox.accept([_told(number, fact, set()) for number, fact in enumerate(facts)])
            assert await house.intake.fold_waiting()

            async def tell(found: Sequence[Fact]) -> None:
                told.extend(found)
                await house.intake.accept(found, team_id=TEAM)
                assert await house.intake.fold_waiting()

            for token in range(3):
                told.clear()
                await Comparison(lists, Beliefs(house.store), clock, tell, token=token, second_look_seconds=0).run()
                clock.pass_by(max(ENDS_WITH_ITS_ROOM.values()))
            assert told == []
            return await _states(house)


def is_true(known: Known, server: Server) -> None:
    """Of rooms. Where as many came as went unheard, who is there may differ, but not how many."""
    rooms = {id: state for (_, _, id), state in known.items() if isinstance(state, RoomState)}
    assert rooms.keys() >= server.live.keys()
    for id, state in rooms.items():
        assert state.is_over is (id not in server.live)
        if not state.is_over:
            assert state.people == len(server.people[id])
            assert state.plan is None or state.plan.rev == server.plans[id]
            shown = {**state.recordings, **state.streams, **state.ingresses, **state.calls}
            there = {x: each for x, each in going(known).items() if each.room.id == id and not each.is_over}
            assert shown == {x: each.status for x, each in there.items() if each.status is not IngressStatus.WAITING}


def are_true(known: Known, server: Server, *, exactly: type | UnionType | None) -> None:
    """Of what goes on in rooms: nothing does so longer than its room, but for ingresses. What is listed, or was told of
    by every webhook, is `exactly` as it is, unless nobody wants to see it any more."""
    truth = going(tell({}, list(server.things.values())))
    for id, state in going(known).items():
        if state.room.id not in server.live and not isinstance(state, IngressState):
            assert state.is_over
        is_dismissed = isinstance(state, Outgoing) and state.dismissal is not None
        if exactly is not None and isinstance(state, exactly) and not is_dismissed:
            assert (state.shown_status, state.is_final) == (truth[id].shown_status, truth[id].is_final)


@settings(max_examples=4, deadline=None)
@given(seeds, seeds, st.sampled_from([2, 7, 1000]))
def test_batches_of_any_size_leave_the_same(seed: int, order: int, size: int) -> None:
    server = live(seed, steps=15)
    told = shuffled(server, Random(order), kept=arrived(server, Random(order), 0.2))
    facts = [*told, *losses(tell({}, told), server)]
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


async def _states(house: House) -> Known:
    async with house.store.reading() as conn:
        rows = await conn.execute(select(thing))
        return {(row.provider, row.kind, row.server_id): state_from_json(row.state) for row in rows}


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
