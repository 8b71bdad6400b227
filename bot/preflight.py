"""What `showcaller check` finds out before anything depends on it: Slack's tokens and scopes, the video servers."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from aiohttp import ClientError, ClientTimeout
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import manifest
from bot.config import BadSettings
from bot.inspection import DEADLINE_SECONDS
from bot.secrets import BadKey, SecretBox, key_path
from bot.settings import DatabaseSettings, Settings
from bot.slack.errors import SlackDown, Suspended, Throttled, kind_of
from bot.slack.sdk import slack_session, web_client
from bot.store.engine import Store
from bot.store.errors import StoreError
from bot.store.key_proof import WRONG_KEY, opens, proofs
from providers.base import Provider
from providers.errors import ProviderError

SLACK_SECONDS = 10
PING_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Finding:
    """`name`: what was looked at. `what`: how it is. `remedy`: what to do, where there is something.

    `is_warning`: the bot works, but cannot do all that it could.
    """

    name: str
    ok: bool
    what: str
    remedy: str = ""
    is_warning: bool = False


def findings_of(error: BadSettings) -> list[Finding]:
    """The configuration's problems, where there are any; nothing else can be looked at then."""
    return [Finding(bad.where, False, bad.what, f"Expected: {bad.right.rstrip('.')}.") for bad in error.problems]


async def preflight(
    settings: Settings, providers: Iterable[Provider], *, ping_seconds: float = PING_SECONDS
) -> list[Finding]:
    """Ask the database, Slack and every video server, all at once. Never raises for what it finds."""
    async with slack_session(ClientTimeout(total=SLACK_SECONDS)) as session:
        client = web_client(settings.slack.api_url, session, token=settings.slack.bot_token.get_secret_value())
        asked = (_provider(provider, ping_seconds) for provider in providers)
        groups = await asyncio.gather(
            _database(settings.database), _bot_token(client), _transport(client, settings), *asked
        )
    return [Finding("configuration", True, "is complete"), *(finding for group in groups for finding in group)]


def render(findings: list[Finding]) -> str:
    """Plain text, a line each, and a line with what to do below a bad one."""
    lines = []
    for finding in findings:
        lines.append(f"{_mark(finding)}  {finding.name}: {finding.what}")
        if finding.remedy:
            lines.append(f"      {finding.remedy}")
    lines.append(_in_sum(findings))
    return "\n".join(lines) + "\n"


def _in_sum(findings: list[Finding]) -> str:
    failed, warned = sum(not each.ok for each in findings), sum(each.is_warning for each in findings)
    if failed:
        return f"{failed} of {len(findings)} failed"
    return f"none of {len(findings)} failed, {warned} with a warning" if warned else f"all {len(findings)} are well"


def _mark(finding: Finding) -> str:
    if not finding.ok:
        return "FAIL"
    return "warn" if finding.is_warning else "ok  "


async def _database(database: DatabaseSettings) -> list[Finding]:
    try:
        name, schema = await Store.examine(database.url.get_secret_value())
    except StoreError as error:
        return [Finding("database", False, str(error).rstrip("."), "Look at DATABASE_URL and at what it names.")]
    if schema is None:
        return [Finding("database", True, f"{name} is made at the first start")]
    if not schema.present:
        return [Finding("database", True, f"{name} is empty; the first start makes its tables")]
    if schema.is_ahead:
        what = f"{name} was upgraded by a newer version ({schema.present}), and this one works with it"
    elif schema.present != schema.newest:
        what = f"{name} has the schema {schema.present}; the next start brings it to {schema.newest}"
    else:
        what = f"{name} answers and has the schema of this version ({schema.present})"
    return [Finding("database", True, what), *await _key(database)]


async def _key(database: DatabaseSettings) -> list[Finding]:
    """Something to say only where the key is not the database's."""
    name = "SHOWCALLER_SECRET_KEY" if database.secret_keys else "database key"
    try:
        keys = database.secret_keys or _kept_keys(database)
        _, sealed = await Store.peek(database.url.get_secret_value(), proofs)
        if not keys:
            gone = "is gone; the next start makes another one, which opens nothing that was sealed before"
            return [Finding(name, True, gone)] if sealed else []
        if opens(SecretBox(*keys), sealed or []):
            return []
    except (BadKey, StoreError, OSError) as error:
        return [Finding(name, False, str(error).rstrip("."), WRONG_KEY)]
    return [Finding(name, False, "opens nothing of what is sealed in the database", WRONG_KEY)]


