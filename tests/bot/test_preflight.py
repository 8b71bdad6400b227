import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bot import manifest
from bot.config import BadSetting, BadSettings, load
from bot.preflight import Finding, findings_of, preflight, render
from bot.settings import Settings
from providers.base import Backend
from providers.errors import Unauthenticated

SCOPES = ",".join(sorted(manifest.scopes(manifest.load())))
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


def by_name(findings: list[Finding]) -> dict[str, Finding]:
    assert len({f.name for f in findings}) == len(findings)
    return {f.name: f for f in findings}


async def test_all_is_well(tmp_path: Path) -> None:
    async with slack(ok()) as url:
        findings = await preflight(settings(url, tmp_path), [Well("stage")])
    assert [f.name for f in findings] == [
        "configuration",
        "SLACK_BOT_TOKEN",
        "scopes",
        "SLACK_APP_TOKEN",
        "provider stage",
    ]
    assert all(f.ok for f in findings)
    assert by_name(findings)["SLACK_BOT_TOKEN"].what == "belongs to showcaller in the workspace Acme"
    assert render(findings).endswith("all 5 are well\n")


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
    async with slack(ok("commands,chat:write,channels:read,groups:read,im:read,files:write")) as url:
        lacking = by_name(await preflight(settings(url, tmp_path), []))["scopes"]
    async with slack(ok(f"{SCOPES},files:write")) as url:
        extra = by_name(await preflight(settings(url, tmp_path), []))["scopes"]
    assert (lacking.ok, lacking.what) == (
        False,
        "missing: app_mentions:read, im:history, users:read; more than needed: files:write",
    )
    assert (extra.ok, extra.what) == (True, "more than needed: files:write")
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
    assert text.endswith("2 of 7 failed\n")


def test_a_bad_configuration_is_rendered_too() -> None:
    findings = findings_of(BadSettings([BadSetting("PORT", "is wrong", "a port number.")]))
    assert render(findings) == "FAIL  PORT: is wrong\n      Expected: a port number.\n1 of 1 failed\n"
