"""A storm: ten thousand webhooks of two hundred rooms in a minute, all for one channel, against Slack's limits.

Each room begins in the first third and has its last event in the last third; half of the rooms end then. The bot, the
stand-in Slack with its limits enforced and whoever sends are one process, in real time.

*Drain* is from the first event until the last state of every room is shown somewhere in the channel, and its floor is
the last event itself. *Lag* is counted for each room from its own last event: its maximum is the age of the oldest
truth that nobody was told.
"""

import asyncio
import random
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import aiohttp

from bench.deliveries import PATH, PROVIDERS, Delivery, Told
from bot.alerts.pace import Tempo
from bot.demo.slack import Message
from bot.demo.world import World

ROOMS = 200
EVENTS = 50
"""Of each room."""

QUIET_SECONDS = 300.0
"""How long after the last event every card may take to be right."""

WRITES = ("chat.postMessage", "chat.update")


@dataclass(slots=True)
class Room:
    """`expected`: what its last state reads like. `told_at` is when its last event was sent.

    By message, `shown` is what that says of it, and `shown_at` since when that is the last state.
    """

    name: str
    expected: re.Pattern[str]
    told_at: float = 0.0
    shown: dict[str, str] = field(default_factory=dict)
    shown_at: dict[str, float] = field(default_factory=dict)

    def tell(self, now: float) -> None:
        """Its last event is being sent. What reads like that already need not be changed."""
        self.told_at = now
        for ts, words in self.shown.items():
            self.show(ts, words, now)

    def show(self, ts: str, words: str, now: float) -> None:
        """A message says that. What reads like the end before the last event was sent is not the end."""
        self.shown[ts] = words
        if self.told_at and self.expected.search(words):
            self.shown_at.setdefault(ts, now)
        else:
            self.shown_at.pop(ts, None)

    @property
    def lag(self) -> float:
        return min(self.shown_at.values()) - self.told_at


@dataclass(frozen=True, slots=True)
class Storm:
    """What one storm of `seconds` did. `floor`, `drain` and `settled` in seconds from the first event: when the last
    was sent, when the last state of every room was shown, when every card was right."""

    seconds: float
    events: int
    floor: float
    drain: float
    settled: float
    lags: Sequence[float]
    posts: int
    updates: int
    throttled: int
    wrong: Sequence[str]

    @property
    def times(self) -> float:
        return self.drain / self.floor

    def lag(self, share: float) -> float:
        ordered = sorted(self.lags)
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


async def storm(
    seconds: float, *, rooms: int = ROOMS, events: int = EVENTS, seed: int = 1, faster: float = 1.0
) -> Storm:
    """`faster`: pace and limits are so many times as fast as they are."""
    with TemporaryDirectory(prefix="showcaller-bench-") as folder:
        async with await World.open(Path(folder), providers=PROVIDERS, tempo=Tempo().faster(faster)) as world:
            await world.slack.command(world.owner, world.general, "/video alert subscribe room")
            world.slack.limits.enforced, world.slack.limits.scale = True, faster
            before = len(world.slack.calls)
            planned = list(_planned(seconds, rooms, events, random.Random(seed)))
            told = {room.name: room for _, room, _ in planned}
            began = perf_counter()
            watching = asyncio.create_task(_watch(world, told))
            try:
                await _send(world, planned, began)
                floor = perf_counter() - began
                settled = await _quiet(world, told, began)
            finally:
                watching.cancel()
            calls = [call for call in world.slack.calls[before:] if call.method in WRITES]
            shown = [room for room in told.values() if room.shown_at]
            return Storm(
                seconds=seconds,
                events=len(planned),
                floor=floor,
                drain=max(min(room.shown_at.values()) for room in shown) - began,
                settled=settled,
                lags=[max(0.0, room.lag) for room in shown],
                posts=sum(call.method == "chat.postMessage" and call.ok for call in calls),
                updates=sum(call.method == "chat.update" and call.ok for call in calls),
                throttled=sum(call.error == "ratelimited" for call in calls),
                wrong=[*_wrong(world.slack.workspace.messages(world.general), told), *_untold(told)],
            )


