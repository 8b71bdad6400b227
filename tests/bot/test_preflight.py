import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from types import MappingProxyType

import pytest
from aiohttp import web
from cryptography.fernet import Fernet
from pydantic import SecretStr
from sqlalchemy import make_url

from bot import manifest
from bot.clock import SystemClock
from bot.config import BadSetting, BadSettings, load
from bot.preflight import Finding, findings_of, preflight, render
from bot.secrets import SecretBox
from bot.settings import Settings
from bot.store.engine import Store
from bot.store.identity import Identities, Identity
from bot.store.key_proof import WRONG_KEY, is_proven
from providers.base import Backend, Capability
from providers.errors import Unauthenticated, Unreachable
from tests import postgresql
from tests.bot.store import schema

SCOPES = ",".join(sorted(manifest.scopes(manifest.load())))
KEY = Fernet.generate_key().decode()
NEWEST = schema.steps()[-1]
Answer = Callable[[], web.Response]


def ok(scopes: str = SCOPES) -> Answer:
    body = {"ok": True, "user": "showcaller", "team": "Acme", "url": "wss://127.0.0.1/link"}
    return lambda: web.json_response(body, headers={"X-OAuth-Scopes": scopes})


def refused(error: str) -> Answer:
    return lambda: web.json_response({"ok": False, "error": error})


@asynccontextmanager
async def slack(auth: Answer, connections: Answer | None = None) -> AsyncIterator[str]:
    """The two methods that a check calls, by loopback; the tokens must arrive where Slack wants them."""
    answers = {"auth.test": ("xoxb-1", auth), "apps.connections.open": ("xapp-1", connections or ok())}

    async def method(request: web.Request) -> web.Response:
        token, answer = answers[request.match_info["method"]]
        return answer() if request.headers["Authorization"] == f"Bearer {token}" else refused("not_authed")()

    app = web.Application()
    app.router.add_post("/api/{method}", method)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}/api/"
    finally:
        await runner.cleanup()


def settings(api_url: str, tmp_path: Path, **tokens: str) -> Settings:
    return load(
        {
            "SLACK_BOT_TOKEN": "xoxb-1",
            "SLACK_API_URL": api_url,
            "LIVEKIT_URL": "http://127.0.0.1:1",
            "LIVEKIT_API_KEY": "key",
            "LIVEKIT_API_SECRET": "secret",
            **(tokens or {"SLACK_APP_TOKEN": "xapp-1"}),
        },
        cwd=tmp_path,
    )


class Well(Backend):
    kind = "stage"
    address = "http://127.0.0.1:7880"


class WrongKey(Backend):
    kind = "stage"

    async def ping(self) -> None:
        raise Unauthenticated("the server's own words")


class Silent(Backend):
    kind = "stage"

    async def ping(self) -> None:
        await asyncio.Event().wait()


class Lacking(Well):
    """Its installation can do less than its kind, which it says when it is asked."""

    options = frozenset({Capability.START_RECORDING, Capability.START_STREAM, Capability.RECORDING_WEB})
    editions = MappingProxyType({Capability.RECORDING_WEB: "Stage Cloud"})

    async def inspect(self) -> None:
        self.lacking = self.options
        starts = (Capability.START_STREAM, Capability.START_RECORDING)
        self.lacking_because = dict.fromkeys(starts, "No worker answers.")


class Unsure(Well):
    async def inspect(self) -> None:
        raise Unreachable("the server's own words")


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    assert len({f.name for f in findings}) == len(findings)
    return {f.name: f for f in findings}


async def test_all_is_well(tmp_path: Path) -> None:
    async with slack(ok()) as url:
        findings = await preflight(settings(url, tmp_path), [Well("stage")])
    assert [f.name for f in findings] == [
        "configuration",
        "database",
        "SLACK_BOT_TOKEN",
        "scopes",
        "SLACK_APP_TOKEN",
        "provider stage",
    ]
    assert all(f.ok for f in findings)
    assert by_name(findings)["SLACK_BOT_TOKEN"].what == "belongs to showcaller in the workspace Acme"
    assert render(findings).endswith("all 6 are well\n")


async def test_tokens_that_slack_refuses(tmp_path: Path) -> None:
    async with slack(refused("invalid_auth"), refused("not_allowed_token_type")) as url:
        found = by_name(await preflight(settings(url, tmp_path), []))
    assert found["SLACK_BOT_TOKEN"].what == "Slack refuses it with `invalid_auth`"
    assert found["SLACK_APP_TOKEN"].what == "Slack refuses it with `not_allowed_token_type`"
    assert "connections:write" in found["SLACK_APP_TOKEN"].remedy
    assert "scopes" not in found


