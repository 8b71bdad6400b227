"""The one narrow way out to Slack: the few calls we make, errors narrowed.

Nothing is retried here that may act twice: a message is sent again, plainer, only where Slack has refused what is in
it. Whoever calls decides about the rest by `SlackError.may_have_happened`.
"""

import asyncio
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

import aiohttp
import structlog
from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.metrics import Metrics
from bot.render.limits import SECTION_TEXT, cut, view_problems
from bot.render.message import Message, words_alone
from bot.render.text import Block
from bot.slack.errors import (
    NotGranted,
    PayloadRefused,
    SlackDown,
    SlackError,
    TokenDead,
    Unfamiliar,
    Unreached,
    narrow,
    refusal,
)
from bot.slack.response_urls import ResponseUrls

log = structlog.get_logger(__name__)

T = TypeVar("T")

CALL_SECONDS = 8.0
"""For one call. A delivery's lease is 15 s, so that a call that is given up is over before the lease is."""

REACH_SECONDS = 4.0
"""For making a connection. Shorter than a call, so that one which was never made is known as such."""

UPLOAD_SECONDS = 60.0
"""For the bytes of a file, which are more than a call's."""

TOKEN_PAUSE_SECONDS = 60.0
"""How long nothing is called after Slack has refused our token: then one call asks whether it takes it again."""

PAGE = 500
"""How much of a list is asked for at once: Slack gives 999 at most, and may give fewer."""

MOST_PAGES = 40

ANSWER_BYTES = 4_096
"""What is read of an answer at a `response_url`: Slack's are a word or a small object."""

_AS_TEXT: Mapping[str, object] = {"unfurl_links": False, "unfurl_media": False, "parse": "none", "link_names": False}
"""Said with every message: names that servers gave are not made into links or mentions."""


