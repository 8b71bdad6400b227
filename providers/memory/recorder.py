"""The recordings of the in-memory server. They go live, and later become ready, by themselves after a short while.

STARTING ──> LIVE ──> ENDING ──> READY
    └──> ABORTED (stopped too soon)     FAILED from any that is not final
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from secrets import token_hex

from providers.base import Recording, RecordingOptions, RecordingRef, RecordingStatus, RoomRef
from providers.errors import Conflict, NotFound
from providers.memory.timers import Timers

BYTES_PER_SECOND = 300_000
"""About what a room in HD takes."""


class Recorder:
    """`tell` is called with every new state of a recording."""

    def __init__(self, provider: str, delay_seconds: float, tell: Callable[[Recording], None]) -> None:
        self._provider = provider
        self._delay_seconds = delay_seconds
        self._tell = tell
        self._recordings: dict[str, Recording] = {}
        self.timers = Timers()

    def start(self, room: RoomRef, options: RecordingOptions) -> Recording:
        ref = RecordingRef(self._provider, f"REC_{token_hex(6)}")
        location = f"memory://{self._provider}/{ref.id}.{'ogg' if options.audio_only else 'mp4'}"
        starting = self._keep(Recording(ref, room, RecordingStatus.STARTING, location=location))
        self._soon(ref.id, self._go_live)
        return starting

    def stop(self, recording_id: str) -> Recording:
        """`Conflict` when it is ending or has ended already."""
        recording = self.get(recording_id)
        if recording.status is RecordingStatus.STARTING:
            return self._end(recording, RecordingStatus.ABORTED, error="stopped before it began")
        if recording.status is not RecordingStatus.LIVE:
            raise Conflict(f"the recording is {recording.status}", provider=self._provider)
        self._soon(recording_id, self.finish)
        return self._keep(replace(recording, status=RecordingStatus.ENDING))

    def finish(self, recording_id: str) -> Recording:
        """Make it ready at once. `Conflict` when it is final."""
        return self._end(self._unfinished(recording_id), RecordingStatus.READY)

    def fail(self, recording_id: str, reason: str) -> Recording:
        """Let it fail at once. `Conflict` when it is final."""
        return self._end(self._unfinished(recording_id), RecordingStatus.FAILED, error=reason)

    def room_closed(self, room: RoomRef) -> None:
        for recording in self.list(room):
            if recording.status in (RecordingStatus.STARTING, RecordingStatus.LIVE):
                self.stop(recording.ref.id)

    def get(self, recording_id: str) -> Recording:
        try:
            return self._recordings[recording_id]
        except KeyError:
            raise NotFound(f"no recording {recording_id}", provider=self._provider) from None

    def list(self, room: RoomRef | None = None) -> list[Recording]:
        """Newest first."""
        return [r for r in reversed(self._recordings.values()) if room is None or r.room == room]

    def is_recording(self, room: RoomRef) -> bool:
        return any(r.status is RecordingStatus.LIVE for r in self.list(room))

    def _go_live(self, recording_id: str) -> None:
        self._keep(replace(self.get(recording_id), status=RecordingStatus.LIVE, started_at=datetime.now(UTC)))

    def _unfinished(self, recording_id: str) -> Recording:
        recording = self.get(recording_id)
        if recording.status.is_final:
            raise Conflict(f"the recording is {recording.status}", provider=self._provider)
        return recording

    def _end(self, recording: Recording, status: RecordingStatus, error: str | None = None) -> Recording:
        self.timers.cancel(recording.ref.id)
        now = datetime.now(UTC)
        duration = now - recording.started_at if recording.started_at else timedelta(0)
        is_ready = status is RecordingStatus.READY
        return self._keep(
            replace(
                recording,
                status=status,
                ended_at=now,
                duration=duration,
                size=int(duration.total_seconds() * BYTES_PER_SECOND) if is_ready else None,
                location=recording.location if is_ready else None,
                error=error,
            )
        )

    def _soon(self, recording_id: str, change: Callable[[str], object]) -> None:
        self.timers.start(recording_id, self._delay_seconds, lambda: change(recording_id))

    def _keep(self, recording: Recording) -> Recording:
        self._recordings[recording.ref.id] = recording
        self._tell(recording)
        return recording
