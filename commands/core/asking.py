"""Asking several video servers at once, for a page that waits for none of them for long."""

import asyncio
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from commands.core.context import Ports
from commands.core.reply import Text
from commands.core.words import joined
from providers.base import Capability, Room, RoomRef
from providers.errors import ProviderError

ANSWER_SECONDS = 2.0
"""How long a page waits for each video server. All are asked at once."""


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