@pytest.mark.parametrize("code", ["internal_error", "ratelimited", "team_added_to_org"])
async def test_what_passes_by_itself_needs_no_new_token(code: str, tmp_path: Path) -> None:
    async with slack(refused(code), refused(code)) as url:
        found = by_name(await preflight(settings(url, tmp_path), []))
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
        assert found[name] == Finding(name, False, f"Slack refuses it with `{code}`", "Try again in a few minutes.")


async def test_scopes_that_are_missing_or_too_many(tmp_path: Path) -> None:
    async with slack(ok("commands,chat:write,channels:read,groups:read,im:read,files:write,pins:write")) as url:
        lacking = by_name(await preflight(settings(url, tmp_path), []))["scopes"]
    async with slack(ok(f"{SCOPES},pins:write")) as url:
        extra = by_name(await preflight(settings(url, tmp_path), []))["scopes"]
    assert (lacking.ok, lacking.what) == (
        False,
        "missing: app_mentions:read, im:history, usergroups:read, users:read; more than needed: pins:write",
    )
    assert (extra.ok, extra.what) == (True, "more than needed: pins:write")
    assert extra.remedy


async def test_over_http_no_app_token_is_looked_at(tmp_path: Path) -> None:
    async with slack(ok()) as url:
        found = by_name(await preflight(settings(url, tmp_path, SLACK_SIGNING_SECRET="signing"), []))
    assert found["SLACK_SIGNING_SECRET"].ok
    assert "SLACK_APP_TOKEN" not in found


