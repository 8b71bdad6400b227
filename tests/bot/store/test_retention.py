"""Everything that grows is pruned, and what is still needed stays."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Table, func, select, update

from bot.alerts.state import LOST, Deed, IngressState, Outgoing, RecordingState, StreamState, state_from_json
from bot.store import dashboard, keep_outs
from bot.store.engine import Store
from bot.store.retention import BATCH, NO_FACTS, RULES, Retention, Rule
from bot.store.rooms import StoredRooms
from bot.store.settings import StoredSettings
from bot.store.tables import attempt, card, egress_request, inbox, metadata, note, reserved_name, thing
from commands.core.ports import Viewer, everywhere
from commands.core.settings import SETTINGS
from providers.base import (
    Ingress,
    IngressRef,
    IngressStatus,
    Recording,
    RecordingRef,
    RecordingStatus,
    RoomRef,
    Stream,
    StreamRef,
    StreamStatus,
)
from tests.bot.store.conftest import StillClock
from tests.bot.store.rows import add, add_many, row
from tests.bot.store.snapshots import SEEN_AT

DOES_NOT_GROW: Mapping[str, str] = {
    "card": "goes with its thing",
    "note": "goes with its card",
    "keep_out": "the bouncer forgets what has run out",
    "replica": "a replica that beats deletes those that are gone",
    "follow": "goes with its thing",
    "pace": "is one for a channel and a method",
    "lease": "is one for a video server",
    "subscription": "is as many as people have asked for, and ended by them",
    "setting": "is one for a key and a channel",
    "identity": "is one for a team",
}
REF, ROOM = RecordingRef("livekit", "EG_1"), RoomRef("livekit", "RM_1", 'a "room"')
BY_NAME = {rule.name: rule for rule in RULES}
WHEN = {
    "bodies": "folded_at",
    "events": "received_at",
    "things": "seen_at",
    "private feeds": "seen_at",
    "commands": "opened_at",
    "grants": "until",
    "closures": "told_at",
    "pending actions": "expires_at",
    "drafts": "expires_at",
    "mutes": "until",
    "timers": "ended_at",
    "egress requests": "kept_at",
    "reserved names": "until",
}
"""The time that counts."""

OVER: Mapping[str, Mapping[str, object]] = {
    "things": {"terminal": True},
    "private feeds": {
        "terminal": True,
        "is_private": True,
        "kind": "recording",
        "status": "failed",
        "state": RecordingState(
            recording=Recording(REF, ROOM, RecordingStatus.FAILED, error="ana has left"), seen_at=SEEN_AT
        ).model_dump_json(),
    },
    "bodies": {"body": b"[1]"},
}
"""What a row must say beside that to be over."""

every_rule = pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.name)


@pytest.fixture
def retention(store: Store, clock: StillClock) -> Retention:
    return Retention(store, StoredSettings(store, clock), clock, team_id="T1")


def old(rule: Rule, clock: StillClock, age: timedelta, **given: object) -> dict[str, Any]:
    at = clock.now() - age
    done = {"commands": {"answered_at": at}, "events": {"folded_at": at}}.get(rule.name, {})
    return row(rule.table, **{WHEN[rule.name]: at, **done, **OVER.get(rule.name, {}), **given})


async def kept(store: Store, table: Table) -> int:
    async with store.reading() as conn:
        return int((await conn.execute(select(func.count()).select_from(table))).scalar_one())


async def ids(store: Store, table: Table) -> list[int]:
    async with store.reading() as conn:
        return list((await conn.execute(select(table.c.id).order_by(table.c.id))).scalars())


def test_every_table_has_a_rule_or_a_reason_to_have_none() -> None:
    ruled = {rule.table.name for rule in RULES}
    assert ruled.isdisjoint(DOES_NOT_GROW)
    assert ruled | set(DOES_NOT_GROW) == set(metadata.tables)
    assert all(table.foreign_keys for table in (card, note))
    assert set(WHEN) == set(BY_NAME)


def test_every_setting_is_that_of_a_rule() -> None:
    assert {rule.kept for rule in RULES if isinstance(rule.kept, str)} == {k for k in SETTINGS if k.startswith("keep.")}


@every_rule
async def test_what_is_over_goes_and_what_is_younger_stays(
    retention: Retention, store: Store, clock: StillClock, rule: Rule
) -> None:
    limit = await retention.kept(rule)
    await add(store, rule.table, old(rule, clock, limit), old(rule, clock, limit - timedelta(seconds=1)))
    assert [await retention.prune(rule), await retention.prune(rule)] == [1, 0]
    assert await kept(store, rule.table) == (1 if rule.instead is None else 2)
    clock.advance(timedelta(seconds=1))
    assert [await retention.prune(rule), await retention.prune(rule)] == [1, 0]


@every_rule
async def test_only_rows_of_the_team_go(retention: Retention, store: Store, clock: StillClock, rule: Rule) -> None:
    await add(store, rule.table, old(rule, clock, timedelta(days=400), team_id="T2"))
    assert await retention.prune(rule) == 0


@pytest.mark.parametrize("rule", [r for r in RULES if isinstance(r.kept, str)], ids=lambda rule: rule.name)
async def test_a_setting_says_how_long(retention: Retention, store: Store, clock: StillClock, rule: Rule) -> None:
    assert isinstance(rule.kept, str)
    await StoredSettings(store, clock).put(everywhere("T1"), rule.kept, "10d", by="U1")
    await add(store, rule.table, old(rule, clock, timedelta(days=9)), old(rule, clock, timedelta(days=11)))
    assert [await retention.prune(rule), await retention.prune(rule)] == [1, 0]


@pytest.mark.parametrize("name", ["events", "commands", "things"])
async def test_many_go_a_thousand_at_a_time(retention: Retention, store: Store, clock: StillClock, name: str) -> None:
    rule, at = BY_NAME[name], clock.now() - timedelta(days=400)
    times = {WHEN[name]: at} | {"commands": {"answered_at": at}, "events": {"folded_at": at}}.get(name, {})
    await add_many(store, rule.table, 5_000, times, **OVER.get(name, {}))
    await add(store, rule.table, old(rule, clock, timedelta(seconds=1)))
    assert [await retention.prune(rule) for _ in range(6)] == [BATCH] * 5 + [0]
    assert await kept(store, rule.table) == 1


async def test_a_body_goes_before_its_row(retention: Retention, store: Store, clock: StillClock) -> None:
    await add(store, inbox, old(BY_NAME["bodies"], clock, timedelta(days=3)))
    assert await retention.prune(BY_NAME["bodies"]) == 1
    async with store.reading() as conn:
        assert [tuple(each) for each in await conn.execute(select(inbox.c.body, inbox.c.has_body))] == [
            (NO_FACTS, False)
        ]


async def test_what_was_not_folded_stays_whole(retention: Retention, store: Store, clock: StillClock) -> None:
    long_ago = clock.now() - timedelta(days=400)
    waits, parked = row(inbox, received_at=long_ago, body=b"[1]"), row(inbox, received_at=long_ago, attempts=5)
    await add(store, inbox, waits, parked)
    assert [await retention.prune(BY_NAME[name]) for name in ("bodies", "events")] == [0, 0]


async def test_the_last_webhook_of_each_server_stays(retention: Retention, store: Store, clock: StillClock) -> None:
    rule, ages = BY_NAME["events"], (400, 300, 200)
    for provider in ("eu", "us"):
        await add(
            store,
            inbox,
            *(old(rule, clock, timedelta(days=age), provider=provider, source="webhook") for age in ages),
            old(rule, clock, timedelta(days=100), provider=provider, source="command"),
        )
    assert [await retention.prune(rule), await retention.prune(rule)] == [6, 0]
    assert await keep_outs.StoredKeepOuts(store, clock, lambda: None).hears_of("T1", "eu")
    heard = await dashboard.StoredDashboard(store).webhooks("T1", "us")
    assert heard.last_at == clock.now() - timedelta(days=200)


async def test_what_a_note_has_still_to_tell_stays(retention: Retention, store: Store, clock: StillClock) -> None:
    long_ago = timedelta(days=400)
    (thing_id,) = await add(store, thing, row(thing))
    (card_id,) = await add(store, card, row(card, thing_id=thing_id))
    waiting, told, plain = await add(store, inbox, *(old(BY_NAME["events"], clock, long_ago) for _ in range(3)))
    await add(store, note, row(note, card_id=card_id, inbox_id=waiting))
    await add(store, note, row(note, card_id=card_id, inbox_id=told, ts="1.2"))
    assert await retention.prune(BY_NAME["bodies"]) == 2
    assert await retention.prune(BY_NAME["events"]) == 2
    assert plain not in await ids(store, inbox)
    assert await ids(store, inbox) == [waiting]
    assert await kept(store, note) == 1


async def test_a_live_thing_stays_and_an_ended_one_takes_its_cards_and_notes(
    retention: Retention, store: Store, clock: StillClock
) -> None:
    rule, (event,) = BY_NAME["things"], await add(store, inbox, row(inbox))
    live, over = await add(
        store,
        thing,
        old(rule, clock, timedelta(days=400), terminal=False),
        old(rule, clock, timedelta(days=31)),
    )
    for thing_id in (live, over):
        (card_id,) = await add(store, card, row(card, thing_id=thing_id, wanted=1, delivered=1))
        await add(store, note, row(note, card_id=card_id, inbox_id=event, ts="1.2"))
    assert await retention.prune(rule) == 1
    assert await ids(store, thing) == [live]
    assert [await kept(store, each) for each in (card, note)] == [1, 1]


RECORDING = Recording(REF, ROOM, RecordingStatus.FAILED, location="out/ana.mp4", error="ana has left")
STREAM = Stream(StreamRef("livekit", "EG_1"), ROOM, StreamStatus.LIVE, error="ana has left")
DEED = Deed(by="U1", at=SEEN_AT)


def _terminal(kind: str, state: Outgoing | IngressState) -> dict[str, Any]:
    return row(
        thing,
        provider="livekit",
        kind=kind,
        server_id="EG_1",
        name=ROOM.name,
        room_id="RM_1",
        channel_id="C1",
        made_by="U1",
        is_private=True,
        status=state.shown_status,
        terminal=True,
        seen_at=SEEN_AT - timedelta(days=400),
        state=state.model_dump_json(),
    )


@pytest.mark.parametrize(
    ("whole", "bare"),
    [
        (
            RecordingState(recording=RECORDING, seen_at=SEEN_AT, made_by="U1", pause=DEED, next_part="EG_2"),
            RecordingState(recording=replace(RECORDING, location=None, error=None), seen_at=SEEN_AT),
        ),
        (
            StreamState(stream=STREAM, seen_at=SEEN_AT, made_by="U1", observed_at=SEEN_AT, lost_at=SEEN_AT),
            StreamState(stream=replace(STREAM, error=None), seen_at=SEEN_AT, observed_at=SEEN_AT, lost_at=SEEN_AT),
        ),
        (
            StreamState(stream=STREAM, seen_at=SEEN_AT, dismissal=DEED),
            StreamState(
                stream=replace(STREAM, error=None), seen_at=SEEN_AT, dismissal=Deed(by="forgotten", at=SEEN_AT)
            ),
        ),
    ],
    ids=["ended", "lost", "dismissed"],
)
async def test_what_was_private_stays_hidden(
    retention: Retention, store: Store, clock: StillClock, whole: Outgoing, bare: Outgoing
) -> None:
    """The server lists it for longer than we would remember that not everybody may see it."""
    rule, known = BY_NAME["private feeds"], _terminal(whole.kind, whole)
    await add(store, thing, known)
    assert await retention.prune(BY_NAME["things"]) == 0
    assert [await retention.prune(rule), await retention.prune(rule)] == [1, 0]

    async with store.reading() as conn:
        left = (await conn.execute(select(thing))).mappings().one()
    state = state_from_json(left["state"])
    assert state == bare
    assert (state.is_over, state.shown_status) == (True, known["status"])
    as_before = {**known, "id": None, "version": left["version"], "made_by": None, "state": None}
    assert {**left, "id": None, "state": None} == as_before
    rooms, stranger = StoredRooms(store, clock), Viewer("T1", "U2", "C2")
    assert await rooms.hidden_recordings(stranger, [RECORDING]) == {"EG_1"}
    assert await rooms.hidden_streams(stranger, [STREAM]) == {"EG_1"}


async def test_a_private_ingress_stays_hidden_as_long_as_the_server_may_list_it(
    retention: Retention, store: Store, clock: StillClock
) -> None:
    """One that is complete is listed until somebody deletes it."""
    ended = Ingress(IngressRef("livekit", "EG_1"), ROOM, IngressStatus.COMPLETE, name="Ana", identity="ana")
    whole = IngressState(ingress=ended, seen_at=SEEN_AT, made_by="U1")
    await add(store, thing, _terminal("ingress", whole))
    assert await retention.prune(BY_NAME["things"]) == 0
    assert [await retention.prune(BY_NAME["private feeds"]) for _ in range(2)] == [1, 0]
    async with store.reading() as conn:
        [left] = (await conn.execute(select(thing.c.state))).scalars()
    assert state_from_json(left) == IngressState(ingress=replace(ended, name="", identity=""), seen_at=SEEN_AT)
    assert await StoredRooms(store, clock).hidden_ingresses(Viewer("T1", "U2", "C2"), [ended]) == {"EG_1"}
    gone = replace(ended, ref=IngressRef("livekit", "IN_2"), status=IngressStatus.DELETED)
    await add(store, thing, _terminal("ingress", IngressState(ingress=gone, seen_at=SEEN_AT)) | {"server_id": "IN_2"})
    assert await retention.prune(BY_NAME["things"]) == 1
    lost = IngressState(ingress=replace(ended, ref=IngressRef("livekit", "IN_3")), seen_at=SEEN_AT, lost_at=SEEN_AT)
    await add(store, thing, _terminal("ingress", lost) | {"server_id": "IN_3", "status": LOST})
    assert await retention.prune(BY_NAME["things"]) == 1, "its server lists it no more"


async def test_a_name_stays_reserved_for_as_long_as_a_private_ingress_leads_there(
    retention: Retention, store: Store, clock: StillClock
) -> None:
    rule = BY_NAME["reserved names"]
    kept = old(rule, clock, timedelta(days=90), provider="livekit", kind="room", name=ROOM.name, channel_id="C1")
    await add(store, reserved_name, kept)
    waits = Ingress(IngressRef("livekit", "EG_1"), ROOM, IngressStatus.WAITING)
    await add(store, thing, {**_terminal("ingress", IngressState(ingress=waits, seen_at=SEEN_AT)), "terminal": False})
    assert await retention.prune(rule) == 0
    await store.write(lambda conn: conn.execute(update(thing).values(terminal=True)))
    assert await retention.prune(rule) == 1


@pytest.mark.parametrize("kind", ["recording", "stream"])
async def test_what_may_be_done_again_stays_as_long_as_what_came_of_it(
    retention: Retention, store: Store, clock: StillClock, kind: str
) -> None:
    """The one that runs for long, the one that ended a day ago, one of another server's, and one with nothing."""
    rule = BY_NAME["egress requests"]
    asked = [old(rule, clock, timedelta(days=400), provider="livekit", egress_id=f"EG_{n}") for n in range(4)]
    await add(store, egress_request, *asked)
    day, long = clock.now() - timedelta(days=1), clock.now() - timedelta(days=31)
    its = {"provider": "livekit", "kind": kind}
    await add(
        store,
        thing,
        row(thing, **its, server_id="EG_0", terminal=False, seen_at=long),
        row(thing, **its, server_id="EG_1", terminal=True, seen_at=day),
        row(thing, **its, server_id="EG_2", terminal=True, seen_at=long, is_private=True),
        row(thing, **its | {"provider": "eu"}, server_id="EG_3", terminal=False, seen_at=day),
    )
    assert [await retention.prune(rule), await retention.prune(rule)] == [2, 0]
    async with store.reading() as conn:
        left = (await conn.execute(select(egress_request.c.egress_id).order_by(egress_request.c.egress_id))).scalars()
        assert list(left) == ["EG_0", "EG_1"]