def _kept_keys(database: DatabaseSettings) -> Sequence[SecretStr]:
    """Those beside the SQLite file; none where there are none, as a check makes nothing."""
    path = key_path(database.file) if database.file else None
    return [SecretStr(path.read_text().strip())] if path and path.exists() else []


async def _bot_token(client: AsyncWebClient) -> list[Finding]:
    name = "SLACK_BOT_TOKEN"
    try:
        answer = await client.auth_test()
    except Exception as error:
        return [_slack_failed(name, error, "Copy the bot token again from OAuth & Permissions.")]
    works = Finding(name, True, f"belongs to {answer['user']} in the workspace {answer['team']}")
    # slack_sdk hands the headers on as aiohttp gave them: their names are of any case.
    headers = {key.lower(): value for key, value in answer.headers.items()}
    return [works, _scopes(headers.get("x-oauth-scopes", ""))]


def _scopes(header: str) -> Finding:
    """Slack names a token's scopes in a header of every answer."""
    granted = {scope.strip() for scope in header.split(",") if scope.strip()}
    wanted = manifest.scopes(manifest.load())
    extra = f"more than needed: {', '.join(sorted(granted - wanted))}" if granted - wanted else ""
    if missing := sorted(wanted - granted):
        what = f"missing: {', '.join(missing)}" + (f"; {extra}" if extra else "")
        return Finding("scopes", False, what, "Add them as manifest.yml has them, then install the app again.")
    if extra:
        return Finding("scopes", True, extra, "It works, but ask for no more than manifest.yml does.")
    return Finding("scopes", True, "as in manifest.yml")


async def _transport(client: AsyncWebClient, settings: Settings) -> list[Finding]:
    if settings.slack.app_token is None:
        return [Finding("SLACK_SIGNING_SECRET", True, "is set; only a request from Slack can show that it is right")]
    name = "SLACK_APP_TOKEN"
    try:
        await client.apps_connections_open(app_token=settings.slack.app_token.get_secret_value())
    except Exception as error:
        remedy = "Make an app-level token with the scope connections:write and switch on Socket Mode."
        return [_slack_failed(name, error, remedy)]
    return [Finding(name, True, "opens a connection for Socket Mode")]


def _slack_failed(name: str, error: Exception, remedy: str) -> Finding:
    """slack_sdk has no error of its own for a network that fails, nor for JSON that is no object (AttributeError)."""
    if isinstance(error, ClientError | TimeoutError | OSError):
        what = f"Slack cannot be reached ({type(error).__name__})"
        return Finding(name, False, what, "Check the network and SLACK_API_URL.")
    answer = error.response.data if isinstance(error, SlackApiError) else None
    if not isinstance(answer, dict) or "error" not in answer:
        return Finding(name, False, "what answers does not speak like Slack", "Check SLACK_API_URL.")
    code = str(answer["error"])
    passes = kind_of(code) in (SlackDown, Suspended, Throttled)
    return Finding(name, False, f"Slack refuses it with `{code}`", "Try again in a few minutes." if passes else remedy)


async def _provider(provider: Provider, ping_seconds: float) -> list[Finding]:
    name = f"provider {provider.name}"
    try:
        async with asyncio.timeout(ping_seconds):
            await provider.ping()
    except ProviderError as error:
        return [Finding(name, False, error.what, error.remedy)]
    except TimeoutError:
        return [Finding(name, False, f"no answer within {ping_seconds:g} s", "Check that it runs, and its address.")]
    at = f" at {provider.address}" if provider.address else ""
    return [Finding(name, True, f"{provider.kind}{at} answers and accepts our key"), *await _lacks(provider)]


async def _lacks(provider: Provider) -> list[Finding]:
    """What its kind can do and this installation cannot at this moment: the bot works all the same."""
    try:
        async with asyncio.timeout(DEADLINE_SECONDS):
            await provider.inspect()
    except (ProviderError, TimeoutError) as error:
        said = error.what if isinstance(error, ProviderError) else "No answer came in time."
        return [Finding(f"what {provider.name} lacks", True, f"is not known. {said}", is_warning=True)]
    by_reason: dict[str, list[str]] = {}
    for capability, because in provider.lacking_because.items():
        if capability not in provider.capabilities:
            by_reason.setdefault(because, []).append(capability.value.replace("_", " "))
    return [
        Finding(f"what {provider.name} lacks", True, ", ".join(sorted(lacking)), because, is_warning=True)
        for because, lacking in by_reason.items()
    ]
