from dataclasses import replace

from bot.store import things
from bot.store.engine import Store
from bot.store.things import Thing
from providers.facts import ThingKind
from tests.bot.store.snapshots import SEEN_AT, save, snapshot


async def _get(store: Store, server_id: str = "RM_1", kind: ThingKind = ThingKind.ROOM) -> Thing | None:
    return await store.write(lambda conn: things.get(conn, "livekit", kind, server_id))


async def test_a_thing_comes_back_as_it_was_saved(store: Store) -> None:
    thing_id = await save(store, snapshot(channel_id="C1", made_by="U1"))

    kept = await _get(store)

    assert kept == Thing(
        id=thing_id,
        version=1,
        team_id="T1",
        provider="livekit",
        kind=ThingKind.ROOM,
        server_id="RM_1",
        name="standup",
        status="live",
        terminal=False,
        seen_at=SEEN_AT,
        state='{"people": 1}',
        channel_id="C1",
        made_by="U1",
    )
    assert isinstance(kept.kind, ThingKind)


async def test_saving_again_changes_the_row_and_raises_its_version(store: Store) -> None:
    first = await save(store, snapshot())
    kept = await _get(store)
    assert kept is not None

    second = await save(store, replace(kept, status="ending", state="{}"))

    kept = await _get(store)
    assert kept is not None
    assert (first, kept.id, kept.version, kept.status, kept.state) == (second, first, 2, "ending", "{}")


async def test_what_is_over_stays_over(store: Store) -> None:
    await save(store, snapshot(terminal=True))
    await save(store, snapshot(terminal=False))

    kept = await _get(store)

    assert kept is not None
    assert kept.terminal


async def test_the_first_maker_and_a_channel_that_is_known_stay(store: Store) -> None:
    await save(store, snapshot())
    await save(store, snapshot(channel_id="C1", made_by="U1"))
    await save(store, snapshot(made_by="U2"))
    await save(store, snapshot())

    kept = await _get(store)

    assert kept is not None
    assert (kept.channel_id, kept.made_by) == ("C1", "U1")


async def test_kinds_and_ids_are_told_apart(store: Store) -> None:
    room = await save(store, snapshot("X"))
    recording = await save(store, snapshot("X", kind=ThingKind.RECORDING))

    assert room != recording
    assert await _get(store, "Y") is None
    found = await _get(store, "X", ThingKind.RECORDING)
    assert found is not None
    assert found.id == recording