@pytest.mark.parametrize("blocked", [None, "is_archived"])
@pytest.mark.parametrize("waits", ["card", "note"])
async def test_an_ending_that_was_not_shown_stays_unless_it_cannot_be(
    retention: Retention, store: Store, clock: StillClock, waits: str, blocked: str | None
) -> None:
    rule, (event,) = BY_NAME["things"], await add(store, inbox, row(inbox))
    (thing_id,) = await add(store, thing, old(rule, clock, timedelta(days=400)))
    shown = row(card, thing_id=thing_id, wanted=2, delivered=1 if waits == "card" else 2, blocked=blocked)
    (card_id,) = await add(store, card, shown)
    await add(store, note, row(note, card_id=card_id, inbox_id=event, ts=None if waits == "note" else "1.2"))
    assert await retention.prune(rule) == (0 if blocked is None else 1)


async def test_a_command_that_nobody_was_answered_stays(retention: Retention, store: Store, clock: StillClock) -> None:
    await add(store, attempt, old(BY_NAME["commands"], clock, timedelta(days=400), answered_at=None))
    assert await retention.prune(BY_NAME["commands"]) == 0


@pytest.mark.parametrize("name", ["grants", "closures"])
async def test_what_has_no_end_yet_stays(retention: Retention, store: Store, clock: StillClock, name: str) -> None:
    await add(store, BY_NAME[name].table, row(BY_NAME[name].table))
    clock.advance(timedelta(days=4_000))
    assert await retention.prune(BY_NAME[name]) == 0


async def test_a_file_becomes_smaller(file_store: Store, clock: StillClock) -> None:
    retention = Retention(file_store, StoredSettings(file_store, clock), clock, team_id="T1")
    at = {"received_at": clock.now() - timedelta(days=400), "folded_at": clock.now()}
    await add_many(file_store, inbox, 10_000, at, body=b"x" * 900)
    while await retention.prune(BY_NAME["events"]):
        pass
    rounds = 1
    while await retention.give_back():
        rounds += 1
    assert rounds > 1
    path = file_store.file
    await file_store.close()
    assert path is not None
    assert path.stat().st_size < 1_000_000
