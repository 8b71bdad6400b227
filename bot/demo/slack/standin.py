"""`StandIn`: a Slack workspace on loopback, with people who type, press and fill in forms."""

import asyncio
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

from bot.demo.slack.app import App
from bot.demo.slack.deliver import Door, Http, Kind, Sockets
from bot.demo.slack.errors import Refused
from bot.demo.slack.faults import Faults
from bot.demo.slack.limits import Limits
from bot.demo.slack.people import People
from bot.demo.slack.server import Server
from bot.demo.slack.things import Ack, Call, Channel, Message, User, View
from bot.demo.slack.web_api import Tokens, WebApi
from bot.demo.slack.workspace import TEAM_ID, Workspace

T = TypeVar("T")


class StandIn:
    """Give the bot `api_url` and the tokens; for HTTP set `request_url` to where it listens, for Socket Mode leave it.

    `manifest` is the app's, as a dict: its scopes, commands, events and switches are enforced. `now` gives epoch
    seconds for what expires, so that a test can age it. `sockets` are the Socket Mode connections and their troubles,
    `faults` the troubles of what the bot calls, and `limits` how much of it is taken.
    """

    def __init__(self, manifest: Mapping[str, Any], *, now: Callable[[], float] = time.time) -> None:
        app = App.of(manifest)
        tokens = Tokens.made_up()
        self.bot_token = tokens.bot
        self.app_token = tokens.app
        self.signing_secret = tokens.signing_secret
        self.team_id = TEAM_ID
        self.workspace = Workspace(now)
        self.bot_user_id = self.workspace.bot.id
        self.sockets = Sockets(self.workspace.changed)
        self.faults = Faults(self.workspace.changed)
        self.limits = Limits(now)
        self._api = WebApi(self.workspace, app, tokens, self.limits, self._socket_url)
        self._server = Server(self.workspace, self._api, self.sockets, self.faults)
        self._http = Http(tokens.signing_secret)
        self._door = Door(self._http, self.sockets)
        self._people = People(self.workspace, app, self._door, self._response_url)

    async def start(self, port: int = 0) -> None:
        self._http.open()
        await self._server.start(port)

    async def stop(self) -> None:
        await self.sockets.close()
        await self._http.close()
        await self._server.stop()

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    # Where it is

    @property
    def api_url(self) -> str:
        return f"{self._server.origin}/api/"

    @property
    def request_url(self) -> str | None:
        return self._door.request_url

    @request_url.setter
    def request_url(self, url: str | None) -> None:
        self._door.request_url = url

    @property
    def ack_seconds(self) -> float:
        """How long Slack waits for an acknowledgement."""
        return self._door.deadline_seconds

    @ack_seconds.setter
    def ack_seconds(self, seconds: float) -> None:
        self._door.deadline_seconds = seconds

    @property
    def connections(self) -> int:
        """How many Socket Mode connections are open."""
        return len(self.sockets.links)

    def _socket_url(self) -> str:
        return f"{self._server.origin.replace('http', 'ws', 1)}/link?ticket={self.sockets.ticket()}"

    def _response_url(self, key: str) -> str:
        return f"{self._server.origin}/response/{key}"

    # What Slack refuses

    def refuse(self, method: str, code: str, *, times: int = 1, retry_after: int | None = None, **more: object) -> None:
        """Refuse the next calls of a method, or posts to a `response_url`, by that code.

        `retry_after` in seconds; `more` is what else is answered.
        """
        said = more if retry_after is None else {**more, "retry_after": retry_after}
        self.limits.refuse(method, Refused(code, **said), times)

    @property
    def is_paced(self) -> bool:
        """Whether posts and updates beyond Slack's pace are refused."""
        return self.limits.enforced

    @is_paced.setter
    def is_paced(self, paced: bool) -> None:
        self.limits.enforced = paced

    # What people do

    async def command(self, user: User, channel: Channel, text: str) -> Ack:
        """Type a slash command, as in `/video room create x`."""
        return await self._people.command(user, channel, text)

    async def write(self, user: User, channel: Channel, text: str, *, under: Message | None = None) -> Message:
        """Write a message, as in `@showcaller room list`; `under` replies in that message's thread."""
        return await self._people.write(user, channel, text, under=under)

    async def shortcut(self, user: User, name: str) -> Ack:
        """Choose a shortcut of the app by its name, from Slack's own menu."""
        return await self._people.shortcut(user, name)

    async def message_shortcut(self, user: User, message: Message, name: str) -> Ack:
        """Choose a shortcut from a message's menu."""
        return await self._people.message_shortcut(user, message, name)

    async def press(self, user: User, place: Message | View, button: str) -> Ack:
        """Press a button by its label or action_id. Raises LookupError where it is not there at this moment."""
        return await self._people.press(user, place, button)

    async def submit(self, user: User, view: View, values: Mapping[str, object]) -> Ack:
        """Fill in by block_id and submit; what is left out keeps what stood there.

        Into a select that asks the bot for its options a text is typed, and the option of that value or label is
        chosen, else the last one.
        """
        return await self._people.submit(user, view, values)

    async def suggest(self, user: User, view: View, block_id: str, query: str) -> list[Mapping[str, Any]]:
        """Type into a select that asks the bot for its options; returns them."""
        return await self._people.suggest(user, view, block_id, query)

    async def choose(self, user: User, view: View, block_id: str, value: object) -> Ack:
        """Choose in an input that tells the bot at once."""
        return await self._people.choose(user, view, block_id, value)

    async def close(self, user: User, view: View, *, everything: bool = False) -> Ack:
        return await self._people.close(user, view, everything=everything)

    async def event(self, event: Mapping[str, Any]) -> Ack:
        """Deliver an event of the Events API."""
        return await self._people.event(event)

    async def deliver(self, kind: Kind, payload: Mapping[str, Any]) -> Ack:
        """Deliver any payload, one that no gesture makes too."""
        return await self._door.send(kind, payload)

    async def redeliver(self) -> Ack:
        """Deliver the last payload once more, as Slack may where it saw no acknowledgement."""
        return await self._door.again()

    async def open_home(self, user: User) -> Ack:
        channel = self.workspace.dm(user).id
        return await self.event({"type": "app_home_opened", "user": user.id, "channel": channel, "tab": "home"})

    # What people see

    def seen_by(self, user: User, channel: Channel) -> list[Message]:
        """What that person sees there at this moment, thread replies too, the oldest first."""
        return self.workspace.seen_by(user, channel)

    def view_of(self, user: User) -> View | None:
        """The modal before that person."""
        return self.workspace.modals.top(user.id)

    def home_of(self, user: User) -> View | None:
        return self.workspace.modals.home(user.id)

    @property
    def calls(self) -> list[Call]:
        """Every Web API call that was received, the oldest first, without its token."""
        return self._api.calls

    async def until(
        self,
        condition: Callable[[], T | None],
        timeout: float = 5.0,  # noqa: ASYNC109 - on time-out it shows what people see, which the caller cannot
    ) -> T:
        """Wait until the condition is true and return what it gave. It is asked again after every change here."""
        try:
            async with asyncio.timeout(timeout):
                while not (found := condition()):
                    await self.workspace.change()
                return found
        except TimeoutError:
            raise AssertionError(f"it did not come true within {timeout} s\n{self.picture()}") from None

    def picture(self) -> str:
        """What every person sees, for the eyes of whoever reads a failed test."""
        return "\n".join(line for user in self.workspace.people for line in self._picture_of(user))

    def _picture_of(self, user: User) -> list[str]:
        drawn = [f"== {user.name}"]
        for channel in self.workspace.channels:
            messages = self.seen_by(user, channel)
            drawn += [f"-- {channel.name}"] * bool(messages)
            drawn += [f"   {'(only you) ' * bool(each.ephemeral_to)}{' / '.join(each.lines)}" for each in messages]
        for name, view in (("modal", self.view_of(user)), ("home", self.home_of(user))):
            if view is not None:
                drawn.append(f"-- {name}: {' / '.join(view.lines)}")
        return [*drawn, *(f"-- {each.what}: {each.problem}" for each in self.workspace.notices if each.user == user.id)]