@dataclass(slots=True)
class _Life:
    told: Told
    people: list[str] = field(default_factory=list)


def _planned(seconds: float, rooms: int, events: int, chance: random.Random) -> Iterator[tuple[float, Room, Delivery]]:
    """Every event at its time, the earliest first."""
    found = []
    for number in range(rooms):
        life, ends = _Life(Told.of(f"room-{number:03d}")), number % 2 == 0
        first, last = chance.uniform(0, seconds / 3), chance.uniform(seconds * 2 / 3, seconds)
        between = sorted(chance.uniform(first, last) for _ in range(events - 2))
        deliveries = [life.told.started(), *(_step(life, chance) for _ in between)]
        deliveries.append(life.told.finished() if ends else _step(life, chance))
        room = Room(life.told.name, _reads(len(life.people), ended=ends))
        found += [(at, room, each) for at, each in zip([first, *between, last], deliveries, strict=True)]
    return iter(sorted(found, key=lambda each: each[0]))


def _step(life: _Life, chance: random.Random) -> Delivery:
    """Somebody comes or goes."""
    if life.people and chance.random() < 0.4:
        return life.told.left(life.people.pop(chance.randrange(len(life.people))))
    life.people.append(f"person-{chance.getrandbits(40):x}")
    return life.told.joined(life.people[-1])


def _reads(people: int, *, ended: bool) -> re.Pattern[str]:
    if ended:
        return re.compile(r"\bended\b", re.IGNORECASE)
    return re.compile(rf"(?<!\d){people} (?:person|people)\b" if people else r"nobody|\b0 people", re.IGNORECASE)


async def _send(world: World, planned: Sequence[tuple[float, Room, Delivery]], began: float) -> None:
    """In an open loop. A webhook that is not taken ends the run: nothing here is to be lost."""
    url = f"{world.address}{PATH}"
    async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as sending:

        async def send(room: Room, delivery: Delivery) -> None:
            authorization, body = delivery
            async with session.post(url, data=body, headers={"Authorization": authorization}) as answer:
                assert answer.status == 200, f"a webhook was answered with {answer.status}"

        last = {room.name: at for at, room, _ in planned}
        for at, room, delivery in planned:
            await asyncio.sleep(max(0.0, began + at - perf_counter()))
            if at == last[room.name]:
                room.tell(perf_counter())
            sending.create_task(send(room, delivery))


async def _watch(world: World, told: dict[str, Room]) -> None:
    """Note since when which message shows what is expected of which room in the end."""
    seen: dict[str, Message] = {}
    while True:
        now = perf_counter()
        for message in world.slack.workspace.messages(world.general):
            if message.thread_ts is None and seen.get(message.ts) is not message:
                seen[message.ts] = message
                for name, words in spoken_of(message):
                    if (room := told.get(name)) is not None:
                        room.show(message.ts, words, now)
        await world.slack.workspace.change()


_NAME = re.compile(r"room-\d{3}")


def spoken_of(message: Message) -> Iterator[tuple[str, str]]:
    """Each room that a message shows, with what it says of it: a card is about one, a page has a line for each."""
    names = set(_NAME.findall(message.words))
    if len(names) == 1:
        yield names.pop(), message.words
        return
    for line in message.words.splitlines():
        for name in _NAME.findall(line):
            yield name, line


async def _quiet(world: World, told: dict[str, Room], began: float) -> float:
    """Until every room is shown as it is, and every message shows the truth."""
    async with asyncio.timeout(QUIET_SECONDS):
        while [*_untold(told), *_wrong(world.slack.workspace.messages(world.general), told)]:
            await world.slack.workspace.change()
    return perf_counter() - began


def _untold(told: dict[str, Room]) -> list[str]:
    return [f"{name} is shown nowhere as it is" for name, room in told.items() if not room.shown_at]


def _wrong(messages: Sequence[Message], told: dict[str, Room]) -> list[str]:
    shown = [(each, pair) for each in messages if each.thread_ts is None for pair in spoken_of(each)]
    return [
        f"{name} in {message.ts}: {words[:80]}"
        for message, (name, words) in shown
        if name in told and not told[name].expected.search(words)
    ]
