"""How a tour is told: people act, what each of them sees is printed, and what must be true is checked."""

from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeVar

from rich.console import Console
from rich.text import Text

from bot.demo.screen import Change, Screen, Shown
from bot.demo.slack import Channel, Message, User, View
from bot.demo.slack.things import elements
from bot.demo.world import World
from providers.base import Capability

T = TypeVar("T")

PATIENCE_SECONDS: Final = 5.0


class Stuck(Exception):
    """Something that must come did not; what follows in the step cannot be played."""


@dataclass(slots=True)
class Checks:
    """What was looked at in one step, and whether it was right."""

    found: list[tuple[str, bool]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        return all(ok for _, ok in self.found)


class Story:
    """Gestures and sightings are in the channel `general` where no other is named.

    A gesture first prints what happened before it.
    """

    def __init__(self, world: World, console: Console, patience_seconds: float = PATIENCE_SECONDS) -> None:
        self.world = world
        self.ana, self.omar, self.gus = world.owner, world.operator, world.guest
        self.checks = Checks()
        self._console = console
        self._patience_seconds = patience_seconds
        self._slack = world.slack
        self._screen = Screen(world.slack.workspace)
        self._shown = Shown()
        self._read: dict[tuple[str, str], list[str]] = {}
        self._problems = 0

    # What people do

    async def types(self, who: User, line: str) -> None:
        self._act(who, Text.assemble("types ", (line, "bold")))
        await self._slack.command(who, self.world.general, line)

    async def writes(
        self, who: User, text: str, *, under: Message | None = None, channel: Channel | None = None
    ) -> Message:
        """A message, in the thread of `under` where one is given."""
        place = "to the bot alone " if channel else "in the thread " if under else ""
        self._act(who, Text.assemble(f"writes {place}", (text, "bold")))
        return await self._slack.write(who, channel or self.world.general, text, under=under)

    async def presses(self, who: User, message: Message | View, button: str) -> None:
        """`button` is its label, or, where several have the same, what a screen reader says."""
        self._act(who, Text.assemble("presses ", (f"[{button}]", "bold")))
        spoken = {part.get("accessibility_label"): part["action_id"] for _, part in elements(message.blocks)}
        await self._slack.press(who, message, spoken.get(button, button))

    async def fills(self, who: User, form: View, values: Mapping[str, object]) -> None:
        entered = ", ".join(f"{form.fields.get(block_id, block_id)} {value}" for block_id, value in values.items())
        self._act(who, Text.assemble("fills in ", (entered, "bold")))
        await self._slack.submit(who, form, values)

    async def opens_home(self, who: User) -> None:
        self._act(who, Text("opens the app's Home"))
        await self._slack.open_home(who)

    async def chooses(self, who: User, shortcut: str, *, of: Message) -> None:
        """A shortcut in the menu of a message."""
        self._act(who, Text.assemble("chooses ", (shortcut, "bold"), " in the menu of that message"))
        await self._slack.message_shortcut(who, of, shortcut)

    def meanwhile(self, what: str) -> None:
        """Say what happens outside of Slack, right before it is made to happen."""
        self._act(None, Text(what))

    def can(self, capability: Capability) -> bool:
        """Whether the video server can do this."""
        return capability in self.world.provider.capabilities

    # What must come

    async def sees(
        self, who: User, what: str, wanted: Callable[[Message], bool], *, channel: Channel | None = None
    ) -> Message:
        """Wait until that person sees such a message, and check it off as `what`. The newest of several counts."""
        return await self._until(what, lambda: self.sight(who, wanted, channel=channel))

    async def told(self, who: User, what: str, *words: str) -> Message:
        """Wait for an answer to the last gesture, to that person alone, that has all these words."""
        return await self.sees(
            who,
            what,
            lambda m: m.ephemeral_to == who.id and self._is_fresh(m) and all(word in m.words for word in words),
        )

    async def waits(self, what: str, look: Callable[[], bool]) -> None:
        """Wait until that is true of the people in the rooms, and check it off."""
        await self._until(what, lambda: look() or None)

    async def form(self, who: User, what: str, wanted: Callable[[View], bool]) -> View:
        def look() -> View | None:
            view = self._slack.view_of(who)
            return view if view is not None and wanted(view) else None

        view = await self._until(what, look)
        self._console.print(self._screen.form(view))
        return view

    async def home(self, who: User, what: str, *words: str) -> View:
        """Wait until that person's Home has all these words, and check it off as `what`."""

        def look() -> View | None:
            view = self._slack.home_of(who)
            return view if view is not None and all(word in view.words for word in words) else None

        view = await self._until(what, look)
        self._console.print(self._screen.home(view))
        return view

    def check(self, what: str, ok: bool) -> None:
        self.checks.found.append((what, ok))

    def sight(self, who: User, wanted: Callable[[Message], bool], *, channel: Channel | None = None) -> Message | None:
        """What that person sees at this moment."""
        seen = self._slack.seen_by(who, channel or self.world.general)
        return next((message for message in reversed(seen) if wanted(message)), None)

    async def _until(self, what: str, look: Callable[[], T | None]) -> T:
        try:
            found = await self._slack.until(look, self._patience_seconds)
        except AssertionError:
            self.check(what, False)
            raise Stuck(what) from None
        self.check(what, True)
        return found

    def _is_fresh(self, message: Message) -> bool:
        """Whether it was posted, or changed, since the last gesture."""
        return self._read.get((message.channel, message.ts)) != message.lines

    # The telling

    async def play(self, step: Callable[["Story"], Awaitable[None]], title: str) -> bool:
        """One step with its heading, what was seen in it, and its checks. False where one of them failed."""
        self.checks = Checks()
        self._console.rule(Text(title, "bold"), align="left", characters="━")
        with suppress(Stuck):
            await step(self)
        self._tell()
        self._no_trouble()
        self._console.print()
        for what, ok in self.checks.found:
            self._console.print(Text.assemble(("  ok    ", "green") if ok else ("  FAIL  ", "bold red"), what))
        self._console.print()
        if not self.checks.ok:
            self._console.print(Text("What everybody saw:", "bold red"))
            self._console.print(Text(self._slack.picture()))
        return self.checks.ok

    def _no_trouble(self) -> None:
        """What Slack itself complains of: a refused call, or an acknowledgement that is late or wrong."""
        refused = [f"{call.method}: {call.error}" for call in self._slack.calls if not call.ok]
        noticed = [f"{notice.what}: {notice.problem}" for notice in self._slack.workspace.notices]
        trouble = [*refused, *noticed]
        if len(trouble) > self._problems:
            self.check(f"Slack has nothing to complain of ({'; '.join(trouble[self._problems :])})", False)
        self._problems = len(trouble)

    def _act(self, who: User | None, what: Text) -> None:
        self._tell()
        self._read = {(m.channel, m.ts): m.lines for m in self._all()}
        self._console.print()
        name = (who.name, "bold green") if who else ("meanwhile", "bold blue")
        self._console.print(Text.assemble(name, " ", what))

    def _tell(self) -> None:
        for news in self._shown.news(self._all()):
            if news.change is not Change.DELETED:
                self._console.print(self._screen.message(news, note=self._audience(news.message)))

    def _audience(self, message: Message) -> str:
        workspace = self._slack.workspace
        channel = workspace.channel(message.channel)
        assert channel is not None, "a message is in a channel"
        readers = [user for user in workspace.people if message in self._slack.seen_by(user, channel)]
        if readers == workspace.people:
            return "everybody sees it"
        return f"only {' and '.join(user.name for user in readers)} sees it" if readers else "nobody sees it"

    def _all(self) -> list[Message]:
        channels = self._slack.workspace.channels
        return [m for channel in channels for m in self._slack.workspace.messages(channel)]
