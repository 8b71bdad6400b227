"""A channel that gets another id takes along all that is kept of it."""

import pytest
from sqlalchemy import Table, select

from bot.store.channels import GONE, HELD_IN, StoredChannels
from bot.store.engine import Store
from bot.store.tables import card, follow, metadata, setting, subscription, thing
from tests.bot.store.rows import add, row

OLD, NEW = "G_OLD", "C_NEW"


@pytest.fixture
def channels(store: Store) -> StoredChannels:
    return StoredChannels(store, team_id="T1")


def test_no_column_with_a_channel_in_it_is_left_out() -> None:
    named = {column for table in metadata.sorted_tables for column in table.columns if column.name == "channel_id"}
    own = {follow.c.channel_id}  # a person's conversation with the bot, which is shared with nobody
    assert named - own <= set(HELD_IN)


@pytest.mark.parametrize("column", HELD_IN, ids=str)
async def test_what_is_kept_under_the_old_id_is_found_under_the_other(
    channels: StoredChannels, store: Store, column: object
) -> None:
    table, name = _where(column)
    given = await _things(store, table)
    await add(store, table, row(table, team_id="T1", **{name: OLD}, **given))
    await channels.rename(OLD, NEW)
    assert await _values(store, table, name) == [NEW]


async def test_a_channel_of_that_id_in_another_team_is_another(channels: StoredChannels, store: Store) -> None:
    await add(store, subscription, row(subscription, team_id="T2", channel_id=OLD))
    await channels.rename(OLD, NEW)
    assert await _values(store, subscription, "channel_id") == [OLD]


async def test_of_two_cards_of_a_thing_that_under_the_other_id_stays(channels: StoredChannels, store: Store) -> None:
    given = await _things(store, card)
    for channel_id, ts in ((OLD, "1.1"), (NEW, "2.2")):
        await add(store, card, row(card, team_id="T1", channel_id=channel_id, ts=ts, **given))
    await channels.rename(OLD, NEW)
    assert await _values(store, card, "ts") == ["2.2"]
    assert await _values(store, card, "channel_id") == [NEW]


async def test_of_two_settings_that_of_the_other_id_stays(channels: StoredChannels, store: Store) -> None:
    await add(store, setting, row(setting, team_id="T1", channel_id=OLD, key="room", value="old"))
    await add(store, setting, row(setting, team_id="T1", channel_id=OLD, key="joins", value="told"))
    await add(store, setting, row(setting, team_id="T1", channel_id=NEW, key="room", value="new"))
    await channels.rename(OLD, NEW)
    assert set(await _values(store, setting, "value")) == {"new", "told"}


async def test_of_a_channel_that_is_gone_nothing_is_wanted_any_more(channels: StoredChannels, store: Store) -> None:
    await add(store, card, row(card, team_id="T1", channel_id=OLD, **await _things(store, card)))
    await add(store, subscription, row(subscription, team_id="T1", channel_id=OLD))
    await add(store, setting, row(setting, team_id="T1", channel_id=OLD))
    await channels.forget(OLD)
    assert await _values(store, card, "blocked") == [GONE]
    assert await _values(store, subscription, "channel_id") == []
    assert await _values(store, setting, "channel_id") == []


def _where(column: object) -> tuple[Table, str]:
    table, _, name = str(column).partition(".")
    return metadata.tables[table], name


async def _things(store: Store, table: Table) -> dict[str, object]:
    """What a card is of, as its row has it."""
    if table is not card:
        return {}
    (number,) = await add(store, thing, row(thing, team_id="T1"))
    return {"thing_id": number}


async def _values(store: Store, table: Table, name: str) -> list[object]:
    async with store.reading() as conn:
        return list((await conn.execute(select(table.c[name]))).scalars())