class SlackClient:
    """`session` belongs to the caller, and so does its time limit, which the SDK's own gives way to.

    `monotonic` gives seconds, as `commands.core.ports.Clock.monotonic` does.
    """

    def __init__(
        self,
        web: AsyncWebClient,
        session: aiohttp.ClientSession,
        metrics: Metrics,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._web = web
        self._session = session
        self._metrics = metrics
        self._monotonic = monotonic
        self._response_urls = ResponseUrls(web.base_url, monotonic)
        self._takes_tables = True
        self._dead: TokenDead | None = None
        self._ask_again_at = 0.0
        self.is_answered = False
        """Whether Slack answered the last call, and accepted our token; any answer of its own counts."""

    @property
    def is_refused(self) -> bool:
        """Whether Slack has refused our token, and not taken it since."""
        return self._dead is not None

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

    async def user_groups(self) -> list[dict[str, Any]]:
        """`usergroups.list`: those that are in use, each with its `id` and `handle`."""
        groups: list[dict[str, Any]] = (await self._read("usergroups.list"))["usergroups"]
        return groups

    async def group_members(self, group_id: str) -> list[str]:
        """`usergroups.users.list`: ids. A group that was switched off is `GroupGone`."""
        members: list[str] = (await self._read("usergroups.users.list", usergroup=group_id))["users"]
        return members

    async def channel_members(self, channel_id: str) -> list[str]:
        """`conversations.members`: ids."""
        return await self._read_pages("conversations.members", "members", channel=channel_id)

    async def own_channels(self) -> list[dict[str, Any]]:
        """`users.conversations`: the channels that the bot is in, each with `id`, `name` and `is_private`."""
        kinds = "public_channel,private_channel"
        return await self._read_pages("users.conversations", "channels", types=kinds, exclude_archived="true")

    async def post(
        self,
        channel_id: str,
        shown: Message,
        *,
        thread_ts: str | None = None,
        broadcast: bool = False,
        key: str | None = None,
    ) -> str:
        """Post and return the message's `ts`.

        `key`, a UUID, is the same for every try of one message. Slack may then give the first one back instead of
        posting a second; it names this in its errors, and not among the arguments, so nothing depends on it.
        """
        sent: dict[str, Any] = {"channel": channel_id}
        if thread_ts is not None:
            sent |= {"thread_ts": thread_ts, "reply_broadcast": broadcast}
        try:
            answer = await self._send("chat.postMessage", sent | ({"client_msg_id": key} if key else {}), shown)
        except SlackError as error:
            if key is None or error.code not in KEY_REFUSED:
                raise
            answer = await self._send("chat.postMessage", sent, shown)
        return str(answer["ts"])

    async def update(self, channel_id: str, ts: str, shown: Message) -> None:
        await self._send("chat.update", {"channel": channel_id, "ts": ts}, shown)

    async def delete(self, channel_id: str, ts: str) -> None:
        """Delete a message of ours."""
        await self._call("chat.delete", json={"channel": channel_id, "ts": ts})

    async def whisper(self, channel_id: str, user_id: str, shown: Message, *, thread_ts: str | None = None) -> None:
        """Post what one person sees. Delivery is not guaranteed: the person must be there."""
        extra = {"thread_ts": thread_ts} if thread_ts else {}
        await self._send("chat.postEphemeral", {"channel": channel_id, "user": user_id, **extra}, shown)

    async def direct(self, user_id: str, shown: Message) -> str:
        """Write to somebody in a conversation with the bot alone: a user's id as the channel opens it.

        Returns the conversation's own id.
        """
        answer = await self._send("chat.postMessage", {"channel": user_id}, shown)
        return str(answer["channel"])

    async def upload(self, name: str, content: bytes) -> str:
        """Give Slack a file that nobody sees yet. Returns its id, for `share`."""
        arguments = {"filename": name, "length": len(content)}
        given = await self._call("files.getUploadURLExternal", params=arguments)
        await self._upload(str(given["upload_url"]), content)
        return str(given["file_id"])

    async def share(self, file_id: str, title: str, channel_id: str) -> None:
        """Show an uploaded file in a conversation, by its own id. Slack does so in its own time after the answer."""
        files = [{"id": file_id, "title": title}]
        await self._call("files.completeUploadExternal", json={"files": files, "channel_id": channel_id})

    async def _upload(self, url: str, content: bytes) -> None:
        """The address is a permit, so no error has it. Nothing is there before it is shared: it can be done again."""
        limit = aiohttp.ClientTimeout(total=UPLOAD_SECONDS, sock_connect=REACH_SECONDS)
        try:
            async with self._session.post(url, data=content, timeout=limit, allow_redirects=False) as answer:
                status, headers = answer.status, answer.headers
                body = b"" if status == 200 else await answer.content.read(ANSWER_BYTES)
        except (aiohttp.ClientError, TimeoutError) as error:
            raise self._counted(_down("upload", error)) from None
        if status != 200:
            raise self._counted(refusal(_read_answer(body), status, headers, "upload"))
        self._metrics.slack_calls.labels("upload", "ok").inc()

    async def open_view(self, trigger_id: str, view: Block) -> dict[str, Any]:
        """Returns the view as Slack has it, with its `id` and `hash`."""
        answer = await self._call("views.open", json={"trigger_id": trigger_id, "view": self._checked_view(view)})
        opened: dict[str, Any] = answer["view"]
        return opened

    async def update_view(self, view_id: str, view_hash: str, view: Block) -> str:
        """Draw a view again that has not changed since. Returns its new hash."""
        drawn = {"view_id": view_id, "hash": view_hash, "view": self._checked_view(view)}
        answer = await self._call("views.update", json=drawn)
        return str(answer["view"]["hash"])

    async def publish_view(self, user_id: str, view: Block) -> None:
        """Somebody's Home tab; the last one that was published counts."""
        await self._call("views.publish", json={"user_id": user_id, "view": self._checked_view(view)})

    async def respond(
        self, response_url: SecretStr, shown: Message, *, in_channel: bool = False, replace: bool = False
    ) -> None:
        """Answer at a `response_url`: to the asker alone unless `in_channel`; `replace` what was pressed."""
        how = {
            "response_type": "in_channel" if in_channel else "ephemeral",
            "replace_original": replace,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        url = response_url.get_secret_value()
        self._response_urls.require(url)
        await self._as_it_is_taken(shown, lambda way: self._answer(url, {**_content(way), **how}))

    async def _answer(self, response_url: str, payload: dict[str, Any]) -> None:
        try:
            async with (
                asyncio.timeout(CALL_SECONDS),
                self._session.post(response_url, json=payload, allow_redirects=False) as answer,
            ):
                status, headers = answer.status, answer.headers
                body = b"" if status == 200 else await answer.content.read(ANSWER_BYTES)
        except (aiohttp.ClientError, TimeoutError) as error:
            down = _down("response_url", error)
            if down.may_have_happened:
                self._response_urls.used(response_url)
            raise self._counted(down) from error
        self._response_urls.used(response_url)
        if status != 200:
            raise self._counted(refusal(_read_answer(body), status, headers, "response_url"))
        self._metrics.slack_calls.labels("response_url", "ok").inc()

    async def _send(self, method: str, arguments: dict[str, Any], shown: Message) -> dict[str, Any]:
        return await self._as_it_is_taken(
            shown, lambda way: self._call(method, json={**arguments, **_content(way), **_AS_TEXT})
        )

    async def _as_it_is_taken(self, shown: Message, send: Callable[[Message], Awaitable[T]]) -> T:
        """Send it as it is, else without its table, else its words alone.

        What was refused was not posted, so this cannot post twice.
        """
        *ways, words = self._ways(shown)
        for way in ways:
            try:
                return await send(way)
            except PayloadRefused as error:
                if error.code not in PLAINER_HELPS:
                    raise
                self._note_refusal(way, error)
        return await send(words)

    def _ways(self, shown: Message) -> list[Message]:
        """From the richest to the plainest. A workspace that takes no tables is not asked to again."""
        text = cut(shown.text, SECTION_TEXT)
        words = Message(text, words_alone(text))
        if shown.fallback is None:
            return [shown, words]
        classic = Message(shown.text, shown.fallback)
        return [shown, classic, words] if self._takes_tables else [classic, words]

    def _note_refusal(self, way: Message, error: PayloadRefused) -> None:
        if way.fallback is not None:
            self._takes_tables = error.code not in NO_TABLES
            log.warning("Slack refused a table", error=str(error), asked_again=self._takes_tables)
            return
        kinds = [block["type"] for block in way.blocks]
        log.error("Slack refused a message's blocks", error=str(error), blocks=kinds)

    async def _read(self, method: str, **arguments: str) -> dict[str, Any]:
        """Slack's reading methods take no JSON."""
        return await self._call(method, http_verb="GET", params=arguments)

    async def _read_pages(self, method: str, key: str, **arguments: str) -> list[Any]:
        """All pages of a list. Of a longer one than `MOST_PAGES` the rest is left out, which the log says."""
        found, cursor = list[Any](), ""
        for _ in range(MOST_PAGES):
            answer = await self._read(method, **arguments, limit=str(PAGE), **({"cursor": cursor} if cursor else {}))
            found += answer[key]
            cursor = str((answer.get("response_metadata") or {}).get("next_cursor") or "")
            if not cursor:
                return found
        log.warning("a list of Slack's is too long to be read to its end", method=method, read=len(found), **arguments)
        return found

    async def _call(self, method: str, **request: Any) -> dict[str, Any]:
        self._require_token(method)
        try:
            async with asyncio.timeout(CALL_SECONDS):
                response = await self._web.api_call(method, **request)
        except SlackApiError as error:
            raise self._refused(narrow(error, method)) from error
        except (aiohttp.ClientError, TimeoutError, ValueError, AttributeError) as error:
            # The last two are the SDK's for an answer that is JSON but no object of Slack's.
            self.is_answered = False
            raise self._counted(_down(method, error)) from error
        self._taken()
        self._metrics.slack_calls.labels(method, "ok").inc()
        return dict(response.data) if isinstance(response.data, dict) else {}

    def _require_token(self, method: str) -> None:
        """Raises `TokenDead` while Slack refuses our token. From time to time one call may ask."""
        if self._dead is None:
            return
        if self._monotonic() < self._ask_again_at:
            raise TokenDead(self._dead.code, method)
        self._ask_again_at = self._monotonic() + TOKEN_PAUSE_SECONDS

    def _refused(self, error: SlackError) -> SlackError:
        """Keep what a refusal says of us as a whole."""
        self.is_answered = not isinstance(error, SlackDown | TokenDead)
        match error:
            case TokenDead():
                if self._dead is None:
                    log.error("Slack refuses our token", error=str(error), remedy=error.remedy)
                self._dead, self._ask_again_at = error, self._monotonic() + TOKEN_PAUSE_SECONDS
            case SlackDown():
                pass
            case _:
                self._taken()
        return self._counted(error)

    def _taken(self) -> None:
        """Slack answered as it answers whose token it takes."""
        self.is_answered = True
        if self._dead is not None:
            log.warning("Slack takes our token again")
            self._dead = None

    def _counted(self, error: SlackError) -> SlackError:
        """A code of ours or Slack's makes a label; a word that somebody between us made up does not."""
        label = "unknown" if isinstance(error, Unfamiliar) else error.code
        self._metrics.slack_calls.labels(error.method, label).inc()
        match error:
            case NotGranted(needed=needed, provided=provided):
                log.warning(
                    "Slack grants us no such call",
                    error=str(error),
                    needed=needed,
                    provided=provided,
                    remedy=error.remedy,
                )
            case Unfamiliar():
                log.warning("Slack answered with a code that we do not know", error=str(error), remedy=error.remedy)
        return error

    def _checked_view(self, view: Block) -> Block:
        if problems := view_problems(view):
            log.error("a view breaks Slack's limits", problems=problems)
            raise PayloadRefused("own_check", "views")
        return view


def _content(shown: Message) -> dict[str, Any]:
    """A `Message` fits Slack's limits since it was made."""
    return {"text": shown.text, "blocks": shown.blocks}


PLAINER_HELPS = frozenset(
    ["invalid_blocks", "invalid_blocks_format", "msg_too_long", "msg_blocks_too_long", "only_one_table_allowed"]
)

KEY_REFUSED = frozenset(["duplicate_message_not_found", "duplicate_channel_not_found"])
"""What a try was to repeat is nowhere, so nothing was posted: https://docs.slack.dev/reference/methods/chat.postMessage
says so in its errors."""

NO_TABLES = frozenset(["invalid_blocks", "invalid_blocks_format", "only_one_table_allowed"])
"""Said of a message that we know to be right but for its table: it is the table that is not taken."""


def _down(method: str, error: Exception) -> SlackDown:
    """Where no connection was made, be it to a proxy, nothing can have happened."""
    if isinstance(error, aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | aiohttp.InvalidURL):
        return Unreached("no_connection", method)
    return SlackDown("timeout" if isinstance(error, TimeoutError) else "connection", method)


def _read_answer(body: bytes) -> object:
    """At a `response_url` Slack says what is wrong as an object, or as a bare word."""
    try:
        return json.loads(body)
    except ValueError:
        word = body.strip()
        return {"error": word.decode()} if word.isascii() else None
