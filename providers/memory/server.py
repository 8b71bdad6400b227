"""The in-memory video server: the sum of its subjects, its recordings, and the trouble that it makes on demand.

Synchronous; what it does by itself (close an empty room, bring a recording on) it does by timers in the running loop.
Where it is cheap it behaves as a LiveKit server does: a room is keyed by its name and each life has an id of its own,
creating a live room returns it unchanged, joining makes the room, a second join of an identity throws out the first,
and everybody receives what the others publish.
"""

from collections.abc import Callable

from providers.base import Limits, Recording, RecordingOptions, RoomRef
from providers.errors import ProviderError, Rejected
from providers.facts import Fact
from providers.memory.people import People
from providers.memory.settings import MemorySettings
from providers.memory.signals import Signals
from providers.memory.tracks import Tracks


class MemoryServer(People, Tracks, Signals):
    """Tells every change to `tell`, at once and in order; whoever carries it further does so later.

    What takes a `RoomRef` is asked by the provider, what takes a room's name is done by the people in it.

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

    def start_recording(self, room: RoomRef, options: RecordingOptions) -> Recording:
        if options.layout is not None and options.layout not in self._limits.layouts:
            raise Rejected(f"there is no layout {options.layout}", provider=self.name)
        return self._recorder.start(self._this_life(room).ref, options)

    def stop_recording(self, recording_id: str) -> Recording:
        return self._recorder.stop(recording_id)

    def finish_recording(self, recording_id: str) -> Recording:
        """End it of the server's own accord: ready at once."""
        return self._recorder.finish(recording_id)

    def fail_recording(self, recording_id: str, reason: str) -> Recording:
        return self._recorder.fail(recording_id, reason)

    def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        return self._recorder.list(room)

    async def settled(self) -> None:
        """Return when no recording is on its way from one status to the next."""
        await self._recorder.timers.idle()

    def stop(self) -> None:
        """Do nothing more by itself."""
        self._timers.cancel_all()
        self._recorder.timers.cancel_all()
