"""The people in the rooms: they come in by tokens, as browsers do, send sound and picture, and get messages."""

from abc import ABC, abstractmethod
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Final

from providers.base import JoinToken, Provider, RoomRef, Signal, TokenOptions, TrackSource
from providers.errors import NotFound
from providers.memory.provider import Memory
from providers.memory.server import MemoryServer

TOKEN_TTL: Final = timedelta(days=1)
"""Longer than a demo, so that whoever was removed can come back by the old one."""

Place = tuple[str, str]
"""The name of a room, and the identity of somebody in it."""


class People(ABC):
    """What a video server refuses is a `ProviderError`; `NotFound` for somebody who is not in that room.

    `provider` gives the bot's own, which a restart changes; it makes the tokens. `changed` is called when somebody has
    got a message, or was thrown out.
    """

    def __init__(self, provider: Callable[[], Provider], changed: Callable[[], None]) -> None:
        self._provider = provider
        self._changed = changed
        self._tokens: dict[Place, JoinToken] = {}

    async def join(self, room: str, identity: str) -> None:
        """Come in by the token of the last time, else by a new one. The name that others see is the identity's."""
        place = (room, identity)
        if place not in self._tokens:
            provider = self._provider()
            options = TokenOptions(identity, name=identity.capitalize(), ttl=TOKEN_TTL)
            self._tokens[place] = await provider.create_token(RoomRef(provider.name, "", room), options)
        await self._enter(self._tokens[place])

    @abstractmethod
    async def leave(self, room: str, identity: str) -> None: ...

    @abstractmethod
    async def publish(self, room: str, identity: str, source: TrackSource) -> None:
        """Begin to send. `Conflict` where they may not."""

    @abstractmethod
    async def unpublish(self, room: str, identity: str, source: TrackSource) -> None:
        """Stop sending. `NotFound` where they do not send it."""

    @abstractmethod
    def heard(self, room: str, identity: str) -> list[Signal]:
        """The messages that somebody has got since they joined, in their order."""

    def all_heard(self) -> dict[Place, list[Signal]]:
        """The same of everybody who is in a room."""
        found: dict[Place, list[Signal]] = {}
        for place in self._tokens:
            with suppress(NotFound):
                found[place] = self.heard(*place)
        return found

    @abstractmethod
    async def aclose(self) -> None:
        """Everybody is gone without a word."""

    @abstractmethod
    async def _enter(self, token: JoinToken) -> None: ...


def in_words(signal: Signal) -> str:
    """What somebody got."""
    return f"on topic {signal.topic}: {signal.message}" if signal.topic else f"the message: {signal.message}"


class MemoryPeople(People):
    """Nothing but entries of the server in memory."""

    @property
    def _server(self) -> MemoryServer:
        provider = self._provider()
        assert isinstance(provider, Memory), "this world has no video server in memory"
        return provider.server

    async def leave(self, room: str, identity: str) -> None:
        self._server.leave(room, identity)

    async def publish(self, room: str, identity: str, source: TrackSource) -> None:
        self._server.publish(room, identity, source)

    async def unpublish(self, room: str, identity: str, source: TrackSource) -> None:
        for live in self._server.list_rooms([room]):
            for participant in self._server.list_participants(live.ref):
                for track in participant.tracks:
                    if (participant.identity, track.source) == (identity, source):
                        return self._server.unpublish(room, identity, track.id)
        raise NotFound(f"{identity} does not send {source}")

    def heard(self, room: str, identity: str) -> list[Signal]:
        return self._server.signals(room, identity)

    async def aclose(self) -> None:
        """They are gone with the server."""

    async def _enter(self, token: JoinToken) -> None:
        self._server.join_with(token.token)
