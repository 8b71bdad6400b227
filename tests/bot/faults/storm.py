"""A storm of a video server's webhooks on bots that are killed in the middle of it, and what is left after it."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Any

import aiohttp
from livekit.api import CreateRoomRequest, ParticipantInfo

from bot.demo.slack import Message
from bot.demo.slack.faults import Late, Slow
from commands.core.words import count_people
from tests.bot.process.showcaller import Street
from tests.standins.livekit import LiveKitStandIn

ROOMS = 4
"""So few that Slack's own pace lets each have its message, and shows the last of all within seconds."""

APART_SECONDS = 0.08
"""Between two things that happen on the server."""

PAUSES_SECONDS = (1, 2, 4, 8, 8, 8, 8)
"""What was not answered by a 200 is sent again after these. LiveKit gives up after the fourth; here it shall not be
decided by how fast the machine starts a process."""

SLACK_SECONDS = 0.05
"""What a call takes, before it is done or after it."""

QUIET_SECONDS = 60.0

Query = Callable[[str], Awaitable[list[tuple[Any, ...]]]]

_OWED = """SELECT (SELECT count(*) FROM inbox WHERE folded_at IS NULL) AS facts,
    (SELECT count(*) FROM card WHERE wanted > delivered AND blocked IS NULL) AS cards,
    (SELECT count(*) FROM note WHERE ts IS NULL) AS notes"""

_CARDS_BEHIND = """SELECT thing.kind, thing.name, thing.status, card.ts, card.digest_id, card.lease_until
    FROM card JOIN thing ON thing.id = card.thing_id WHERE card.wanted > card.delivered"""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a round found.

    `accepted` is how many webhooks were answered with 200, and `refused` how often one was sent in vain. `doubled` is
    how many messages were posted of what has one already, and `removed` how many of these went when somebody pressed
    them. `noted_twice` is how many lines stand in a thread once more.
    """

    seed: int
    accepted: int
    refused: int
    doubled: int
    removed: int
    noted_twice: int

    def __str__(self) -> str:
        return (
            f"seed {self.seed}: {self.accepted} webhooks accepted, {self.refused} sent in vain, "
            f"{self.doubled} messages twice ({self.removed} removed), {self.noted_twice} notes twice"
        )


@dataclass
class Sender:
    """LiveKit's way of sending webhooks to `address`. `accepted` are the ids of what was answered with 200."""

    deliveries: "asyncio.Queue[tuple[str, bytes]]"
    address: Callable[[], str]
    accepted: set[str] = field(default_factory=set)
    refused: int = 0

    async def run(self) -> None:
        """Send until cancelled. Each delivery goes its own way, so that they overtake one another."""
        async with aiohttp.ClientSession() as session, asyncio.TaskGroup() as group:
            while True:
                authorization, body = await self.deliveries.get()
                group.create_task(self._deliver(session, authorization, body))

    async def _deliver(self, session: aiohttp.ClientSession, authorization: str, body: bytes) -> None:
        for pause in (*PAUSES_SECONDS, 0):
            if await self._is_taken(session, authorization, body):
                self.accepted.add(json.loads(body)["id"])
                break
            self.refused += 1
            await asyncio.sleep(pause)
        self.deliveries.task_done()

    async def _is_taken(self, session: aiohttp.ClientSession, authorization: str, body: bytes) -> bool:
        headers = {"Authorization": authorization, "Content-Type": "application/webhook+json"}
        limit = aiohttp.ClientTimeout(total=5)
        try:
            async with session.post(self.address(), data=body, headers=headers, timeout=limit) as answer:
                return answer.status == 200
        except (aiohttp.ClientError, TimeoutError):
            return False


class Crowd:
    """People who come, go and close rooms, whatever becomes of the bots. `ended` are the rooms that were closed."""

    def __init__(self, livekit: LiveKitStandIn, random: Random) -> None:
        self._livekit = livekit
        self._random = random
        self._people = 0
        self.ended: set[str] = set()

    async def run(self) -> None:
        """Until cancelled."""
        for number in range(ROOMS):
            self._livekit.room(CreateRoomRequest(name=f"room-{number}", departure_timeout=600))
        while True:
            await asyncio.sleep(APART_SECONDS)
            room = self._random.choice(sorted(self._livekit.rooms))
            there = sorted(self._livekit.participants[room])
            if len(self._livekit.rooms) > 1 and self._random.random() < 0.03:
                self._close(room, there)
            elif there and self._random.random() < 0.45:
                self._livekit.leave(room, self._random.choice(there))
            else:
                self._people += 1
                self._livekit.bring(room, ParticipantInfo(identity=f"person-{self._people}"))

    def _close(self, room: str, there: list[str]) -> None:
        for identity in there:
            self._livekit.leave(room, identity)
        self._livekit.close(room)
        self.ended.add(room)

    def end(self) -> None:
        """One more room ends when all is over, so that every round has an ending."""
        if len(self._livekit.rooms) > 1:
            room = min(self._livekit.rooms)
            self._close(room, sorted(self._livekit.participants[room]))


