"""A video server whose webhooks nobody gets, beside the alerts of a bot that reads its lists."""

from collections.abc import Awaitable, Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

from bot.alerts.comparison import Comparison, Listed
from bot.alerts.looking import Looking
from bot.alerts.reconcile import Reconciler
from bot.clock import SystemClock
from bot.metrics import Metrics
from bot.store.beliefs import Beliefs
from commands.core.ports import Clock
from providers.base import Capability, Egress, Participant, Recording, Room, RoomRef
from providers.facts import Fact
from providers.memory.provider import Memory
from providers.memory.settings import MemorySettings
from tests.bot.alerts.house import TEAM, House


async def _nothing() -> None:
    """Happens where a test brings nothing about."""


class Silent(Memory):
    """`webhooks` are those that it would have sent. `after_list` is what happens when rooms or recordings have been
    listed, before the caller gets them; `omitted` are identities that its lists of people leave out, `forgotten` the
    ids of recordings that it does not list."""

    def __init__(self, name: str = "memory") -> None:
        self.webhooks: list[Fact] = []
        self.after_list: Callable[[], Awaitable[None]] = _nothing
        self.omitted: set[str] = set()
        self.forgotten: set[str] = set()
        self.calls: list[str] = []
        super().__init__(name, MemorySettings(recording_delay_seconds=0))

    def _told(self, fact: Fact) -> None:
        self.webhooks.append(fact)

    async def list_rooms(self, names: Collection[str] = ()) -> list[Room]:
        self.calls.append("list_rooms")
        rooms = await super().list_rooms(names)
        await self.after_list()
        return rooms

    async def list_participants(self, room: RoomRef) -> list[Participant]:
        self.calls.append("list_participants")
        return [who for who in await super().list_participants(room) if who.identity not in self.omitted]

    async def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        recordings = await super().list_recordings(room)
        await self.after_list()
        return [each for each in recordings if each.ref.id not in self.forgotten]

    async def list_egresses(
        self, room: RoomRef | None = None, *, id: str | None = None, active: bool = False
    ) -> list[Egress]:
        egresses = await super().list_egresses(room, id=id, active=active)
        await self.after_list()
        return [each for each in egresses if each.ref.id not in self.forgotten]


class RoomsAlone(Silent):
    """A server that keeps no list of what goes out of its rooms and comes in."""

    capabilities = Silent._possible() - {
        Capability.LIST_RECORDINGS,
        Capability.LIST_STREAMS,
        Capability.LIST_INGRESSES,
        Capability.LIST_CALLS,
    }


@dataclass
class Net:
    house: House
    memory: Silent
    metrics: Metrics = field(default_factory=Metrics)
    told: list[Fact] = field(default_factory=list)
    tokens: Iterator[int] = field(default_factory=lambda: count(1))
    looking: Looking = field(init=False)

    def __post_init__(self) -> None:
        self.looking = Looking(self.memory, Beliefs(self.house.store))

    async def webhooks(self) -> None:
        """All that the server has to tell arrives."""
        facts, self.memory.webhooks = self.memory.webhooks, []
        await self.house.tell(*facts)

    def lose_webhooks(self) -> None:
        self.memory.webhooks = []

    async def compare(self, clock: Clock | None = None) -> list[str]:
        """One round; what was told in it, in a word each."""
        self.told = []
        token, beliefs, clock = next(self.tokens), Beliefs(self.house.store), clock or SystemClock()
        await Comparison(self.memory, beliefs, clock, self._tell, token=token, second_look_seconds=0).run()
        return [fact.type for fact in self.told]

    async def look(self, clock: Clock) -> list[str]:
        """At what goes on; what was told, in a word each."""
        self.told = []
        asked_at, rooms = clock.now(), await self.memory.list_rooms()
        await self.looking.look(Listed(rooms), asked_at, self._tell, token=next(self.tokens))
        return [fact.type for fact in self.told]

    async def _tell(self, facts: Sequence[Fact]) -> None:
        self.told += facts
        await self.house.intake.accept(facts, team_id=TEAM)
        assert await self.house.intake.fold_waiting()

    def reconciler(self, *providers: Memory, interval: timedelta, clock: Clock | None = None) -> Reconciler:
        return Reconciler(
            providers or (self.memory,),
            self.house.store,
            self.house.intake,
            clock or SystemClock(),
            self.metrics,
            team_id=TEAM,
            interval=interval,
            second_look_seconds=0,
        )

    def rounds(self, outcome: str = "ok", provider: str = "memory") -> float:
        labels = {"provider": provider, "outcome": outcome}
        return self.metrics.registry.get_sample_value("showcaller_reconcile_rounds_total", labels) or 0.0
