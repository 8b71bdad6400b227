"""The live rooms of a front page, as its rows are made of them."""

from collections.abc import Sequence
from dataclasses import dataclass

from commands.overview import MOST_ROOMS
from commands.room_incoming import Incoming
from providers.base import Room, RoomRef


@dataclass(frozen=True, slots=True)
class Row:
    """A live room, from our directory or from its server. `channel_id` is None, too, where it was made with the bot.

    `people` are those that we have heard of; `listed` is how the server lists the room, where that counts for more.
    """

    ref: RoomRef
    people: int
    is_recorded: bool
    made_by: str | None = None
    channel_id: str | None = None
    listed: Room | None = None

    def people_beside(self, incoming: Incoming) -> int:
        return self.people if self.listed is None else incoming.people_of(self.listed)


@dataclass(frozen=True, slots=True)
class LiveRows:
    """`unread` is how many more there are."""

    rows: Sequence[Row]
    unread: int

    @property
    def shown(self) -> Sequence[Row]:
        return self.rows[:MOST_ROOMS]

    @property
    def left_out(self) -> str:
        left = len(self.rows) - len(self.shown) + self.unread
        return f"{left:,} more {'is' if left == 1 else 'are'} live." if left else ""
