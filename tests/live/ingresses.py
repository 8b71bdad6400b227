"""Encoders before a real server: what they send by, and a look at whether anybody else ever saw it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from livekit.protocol import ingress as pb

from bot.demo.slack import Message
from tests.bot.conversations.log import Log
from tests.bot.conversations.talk import database, public
from tests.live.studio import ROOM, Studio
from tests.standins.ingress.session import Session

INGRESS: Final = f"Ingress into {ROOM}"
"""What the cards are called."""

TO_ONE_PERSON: Final = frozenset({"chat.postEphemeral"})
"""The Web API's methods by which a key may go."""


class Encoders:
    """Whoever sends into rooms, by what the server itself keeps of its ingresses."""

    def __init__(self, studio: Studio) -> None:
        self._studio = studio
        self._keys: set[str] = set()

    @classmethod
    @asynccontextmanager
    async def before(cls, studio: Studio, log: Log) -> "AsyncIterator[Encoders]":
        """At the end, no key that the server gave was anywhere but in an answer to the asker."""
        encoders = cls(studio)
        yield encoders
        await encoders.records()
        encoders._assert_nobody_saw_a_key(log)

    async def records(self) -> dict[str, pb.IngressInfo]:
        """What the server lists, by id, with the keys."""
        listed = await self._studio.api.ingress.list_ingress(pb.ListIngressRequest())
        self._keys |= {each.stream_key for each in listed.items if each.stream_key}
        return {each.ingress_id: each for each in listed.items}

    async def record(self, id: str) -> pb.IngressInfo:
        return (await self.records())[id]

    async def made(self, *words: str) -> tuple[pb.IngressInfo, Message]:
        """`ingress create` with these words: the one that is on the server since, and the answer."""
        before = await self.records()
        answer = await self._studio.ask("ingress create", *words)
        [new] = [each for id, each in (await self.records()).items() if id not in before]
        return new, answer

    async def renewed(self, message: Message, old: pb.IngressInfo) -> tuple[pb.IngressInfo, Message]:
        """**New key** of a card is pressed, and the question answered: what took its place, and the answer."""
        before = await self.records()
        question = await self._studio.press(message, "New key")
        answer = await self._studio.press(question, "Make new key")
        after = await self.records()
        assert before.keys() - after.keys() == {old.ingress_id}
        [new] = [each for id, each in after.items() if id not in before]
        return new, answer

    async def send(self, ingress: pb.IngressInfo) -> Session:
        """Somebody sends by its key, and is in the room."""
        session = await self._studio.ingress.connect(ingress.stream_key)
        await session.publish()
        return session

    def _assert_nobody_saw_a_key(self, log: Log) -> None:
        world = self._studio.world
        said = [each for each in public(world) if each.user == world.slack.bot_user_id]
        called = [each for each in world.slack.calls if each.method not in TO_ONE_PERSON]
        kept = database(world)
        assert said, "nothing was said at all"
        for key in self._keys:
            assert key not in str(said)
            assert key not in str(called)
            assert key not in log.text
            assert key.encode() not in kept
