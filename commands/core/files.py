"""Files that somebody is given. They go to one person's conversation with the bot, whatever the place of asking."""

from dataclasses import dataclass
from typing import Protocol

from commands.core.ports import Caller


@dataclass(frozen=True, slots=True)
class File:
    """`name` with its extension; `title` is what stands over it."""

    name: str
    title: str
    content: bytes


class Files(Protocol):
    async def send(self, file: File, to: Caller) -> None:
        """Raises `CommandError` where it was not taken, with what to do about it."""
