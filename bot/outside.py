"""What has to be opened, asked or connected before anything can be built on it: `bot/wiring.py` does the rest."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import structlog
from pydantic import SecretStr
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from bot.providers import Building, ConfiguredProviders, measure
from bot.secrets import SecretBox, key_for, key_path
from bot.settings import DatabaseSettings, Settings
from bot.slack.client import CALL_SECONDS, REACH_SECONDS, SlackClient
from bot.slack.errors import NotGranted, SlackError, TokenDead
from bot.slack.sdk import slack_session, web_client
from bot.store.engine import Store
from bot.store.identity import Identities, Identity
from bot.store.key_proof import WRONG_KEY, is_proven, prove
from commands.core.ports import Clock

log = structlog.get_logger(__name__)


class CannotStart(Exception):
    """The bot cannot start. The message says what is wrong and what to do."""


@dataclass(frozen=True, slots=True)
class Outside:
    clock: Clock
    store: Store
    box: SecretBox
    providers: ConfiguredProviders
    web: AsyncWebClient
    slack: SlackClient
    identity: Identity
    metrics: Metrics


async def open_outside(settings: Settings, clock: Clock, build: Building, resources: AsyncExitStack) -> Outside:
    """`resources` closes it again. Raises `CannotStart`, `StoreError` or `BadKey`."""
    metrics = Metrics()
    store, box = await _open_store(settings.database, metrics, resources)
    providers = ConfiguredProviders(build(settings.providers))
    for provider in providers:
        resources.push_async_callback(provider.aclose)
        measure(provider, metrics)
    session = slack_session(aiohttp.ClientTimeout(total=CALL_SECONDS, sock_connect=REACH_SECONDS))
    resources.push_async_callback(session.close)
    web = web_client(settings.slack.api_url, session, token=settings.slack.bot_token.get_secret_value())
    slack = SlackClient(web, session, metrics, monotonic=clock.monotonic)
    identity = await _identify(slack, Identities(store, clock))
    if not await is_proven(store, box):
        log.warning("what is sealed in the database cannot be opened with this key", remedy=WRONG_KEY)
    return Outside(clock, store, box, providers, web, slack, identity, metrics)


async def _open_store(
    database: DatabaseSettings, metrics: Metrics, resources: AsyncExitStack
) -> tuple[Store, SecretBox]:
    was_there = database.file is not None and database.file.exists()
    store = await Store.open(database.url.get_secret_value(), failed=metrics.store_failed)
    resources.push_async_callback(store.close)
    is_kept = store.file is None or bool(database.secret_keys) or key_path(store.file).exists()
    box = SecretBox(*_keys(database, store.file, was_there=was_there))
    if not is_kept:
        await prove(store, box)
    return store, box


def _keys(database: DatabaseSettings, file: Path | None, *, was_there: bool) -> Sequence[SecretStr]:
    """Those that are configured, else the one beside the file."""
    if database.secret_keys or file is None:
        return database.secret_keys
    if was_there and not key_path(file).exists():
        log.warning("the key of the database is gone; a new one opens nothing that was sealed", database=str(file))
    return [key_for(file)]


async def _identify(slack: SlackClient, identities: Identities) -> Identity:
    """Ask Slack who we are; while it is down, what it said last time will do."""
    try:
        answer = await slack.identify()
    except (TokenDead, NotGranted) as error:
        raise CannotStart(
            f"Slack refuses SLACK_BOT_TOKEN with `{error.code}`. Copy it again from the app's page."
        ) from None
    except SlackError as error:
        kept = await identities.load()
        if kept is None:
            raise CannotStart(f"Slack cannot be reached ({error.code}). Check the network and SLACK_API_URL.") from None
        log.warning("Slack cannot be reached; starting with what it said last", error=str(error))
        return kept
    identity = Identity(
        team_id=answer["team_id"],
        team_name=answer["team"],
        url=answer["url"],
        bot_user_id=answer["user_id"],
        bot_id=answer["bot_id"],
    )
    await identities.keep(identity)
    return identity
