"""The in-memory video server: the sum of its subjects, and the trouble that it makes on demand.

Synchronous; what it does by itself (close an empty room, bring a recording on, let a telephone ring) it does by timers
in the running loop. Where it is cheap it behaves as a LiveKit server does: a room is keyed by its name and each life
has an id of its own, creating a live room returns it unchanged, joining makes the room, a second join of an identity
throws out the first, and everybody receives what the others publish.
"""

from collections.abc import Callable, Mapping

from providers.base import Capability, Limits
from providers.errors import ProviderError
from providers.facts import Fact
from providers.memory.agents import Agents
from providers.memory.calls import Phones
from providers.memory.egress import Outgoing
from providers.memory.ingress import Incoming
from providers.memory.settings import MemorySettings
from providers.memory.signals import Signals

NEEDS_WORKER = (Capability.START_RECORDING, Capability.START_STREAM, Capability.START_EGRESS)


class MemoryServer(Incoming, Outgoing, Phones, Agents, Signals):
    """Tells every change to `tell`, at once and in order; whoever carries it further does so later.

    What the provider asks for takes a `RoomRef` or an id, as the contract has it. What people, encoders and telephones
    do takes a room's name, or says in its docstring who does it.

    Attributes:
        faults: operation (`"close_room"`; `"*"` for every one) to the error that calls of it meet. The error comes
            before anything is done.
        delay_seconds: how long each call waits for its answer; beyond the provider's deadline it is `TimedOut`.
    """

    def __init__(self, name: str, settings: MemorySettings, limits: Limits, tell: Callable[[Fact], None]) -> None:
        super().__init__(name, settings, limits, tell)
        self.faults: dict[str, type[ProviderError]] = {}
        self.delay_seconds = 0.0

    def ping(self) -> None:
        """It is there as long as the process is."""

    def inspect(self) -> Mapping[Capability, str]:
        """What cannot be done at the moment, and why, for people."""
        return {} if self.has_workers else dict.fromkeys(NEEDS_WORKER, "No worker runs that could record or stream.")

    async def settled(self) -> None:
        """Return when nothing is on its way from one status to the next."""
        await self._changes.idle()
        await self._egresses.timers.idle()

    def stop(self) -> None:
        """Do nothing more by itself."""
        self._timers.cancel_all()
        self._changes.cancel_all()
        self._egresses.timers.cancel_all()