async def storm(
    street: Street, address: Callable[[], str], query: Query, seed: int, trouble: Awaitable[None]
) -> Outcome:
    """Play until `trouble` is over and all is quiet again. Raises AssertionError where something is lost or wrong."""
    street.slack.limits.enforced = True
    street.slack.faults.at_random(seed, {Slow(SLACK_SECONDS): 0.5, Late(SLACK_SECONDS): 0.5})
    sender = Sender(street.livekit.deliveries, address)
    crowd = Crowd(street.livekit, Random(seed))
    async with _running(sender.run()):
        async with _running(crowd.run()):
            await trouble
        crowd.end()
        try:
            async with asyncio.timeout(QUIET_SECONDS):
                await sender.deliveries.join()
                while any((await query(_OWED))[0]):
                    await asyncio.sleep(0.1)
        except TimeoutError:
            owed, cards = (await query(_OWED))[0], await query(_CARDS_BEHIND)
            raise AssertionError(f"facts, cards and notes that are owed: {owed}, {cards}") from None
    untrue = await _untrue(street, crowd, query)
    assert not untrue, "\n".join(untrue)
    kept = {row[0] for row in await query("SELECT event_key FROM inbox")}
    assert sender.accepted <= kept, f"answered with 200 and lost: {sender.accepted - kept}"
    return await _counted(street, sender, query, seed)


async def _cards(query: Query) -> dict[str, str]:
    """The message of each room."""
    found = "SELECT thing.name, card.ts FROM card JOIN thing ON thing.id = card.thing_id"
    return dict(await query(f"{found} WHERE thing.kind = 'room' AND card.ts IS NOT NULL"))


async def _untrue(street: Street, crowd: Crowd, query: Query) -> list[str]:
    """The cards that show something else than the server has."""
    cards = await _cards(query)
    shown = {message.ts: message.words for message in _seen(street)}
    untrue = []
    for room in crowd.ended | set(street.livekit.rooms):
        words = shown.get(cards.get(room, ""), "nothing")
        right = _right(room, street.livekit)
        if any(word not in words for word in right):
            untrue.append(f"{right} is shown as “{words}”")
    return untrue


def _right(room: str, livekit: LiveKitStandIn) -> list[str]:
    """The words that are true of it."""
    if room not in livekit.rooms:
        return [room, "Ended"]
    there = len(livekit.participants[room])
    return [room, "Live", count_people(there) if there else "nobody in it"]


async def _counted(street: Street, sender: Sender, query: Query, seed: int) -> Outcome:
    known = {row[0] for row in await query("SELECT ts FROM card WHERE ts IS NOT NULL")}
    seen = _seen(street)
    notes = [(message.thread_ts, message.words) for message in seen if message.thread_ts is not None]
    doubled = [message for message in seen if message.thread_ts is None and message.ts not in known]
    for message in (can_be_pressed := [message for message in doubled if message.buttons]):
        await _press(street, message)
    left = {message.ts for message in _seen(street)} & {message.ts for message in can_be_pressed}
    assert not left, f"messages that are one too many, and were pressed: {left}"
    return Outcome(
        seed=seed,
        accepted=len(sender.accepted),
        refused=sender.refused,
        doubled=len(doubled),
        removed=len(can_be_pressed),
        noted_twice=len(notes) - len(set(notes)),
    )


def _seen(street: Street) -> list[Message]:
    return [message for message in street.slack.seen_by(street.ana, street.general) if not message.ephemeral_to]


async def _press(street: Street, doubled: Message) -> None:
    """It gives itself away, and is removed."""
    labels = [button.label for button in doubled.buttons]
    await street.slack.press(street.ana, doubled, "Participants" if "Participants" in labels else labels[0])
    await street.slack.until(lambda: doubled.ts not in [message.ts for message in _seen(street)] or None)


@asynccontextmanager
async def _running(work: Coroutine[Any, Any, None]) -> AsyncIterator[None]:
    """In the background of the block. An error of its own ends the block."""
    async with asyncio.TaskGroup() as group:
        task = group.create_task(work)
        yield
        task.cancel()
