"""A process that ends around a call to Slack, as far as the database and Slack can tell."""

import asyncio
from enum import Enum, auto
from typing import Any

from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from sqlalchemy import func, select

from bot.slack.client import SlackClient
from bot.store.tables import note
from tests.bot.alerts.scene import Scene
from tests.bot.slack.conftest import Clock


class Crash(BaseException):
    """The end of the process: nothing that handles errors handles it."""


class Moment(Enum):
    """When it ends: before a call leaves, or after it and before its result is written down."""

    NEVER = auto()
    BEFORE = auto()
    AFTER = auto()


class Mortal(AsyncWebClient):
    """The way to Slack of a process that ends around the next call of `fatal`. Once `died` is set, it calls nobody."""

    died: asyncio.Event
    fatal: tuple[str, Moment] = ("", Moment.NEVER)

    async def api_call(self, api_method: str, **request: Any) -> AsyncSlackResponse:
        method, moment = self.fatal
        if self.died.is_set() or (api_method == method and moment is Moment.BEFORE):
            raise self._end()
        try:
            return await super().api_call(api_method, **request)
        finally:
            if api_method == method and moment is Moment.AFTER:
                raise self._end()

    def _end(self) -> Crash:
        self.died.set()
        return Crash()


class Life:
    """A process on the scene's database that began at this moment. What ran before is dead.

    It ends at that moment of the next call of `method`, or else lives until `end`.
    """

    def __init__(
        self, scene: Scene, method: str = "", moment: Moment = Moment.NEVER, *, clock: Clock | None = None
    ) -> None:
        web = Mortal(
            token=scene.slack.bot_token, base_url=scene.slack.api_url, session=scene.session, retry_handlers=[]
        )
        web.died, web.fatal = asyncio.Event(), (method, moment)
        self._died = web.died
        scene.client = SlackClient(web, scene.session, scene.metrics)
        scene.deliverer = scene.new_deliverer(clock)
        self._scene = scene
        self._running = asyncio.create_task(scene.deliverer.run())

    async def until_quiet(self) -> bool:
        """Wait until Slack was told all. False where the process ended before."""
        quiet = asyncio.create_task(self._is_quiet())
        died = asyncio.create_task(self._died.wait())
        await asyncio.wait({quiet, died}, return_when=asyncio.FIRST_COMPLETED)
        died.cancel()
        if not self._died.is_set():
            await quiet
            return True
        quiet.cancel()
        await self.end()
        return False

    async def _is_quiet(self) -> None:
        """No card is behind and no note is owed."""
        async with asyncio.timeout(10):
            while await self._scene.behind() or await self._notes_owed():
                await asyncio.sleep(0.01)

    async def _notes_owed(self) -> int:
        async with self._scene.house.store.reading() as conn:
            query = select(func.count()).select_from(note).where(note.c.ts.is_(None))
            return (await conn.execute(query)).scalar_one()

    async def end(self) -> None:
        self._running.cancel()
        await asyncio.wait({self._running})
        if not self._running.cancelled():
            assert isinstance(self._running.exception(), Crash | None)
