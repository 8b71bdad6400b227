"""The one narrow way out to Slack: the few calls we make, errors narrowed.

Nothing is retried here. A repeated post may post twice, so whoever calls decides.
"""

import asyncio
from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from bot.render.limits import view_problems
from bot.render.message import Message
from bot.render.text import Block
from bot.slack.errors import PayloadRefused, SlackDown, TokenDead, narrow

log = structlog.get_logger(__name__)

CALL_SECONDS = 8.0
"""For one call. A delivery's lease is 15 s, so that a call that is given up is over before the lease is."""

_AS_TEXT: Mapping[str, object] = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}
"""Said with every message: names that servers gave are not made into links or mentions."""


class SlackClient:
    """`session` belongs to the caller, and so does its time limit, which the SDK's own gives way to."""

    def __init__(self, web: AsyncWebClient, session: aiohttp.ClientSession, metrics: Metrics) -> None:
        self._web = web
        self._session = session
        self._metrics = metrics
        self.is_answered = False
        """Whether Slack answered the last call, and accepted our token; any answer of its own counts."""

    async def identify(self) -> dict[str, Any]:
        """The answer of `auth.test`: `team_id`, `team`, `url`, `user_id`, `bot_id`."""
        return await self._call("auth.test")

    async def user(self, user_id: str) -> dict[str, Any]:
        """`users.info`: the `user` object."""
        user: dict[str, Any] = (await self._read("users.info", user=user_id))["user"]
        return user

    async def channel(self, channel_id: str) -> dict[str, Any]:
        """`conversations.info`: the `channel` object, with `is_member` for channels."""
        channel: dict[str, Any] = (await self._read("conversations.info", channel=channel_id))["channel"]
        return channel

    async def post(
        self, channel_id: str, shown: Message, *, thread_ts: str | None = None, broadcast: bool = False
    ) -> str:
        """Post and return the message's `ts`."""
        extra = {"thread_ts": thread_ts, "reply_broadcast": broadcast} if thread_ts else {}
        answer = await self._send("chat.postMessage", {"channel": channel_id, **extra}, shown)
        return str(answer["ts"])

    async def update(self, channel_id: str, ts: str, shown: Message) -> None:
        await self._send("chat.update", {"channel": channel_id, "ts": ts}, shown)

    async def whisper(self, channel_id: str, user_id: str, shown: Message, *, thread_ts: str | None = None) -> None:
        """Post what one person sees. Delivery is not guaranteed: the person must be there."""
        extra = {"thread_ts": thread_ts} if thread_ts else {}
        await self._send("chat.postEphemeral", {"channel": channel_id, "user": user_id, **extra}, shown)

    async def direct(self, user_id: str, shown: Message) -> None:
        """Write to somebody in a conversation with the bot alone: a user's id as the channel opens it."""
        await self.post(user_id, shown)

    async def open_view(self, trigger_id: str, view: Block) -> None:
        await self._call("views.open", json={"trigger_id": trigger_id, "view": self._checked_view(view)})

    async def update_view(self, view_id: str, view_hash: str, view: Block) -> None:
        await self._call("views.update", json={"view_id": view_id, "hash": view_hash, "view": self._checked_view(view)})

    async def respond(
        self, response_url: str, shown: Message, *, in_channel: bool = False, replace: bool = False
    ) -> None:
        """Answer at a `response_url`: to the asker alone unless `in_channel`; `replace` what was pressed."""
        payload = {
            **_content(shown),
            "response_type": "in_channel" if in_channel else "ephemeral",
            "replace_original": replace,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        try:
            async with asyncio.timeout(CALL_SECONDS), self._session.post(response_url, json=payload) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._down("response_url", error) from error
        self._metrics.slack_calls.labels("response_url", "ok" if status == 200 else f"http_{status}").inc()
        if status != 200:
            raise SlackDown(f"http_{status}", "response_url")

    async def _send(self, method: str, arguments: dict[str, Any], shown: Message) -> dict[str, Any]:
        return await self._call(method, json={**arguments, **_content(shown), **_AS_TEXT})

    async def _read(self, method: str, **arguments: str) -> dict[str, Any]:
        """Slack's reading methods take no JSON."""
        return await self._call(method, http_verb="GET", params=arguments)

    async def _call(self, method: str, **request: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(CALL_SECONDS):
                response = await self._web.api_call(method, **request)
        except SlackApiError as error:
            narrowed = narrow(error, method)
            self.is_answered = not isinstance(narrowed, SlackDown | TokenDead)
            self._metrics.slack_calls.labels(method, narrowed.code).inc()
            raise narrowed from error
        except (aiohttp.ClientError, TimeoutError, ValueError, AttributeError) as error:
            # The last two are the SDK's for an answer that is JSON but no object of Slack's.
            raise self._down(method, error) from error
        self.is_answered = True
        self._metrics.slack_calls.labels(method, "ok").inc()
        return dict(response.data) if isinstance(response.data, dict) else {}

    def _down(self, method: str, error: Exception) -> SlackDown:
        self.is_answered = False
        code = "timeout" if isinstance(error, TimeoutError) else "connection"
        self._metrics.slack_calls.labels(method, code).inc()
        return SlackDown(code, method)

    def _checked_view(self, view: Block) -> Block:
        if problems := view_problems(view):
            log.error("a view breaks Slack's limits", problems=problems)
            raise PayloadRefused("own_check", "views")
        return view


def _content(shown: Message) -> dict[str, Any]:
    """A `Message` fits Slack's limits since it was made."""
    return {"text": shown.text, "blocks": shown.blocks}
