"""The process on a PostgreSQL server: what it says when it cannot get in, and how it lives through its absence."""

import asyncio

from cryptography.fernet import Fernet
from sqlalchemy import make_url, text

from tests.bot.process.showcaller import Street
from tests.bot.process.test_starting import refused
from tests.bot.store import schema
from tests.postgresql import Server

KEY = Fernet.generate_key().decode()


async def test_who_cannot_get_in_is_told_so_without_the_password(street: Street, postgresql_server: Server) -> None:
    given = {"DATABASE_URL": postgresql_server.url("elsewhere", "bot:hunter2"), "SHOWCALLER_SECRET_KEY": KEY}
    said = "PostgreSQL database elsewhere at 127.0.0.1 cannot be used: "

    for verb in (["run"], ["db", "upgrade"]):
        ended = await street.does(*verb, **given)
        refused(ended, said)
        assert "hunter2" not in ended.err
    checked = await street.does("check", **given)
    assert checked.code == 1
    assert f"FAIL  database: {said}" in checked.out
    assert "hunter2" not in checked.out + checked.err


async def test_two_at_once_make_the_tables_and_say_so(street: Street, postgresql_server: Server) -> None:
    async with postgresql_server.database() as url:
        given = {"DATABASE_URL": url, "SHOWCALLER_SECRET_KEY": KEY}
        name = f"PostgreSQL database {make_url(url).database} at 127.0.0.1"

        ended = await asyncio.gather(*(street.does("db", "upgrade", **given) for _ in range(2)))
        assert [(one.code, one.out, one.err) for one in ended] == [(0, f"{name} is up to date.\n", "")] * 2
        assert f"ok    database: {name} answers" in (await street.does("check", **given)).out


async def test_while_the_database_is_away_nothing_is_accepted_and_nothing_is_lost(
    street: Street, own_server: Server
) -> None:
    async with own_server.database() as url:
        async with street.running(DATABASE_URL=url, SHOWCALLER_SECRET_KEY=KEY):
            await street.types("/video room create standup")
            await street.sees("standup", "Live")
            assert set(await street.tell()) <= {200}

            own_server.stop()
            street.livekit.close("standup")
            again = [street.livekit.deliveries.get_nowait() for _ in range(street.livekit.deliveries.qsize())]
            for _ in range(2):
                for delivery in again:
                    street.livekit.deliveries.put_nowait(delivery)
                assert set(await street.tell()) == {503}
            assert (await street.get("/readyz"))[0] == 503
            assert (await street.get("/healthz"))[0] == 200
            await street.types("/video room list")
            await street.sees("cannot reach my database", only_me=True)

            own_server.start()
            for delivery in again:
                street.livekit.deliveries.put_nowait(delivery)
            assert set(await street.tell()) == {200}
            await street.sees("standup", "Ended")
            assert (await street.get("/readyz"))[0] == 200
            await street.types("/video whoami")
            await street.sees("admin", only_me=True)
        async with schema.connected(url) as conn:
            kept = (await conn.execute(text("SELECT attempts, folded_at IS NULL, error FROM inbox"))).all()

    assert set(map(tuple, kept)) == {(0, False, None)}
