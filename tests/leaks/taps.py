"""Where the watch listens: at what makes secrets, and at everything by which a text leaves the bot.

Nothing is changed but that it is heard. What is replaced here is called by its module, so that the order of imports
does not matter.
"""

import json
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import Any

import jwt
import pytest
import structlog
from aiohttp import web
from pydantic import SecretStr
from sqlalchemy import NullPool, make_url, text
from sqlalchemy.ext.asyncio import create_async_engine

import bot.demo.slack.server
import bot.web
from bot.demo.slack.deliver import Door
from bot.demo.slack.permits import Permits
from bot.demo.slack.things import Ack, ChannelKind
from bot.demo.slack.uploads import Uploads
from bot.demo.slack.web_api import Tokens, WebApi
from bot.demo.slack.workspace import Workspace
from bot.metrics import Metrics
from bot.store.engine import Store
from bot.store.postgresql import DRIVER
from commands.core.reply import Secret
from tests.bot.process.showcaller import Ended
from tests.leaks.watch import Kind, Watch
from tests.standins.livekit import SECRET


def install(watch: Watch) -> None:
    """For as long as the process lasts."""
    patch = pytest.MonkeyPatch()
    watch.learn(SECRET)
    _learn(watch, patch)
    _hear_slack(watch, patch)
    _hear_the_rest(watch, patch)


def _tap(
    patch: pytest.MonkeyPatch, owner: object, name: str, heard: Callable[..., None], *, first: bool = False
) -> None:
    """Call `heard` with the result and the arguments of each call; with the arguments alone where it comes `first`."""
    original = getattr(owner, name)

    @wraps(original)
    def tapped(*given: Any, **named: Any) -> Any:
        if first:
            heard(*given, **named)
            return original(*given, **named)
        result = original(*given, **named)
        heard(result, *given, **named)
        return result

    patch.setattr(owner, name, tapped)


def _learn(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    def secret(_: SecretStr, value: object) -> None:
        """A token that is one stands in a `SecretStr` from the moment it is issued."""
        watch.learn(str(value), Kind.ISSUED if str(value).startswith("eyJ") else Kind.SECRET)

    def shown(made: Secret, *_: object, **__: object) -> None:
        watch.learn(made.value.get_secret_value(), Kind.ISSUED)

    def tokens(made: Tokens) -> None:
        for token in (made.bot, made.app, made.signing_secret):
            watch.learn(token)

    _tap(patch, SecretStr, "__init__", secret, first=True)
    _tap(patch, Secret, "__init__", lambda _, made, *__, **___: shown(made))
    _tap(patch, jwt, "encode", lambda token, *_, **__: watch.learn(token))
    patch.setattr(Tokens, "made_up", _made_up(Tokens.made_up, tokens))
    _tap(patch, Uploads, "announce", lambda announced, *_, **__: watch.learn(announced[1]))
    _tap(patch, Permits, "issue_response_url", lambda key, *_, **__: watch.learn(key))


def _made_up(original: Callable[[], Tokens], learn: Callable[[Tokens], None]) -> Callable[[], Tokens]:
    def made_up() -> Tokens:
        made = original()
        learn(made)
        return made

    return made_up


def _hear_slack(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    def called(api: WebApi, name: str, token: str, arguments: Mapping[str, Any]) -> None:
        watch.hear_payload(name, arguments, to_asker=_is_to_one(api._workspace, name, arguments))

    def responded(workspace: Workspace, key: str, payload: Mapping[str, Any]) -> None:
        watch.hear_payload("response_url", payload, to_asker=_is_read_by_one(workspace, key, payload))

    _tap(patch, WebApi, "answer", called, first=True)
    _tap(patch, bot.demo.slack.server, "respond", responded, first=True)
    _tap(patch, Uploads, "take", lambda _, __, key, content: watch.hear("an uploaded file", content))
    acknowledge = Door.send

    async def send(door: Door, *given: Any) -> Ack:
        ack = await acknowledge(door, *given)
        watch.hear_payload("an acknowledgement", ack.body)
        return ack

    patch.setattr(Door, "send", send)


def _is_to_one(workspace: Workspace, name: str, arguments: Mapping[str, Any]) -> bool:
    """Whether a message that is posted so is read by one person."""
    if name == "chat.postEphemeral":
        return True
    channel = str(arguments.get("channel", ""))
    return name in ("chat.postMessage", "chat.update") and (channel.startswith("U") or _is_direct(workspace, channel))


def _is_direct(workspace: Workspace, channel_id: str) -> bool:
    channel = workspace.channel(channel_id)
    return channel is not None and channel.kind == ChannelKind.DIRECT


def _is_read_by_one(workspace: Workspace, key: str, payload: Mapping[str, Any]) -> bool:
    """An answer at a response_url takes the place of what was pressed, or is for one person unless it says another."""
    permit = workspace.permits._response_urls.get(key)
    if permit is None or _is_direct(workspace, permit.channel):
        return permit is not None
    if not payload.get("replace_original"):
        return str(payload.get("response_type", "ephemeral")) == "ephemeral"
    channel = workspace.channel(permit.channel)
    replaced = workspace.message(channel, permit.original) if channel is not None else None
    return replaced is not None and replaced.ephemeral_to is not None


def _hear_the_rest(watch: Watch, patch: pytest.MonkeyPatch) -> None:
    formatter = structlog.stdlib.ProcessorFormatter
    _tap(patch, formatter, "format", lambda line, *_, **__: watch.hear("the log", line))
    _tap(patch, Metrics, "render", lambda numbers, *_: watch.hear("metrics", numbers))
    _tap(patch, Ended, "__init__", lambda _, __, code, out, err: watch.hear("a process", f"{out}\n{err}"))

    async def answered(request: web.Request, response: web.StreamResponse) -> None:
        body = response.body if isinstance(response, web.Response) else None
        watch.hear("an HTTP answer", body if isinstance(body, bytes) else "")
        watch.hear("an HTTP answer", json.dumps(dict(response.headers)))

    _tap(patch, bot.web, "_application", lambda app, *_, **__: app.on_response_prepare.append(answered))
    close = Store.close

    async def closed(store: Store) -> None:
        if store.file is not None:
            hear_file(watch, store.file)
        await close(store)

    patch.setattr(Store, "close", closed)


def hear_file(watch: Watch, file: Path) -> None:
    """A SQLite database as it lies on the disk, with what SQLite has not overwritten yet."""
    for path in (file, file.with_name(f"{file.name}-wal")):
        if path.exists():
            watch.hear("the database file", path.read_bytes())


async def hear_server(watch: Watch, url: str) -> None:
    """All rows of a PostgreSQL database, as a dump would have them."""
    engine = create_async_engine(make_url(url).set(drivername=DRIVER), poolclass=NullPool)
    async with engine.connect() as connection:
        await connection.execute(text("SET bytea_output = 'escape'"))
        tables = await connection.execute(text("SELECT tablename FROM pg_tables WHERE schemaname = 'public'"))
        for name in tables.scalars().all():
            rows = await connection.execute(text(f'SELECT string_agg(each::text, chr(10)) FROM "{name}" AS each'))
            watch.hear("the database server", rows.scalar_one() or "")
    await engine.dispose()
