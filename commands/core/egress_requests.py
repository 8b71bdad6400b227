"""What people asked for when they started a recording or a stream: kept so that it can be done again.

A server tells of an egress without the keys of where it goes, and of one that is over for a day at most. Removing a
destination, trying a failed one again and going on after a pause need what was asked for.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Protocol

from providers.base import EgressOptions, RoomRef


@dataclass(frozen=True, slots=True)
class EgressRequest:
    """`id` is the server's of the egress that came of it, `room` what it was of, None for a web page.

    One that goes on after a pause is `part` 2 or more of the recording that began with the egress `first`; of one that
    stands alone both are its own. `is_paused`: it was stopped in order to go on later.

    `stop_after`: how long after its start it was to stop by itself; of one that is paused, what was left of that.
    """

    provider: str
    id: str
    room: RoomRef | None
    options: EgressOptions
    by: str
    first: str = ""
    part: int = 1
    stop_after: timedelta | None = None
    is_paused: bool = False

    def arranged(self, layout: str) -> "EgressRequest":
        """The same with that layout, so that what is done again looks as it did in the end."""
        source = replace(self.options.source, layout=layout)
        return replace(self, options=replace(self.options, source=source))


class EgressRequests(Protocol):
    """Durable and sealed: the options hold stream keys."""

    async def keep(self, team_id: str, request: EgressRequest) -> None:
        """In place of what is kept of that egress."""

    async def get(self, team_id: str, provider: str, id: str) -> EgressRequest | None:
        """None where it was not started here, or is long over."""

    async def change(
        self, team_id: str, provider: str, id: str, change: Callable[[EgressRequest], EgressRequest | None]
    ) -> EgressRequest | None:
        """What `change` made of what is kept: nobody changes it in between. None where nothing is kept, or where
        `change` left it as it is by returning None."""

    async def parts(self, team_id: str, provider: str, first: str) -> Sequence[EgressRequest]:
        """All that are kept of the recording that began with the egress `first`, in their order."""