@pytest.mark.parametrize(
    "answer",
    [
        lambda: web.Response(text="<html>", content_type="text/html"),
        lambda: web.Response(text="<html>", status=502),
        lambda: web.json_response([1]),
        lambda: web.json_response({"ok": False}),
    ],
)
async def test_what_does_not_speak_like_slack(answer: Answer, tmp_path: Path) -> None:
    async with slack(answer, answer) as url:
        found = by_name(await preflight(settings(url, tmp_path), []))
    for name in ("SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
        assert found[name] == Finding(name, False, "what answers does not speak like Slack", "Check SLACK_API_URL.")


async def test_slack_cannot_be_reached(tmp_path: Path) -> None:
    async with slack(ok()) as url:
        nobody = url
    found = by_name(await preflight(settings(nobody, tmp_path), []))
    assert not found["SLACK_BOT_TOKEN"].ok
    assert "cannot be reached" in found["SLACK_BOT_TOKEN"].what


async def test_video_servers_that_refuse_or_are_silent(tmp_path: Path) -> None:
    async with slack(ok()) as url:
        findings = await preflight(settings(url, tmp_path), [Well("a"), WrongKey("b"), Silent("c")], ping_seconds=0.01)
    found = by_name(findings)
    assert found["provider a"].ok
    assert found["provider b"] == Finding("provider b", False, Unauthenticated.what, Unauthenticated.remedy)
    assert not found["provider c"].ok
    text = render(findings)
    assert "the server's own words" not in text
    assert text.endswith("2 of 8 failed\n")


async def test_what_a_video_server_lacks_is_a_warning(tmp_path: Path) -> None:
    """Not what only another edition has: there is nothing to do about it."""
    async with slack(ok()) as url:
        findings = await preflight(settings(url, tmp_path), [Lacking("a"), Unsure("b"), Well("c")])
    found = by_name(findings)
    assert all(finding.ok for finding in findings)
    assert [f.name for f in findings if f.is_warning] == ["what a lacks", "what b lacks"]
    assert found["what a lacks"].what == "start recording, start stream"
    assert found["what b lacks"].what == f"is not known. {Unreachable.what}"
    text = render(findings)
    assert "warn  what a lacks: start recording, start stream\n      No worker answers.\n" in text
    assert text.endswith("none of 10 failed, 2 with a warning\n")


async def database(url: str, tmp_path: Path) -> Finding:
    given = {"SLACK_SIGNING_SECRET": "signing", "DATABASE_URL": url, "SHOWCALLER_SECRET_KEY": KEY}
    async with slack(ok()) as slack_url:
        return by_name(await preflight(settings(slack_url, tmp_path, **given), []))["database"]


async def test_a_file_of_a_database_is_looked_at_and_not_made(tmp_path: Path) -> None:
    path = tmp_path / "showcaller.db"
    assert await database(f"sqlite:///{path}", tmp_path) == Finding(
        "database", True, f"{path} is made at the first start"
    )
    assert not path.exists()

    store = await Store.open(f"sqlite:///{path}")
    used = await database(f"sqlite:///{path}", tmp_path)
    await store.close()
    assert (used.ok, used.what) == (True, f"{path} answers and has the schema of this version ({NEWEST})")

    for name, what in (("nowhere/a.db", "there is no folder"), ("letter.txt", "file is not a database")):
        (tmp_path / "letter.txt").write_text("Dear Ana, " * 1000)
        found = await database(f"sqlite:///{tmp_path}/{name}", tmp_path)
        assert (found.ok, what in found.what, "DATABASE_URL" in found.remedy) == (False, True, True)


async def test_a_database_on_a_server_is_looked_at_and_left_alone(
    postgresql_server: postgresql.Server, tmp_path: Path
) -> None:
    async with postgresql_server.database() as url:
        name = f"PostgreSQL database {make_url(url).database} at 127.0.0.1"
        assert (await database(url, tmp_path)).what == f"{name} is empty; the first start makes its tables"
        assert await schema.look(url) == {}

        await schema.make_as_of(url, "0003")
        what = f"{name} has the schema 0003; the next start brings it to {NEWEST}"
        assert (await database(url, tmp_path)).what == what

        await schema.make_as_of(url, NEWEST)
        assert "has the schema of this version" in (await database(url, tmp_path)).what

        await schema.run(url, "UPDATE alembic_version SET version_num = '0999'")
        assert await database(url, tmp_path) == Finding(
            "database", True, f"{name} was upgraded by a newer version (0999), and this one works with it"
        )
        await schema.run(url, "UPDATE alembic_version SET version_num = '1000'")
        assert not (await database(url, tmp_path)).ok

    gone = await database(url.replace("postgres@", "postgres:hunter2@"), tmp_path)
    assert (gone.ok, "does not exist" in gone.what, "hunter2" in render([gone])) == (False, True, False)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_a_key_that_is_not_the_databases_fails(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    async with AsyncExitStack() as resources:
        url = f"sqlite:///{tmp_path}/showcaller.db"
        if kind == "postgresql":
            server: postgresql.Server = request.getfixturevalue("postgresql_server")
            url = await resources.enter_async_context(server.database())
        await _proven(url, SecretBox(SecretStr(KEY)))
        given = {"SLACK_SIGNING_SECRET": "signing", "DATABASE_URL": url}
        other = Fernet.generate_key().decode()
        slack_url = await resources.enter_async_context(slack(ok()))

        async def found(key: str) -> list[Finding]:
            return await preflight(settings(slack_url, tmp_path, **given, SHOWCALLER_SECRET_KEY=key), [])

        for key in (KEY, f"{other},{KEY}"):
            assert all(finding.ok for finding in await found(key))
        (bad,) = (finding for finding in await found(other) if not finding.ok)
        assert bad == Finding(
            "SHOWCALLER_SECRET_KEY", False, "opens nothing of what is sealed in the database", WRONG_KEY
        )


async def test_a_kept_key_is_looked_at_and_not_made(tmp_path: Path) -> None:
    url, kept = f"sqlite:///{tmp_path}/showcaller.db", tmp_path / "showcaller.db.key"
    await _proven(url, SecretBox(SecretStr(KEY)))

    async def found() -> list[tuple[bool, str]]:
        given = {"SLACK_SIGNING_SECRET": "signing", "DATABASE_URL": url}
        async with slack(ok()) as slack_url:
            findings = await preflight(settings(slack_url, tmp_path, **given), [])
        return [(finding.ok, finding.what.partition(";")[0]) for finding in findings if finding.name == "database key"]

    assert await found() == [(True, "is gone")]
    assert not kept.exists()
    kept.write_text(KEY)
    assert await found() == []
    kept.write_text(Fernet.generate_key().decode())
    assert await found() == [(False, "opens nothing of what is sealed in the database")]
    kept.write_text("half a key")
    assert [ok for ok, _ in await found()] == [False]


async def _proven(url: str, box: SecretBox) -> None:
    """A database that a bot with these keys has used."""
    store = await Store.open(url)
    us = Identity(team_id="T1", team_name="Acme", url="https://acme.test/", bot_user_id="U0", bot_id="B0")
    await Identities(store, SystemClock()).keep(us)
    assert await is_proven(store, box)
    await store.close()


def test_a_bad_configuration_is_rendered_too() -> None:
    findings = findings_of(BadSettings([BadSetting("PORT", "is wrong", "a port number.")]))
    assert render(findings) == "FAIL  PORT: is wrong\n      Expected: a port number.\n1 of 1 failed\n"
