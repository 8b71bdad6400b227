"""The demo at a terminal: one types what one would type in Slack, presses buttons by number, and sees what comes."""

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Final

from prompt_toolkit.application import run_in_terminal
from rich.console import Console
from rich.text import Text

from bot.demo import verbs
from bot.demo.filling import Filling
from bot.demo.keys import Cancelled, Keys, Left
from bot.demo.people import Place, in_words
from bot.demo.screen import Numbers, Screen, Shown
from bot.demo.seat import NotDone, Seat
from bot.demo.slack import Ack, Message
from bot.demo.slack.things import ChannelKind, elements
from bot.demo.world import World
from commands.core.registry import all_commands
from providers.base import Signal

ANSWER_SECONDS: Final = 1.0
"""How long the prompt waits for an answer; a later one appears above it."""

QUIET_SECONDS: Final = 0.06
"""What changes within this is shown as one."""

SERVERS: Final = {"memory": "a video server in memory", "livekit": "a livekit-server of its own on loopback"}
WELCOME: Final = (
    "Showcaller, offline: the real bot, a stand-in Slack, {server}.",
    "Try /video room create standup, its buttons by number, :join standup bob, @showcaller room list.",
    "You are ana, the owner; :as omar is a member and :as gus a guest. See :help.",
)


class Numbering:
    """Numbers for the buttons of messages. A number stays with its button for as long as that is on the screen."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, str], int] = {}

    def of(self, message: Message) -> Numbers:
        for button in message.buttons:
            self._numbers.setdefault((message.ts, button.action_id), len(self._numbers) + 1)
        return {action_id: number for (ts, action_id), number in self._numbers.items() if ts == message.ts}

    def button(self, number: int) -> tuple[str, str] | None:
        """Its message's ts and its action_id."""
        return next((key for key, given in self._numbers.items() if given == number), None)


class Prompt:
    def __init__(self, world: World, console: Console) -> None:
        self._slack = world.slack
        self._console = console
        self._screen = Screen(world.slack.workspace)
        self._server = SERVERS[world.provider.kind]
        self._people = world.people
        self._heard: Mapping[Place, Sequence[Signal]] = {}
        self._seat = Seat(world, world.owner, world.general)
        self._slash = world.settings.commands.slash
        self._bot = world.slack.workspace.bot.name
        self._keys = Keys(self._seat, all_commands())
        self._shown = Shown()
        self._numbering = Numbering()

    async def run(self) -> None:
        """Until Ctrl-D or `:quit`."""
        for line in WELCOME:
            self._console.print(Text(line.format(server=self._server)))
        watching = asyncio.create_task(self._watch())
        try:
            while not self._seat.leaving:
                try:
                    await self._take(await self._keys.line())
                except Cancelled:
                    continue
                except NotDone as problem:
                    self._console.print(Text(str(problem), "bold red"))
        except Left:
            pass
        finally:
            watching.cancel()
            with suppress(asyncio.CancelledError):
                await watching

    # What is typed

    async def _take(self, line: str) -> None:
        """Raises `NotDone`."""
        if line.isdecimal():
            await self._press(int(line))
        elif line.startswith("/"):
            await self._command(line)
        elif line.startswith(":"):
            await self._verb(line)
        elif line.startswith("@") or (line and self._seat.channel.kind is ChannelKind.DIRECT):
            await self._seat.write(line)
            await self._answered(None)
        elif line:
            raise NotDone(f"Begin with {self._slash}, @{self._bot}, a number, or a colon. See :help.")
        if (view := self._slack.view_of(self._seat.user)) is not None:
            await Filling(self._slack, self._seat.user, self._screen, self._console, self._keys).fill(view)
            await self._answered(None)

    async def _command(self, line: str) -> None:
        name = line.split()[0]
        if name == "/invite":
            await self._verb(":invite")
        elif name != self._slash:
            raise NotDone(f"There is no {name} in this workspace. Try {self._slash} help.")
        else:
            await self._answered(await self._slack.command(self._seat.user, self._seat.channel, line))

    async def _press(self, number: int) -> None:
        key = self._numbering.button(number)
        seen = self._slack.seen_by(self._seat.user, self._seat.channel)
        message = next((each for each in seen if key and each.ts == key[0]), None)
        parts = [part for _, part in elements(message.blocks)] if message else []
        element = next((part for part in parts if key and part["action_id"] == key[1]), None)
        if message is None or element is None:
            raise NotDone(f"There is no button {number} any more." if key else f"There is no button {number}.")
        ack = await self._slack.press(self._seat.user, message, element["action_id"])
        if "url" in element:
            self._console.print(Text(f"A browser would open {element['url']}"), soft_wrap=True)
            return
        await self._answered(ack)

    async def _verb(self, line: str) -> None:
        before = (self._seat.user, self._seat.channel)
        said = await verbs.carry_out(self._seat, line)
        if said:
            self._console.print(Text(said, "blue"))
        if not said or before != (self._seat.user, self._seat.channel):
            self._everything()
        elif not self._seat.leaving:
            await self._quiet()
            self._news()

    # What comes

    async def _answered(self, ack: Ack | None) -> None:
        """Wait for what a gesture brings, for a while, and show it."""
        if ack is not None and ack.problem is not None:
            self._console.print(Text(f"Slack shows an error: {ack.problem}", "bold red"))
        with suppress(TimeoutError):
            async with asyncio.timeout(ANSWER_SECONDS):
                while not (self._has_news() or self._slack.view_of(self._seat.user)):
                    await self._slack.workspace.change()
        await self._quiet()
        self._news()

    async def _watch(self) -> None:
        """Show what comes of itself, above the line that is being typed."""
        while True:
            await self._slack.workspace.change()
            await self._quiet()
            if self._has_news():
                await run_in_terminal(self._news)

    async def _quiet(self) -> None:
        """Wait until nothing changes for a moment, so that a card which changes twice is shown once."""
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout(QUIET_SECONDS):
                    await self._slack.workspace.change()

    def _news(self) -> None:
        for news in self._shown.news(self._messages()):
            number = self._seat.number(news.message)
            known_as = f"message {number}" if number else "only you see it" if news.message.ephemeral_to else ""
            self._console.print(self._screen.message(news, note=known_as, numbers=self._numbering.of(news.message)))
        before, self._heard = self._heard, self._people.all_heard()
        for (room, identity), signals in self._heard.items():
            for signal in signals[len(before.get((room, identity), ())) :]:
                self._console.print(Text(f"In {room}, {identity} gets {in_words(signal)}", "blue"))

    def _has_news(self) -> bool:
        return self._shown.differs(self._messages()) or self._people.all_heard() != self._heard

    def _everything(self) -> None:
        """Draw the channel from its beginning, with new numbers."""
        self._shown, self._numbering = Shown(), Numbering()
        self._seat.numbered.clear()
        self._console.rule(Text(f"{self._seat.name} in {self._seat.place}", "bold"), align="left")
        if not self._messages():
            self._console.print(Text("Nothing is here yet.", "dim"))
        self._news()

    def _messages(self) -> list[Message]:
        return self._slack.seen_by(self._seat.user, self._seat.channel)
