"""Asking several video servers at once, for a page that waits for none of them for long; and one of many rooms."""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from commands.core.context import Ports
from commands.core.reply import Text
from commands.core.words import joined
from providers.base import Capability, Provider, Room, RoomRef
from providers.errors import NotFound, ProviderError

ANSWER_SECONDS = 2.0
"""How long a page waits for each video server. All are asked at once."""

ROOMS_AT_ONCE = 8
"""How many rooms a server is asked about at the same time."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerAnswer:
    """What a video server said when it was asked at `at`: its rooms, None where it cannot list any; else a problem."""

    at: datetime
    rooms: tuple[Room, ...] | None = None
    problem: Text = ""

    def room(self, ref: RoomRef) -> Room | None:
        return next((room for room in self.rooms or () if room.ref == ref), None)


async def ask_servers(ports: Ports, wanted: Mapping[str, Collection[str]]) -> dict[str, ServerAnswer]:
    """`wanted`: for each configured server the names of the rooms that matter there; none for every room."""
    answers = await asyncio.gather(*(_ask(ports, name, rooms) for name, rooms in wanted.items()))
    return dict(zip(wanted, answers, strict=True))


async def _ask(ports: Ports, name: str, rooms: Collection[str]) -> ServerAnswer:
    provider, at = ports.providers.get(name), ports.clock.now()
    assert provider is not None, "it is one of the names"
    try:
        async with asyncio.timeout(ANSWER_SECONDS):
            if Capability.LIST_ROOMS in provider.capabilities:
                return ServerAnswer(at=at, rooms=tuple(await provider.list_rooms(rooms)))
            await provider.ping()
    except TimeoutError:
        return ServerAnswer(at=at, problem=f"It has not answered within {ANSWER_SECONDS:g} seconds.")
    except ProviderError as error:
        return ServerAnswer(at=at, problem=joined([error.what, error.remedy], " "))
    return ServerAnswer(at=at)


async def every_live_room(provider: Provider) -> list[RoomRef]:
    """Those, too, that the asker may not see: to judge something else by them, never to tell of them."""
    return [room.ref for room in await provider.list_rooms()]


async def in_each(
    rooms: Collection[RoomRef], ask: Callable[[RoomRef], Awaitable[Sequence[T]]]
) -> Mapping[RoomRef, Sequence[T]]:
    """What is in each of the rooms by `ask`: nothing in one that has gone meanwhile. Raises `ProviderError`."""
    turns = asyncio.Semaphore(ROOMS_AT_ONCE)

    async def look(room: RoomRef) -> Sequence[T]:
        async with turns:
            try:
                return await ask(room)
            except NotFound:
                return ()

    return dict(zip(rooms, await asyncio.gather(*map(look, rooms)), strict=True))
