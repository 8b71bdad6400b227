"""What leaves the rooms of the in-memory server, under its three names: recordings, streams and egresses."""

from collections.abc import Collection
from dataclasses import replace

from pydantic import SecretStr

from providers.base import (
    Egress,
    EgressOptions,
    EgressTrouble,
    FileOutput,
    Recording,
    RoomRef,
    Stream,
)
from providers.errors import NotFound, NoWorker, Rejected
from providers.memory import egress_rules
from providers.memory.egress_record import Record
from providers.memory.rooms import Rooms

LIVE_PLAYLIST = "live.m3u8"
"""Of a stream by HLS for which none is named."""


class Outgoing(Rooms):
    """What one noun does to an egress shows under the others too: they are views of the same."""

    def start_recording(self, room: RoomRef | None, options: EgressOptions) -> Recording:
        return self._recording(self._start(room, options if options.records else replace(options, file=FileOutput())))

    def stop_recording(self, recording_id: str) -> Recording:
        self._recording(self._egresses.get(recording_id))
        return self._recording(self._egresses.stop(recording_id))

    def list_recordings(self, room: RoomRef | None = None) -> list[Recording]:
        records = self._egresses.listed(room)
        return [recording for record in records if (recording := record.recording) is not None]

    def update_recording_layout(self, recording_id: str, layout: str) -> Recording:
        self._recording(self._egresses.get(recording_id))
        return self._recording(self._arrange(recording_id, layout))

    def finish_recording(
        self, recording_id: str, *, trouble: EgressTrouble | None = None, is_backup: bool = False
    ) -> Recording:
        """End it of the server's own accord: ready at once, be it cut short, or kept where it was not to go."""
        return self._recording(self._egresses.finish(recording_id, trouble=trouble, is_backup=is_backup))

    def fail_recording(self, recording_id: str, reason: str, trouble: EgressTrouble | None = None) -> Recording:
        return self._recording(self._egresses.fail(recording_id, reason, trouble))

    def upload_recording(self, recording_id: str) -> Recording:
        """All is recorded, and is being stored: so it stays until it is made to finish or fail."""
        return self._recording(self._egresses.upload(recording_id))

    def start_stream(self, room: RoomRef | None, options: EgressOptions) -> Stream:
        segments = options.segments
        if segments is not None:
            options = replace(options, segments=replace(segments, is_live=True))
        if segments is None and not options.urls:
            raise Rejected("the stream goes nowhere", provider=self.name)
        return self._stream(self._start(room, options))

    def stop_stream(self, stream_id: str) -> Stream:
        self._stream(self._egresses.get(stream_id))
        return self._stream(self._egresses.stop(stream_id))

    def list_streams(self, room: RoomRef | None = None) -> list[Stream]:
        return [stream for record in self._egresses.listed(room) if (stream := record.stream) is not None]

    def update_stream(
        self, stream_id: str, *, add: Collection[SecretStr] = (), remove: Collection[SecretStr] = ()
    ) -> Stream:
        self._stream(self._egresses.get(stream_id))
        self._require_fit(egress_rules.urls_problem(add, self._limits))
        return self._stream(self._egresses.update_destinations(stream_id, add, remove))

    def update_stream_layout(self, stream_id: str, layout: str) -> Stream:
        self._stream(self._egresses.get(stream_id))
        return self._stream(self._arrange(stream_id, layout))

    def end_stream(self, stream_id: str) -> Stream:
        """End it of the server's own accord, at once."""
        return self._stream(self._egresses.finish(stream_id))

    def fail_stream(self, stream_id: str, reason: str, trouble: EgressTrouble | None = None) -> Stream:
        return self._stream(self._egresses.fail(stream_id, reason, trouble))

    def fail_destination(self, stream_id: str, destination_id: str, reason: str) -> Stream:
        """With its last one a stream that writes nothing fails."""
        return self._stream(self._egresses.fail_destination(stream_id, destination_id, reason))

    def reconnect_destination(self, stream_id: str, destination_id: str) -> Stream:
        """The connection broke, and is there again."""
        return self._stream(self._egresses.reconnect_destination(stream_id, destination_id))

    def start_egress(self, room: RoomRef | None, options: EgressOptions) -> Egress:
        asked = options if options.writes or options.urls else replace(options, file=FileOutput())
        return self._start(room, asked).egress

    def stop_egress(self, egress_id: str) -> Egress:
        return self._egresses.stop(egress_id).egress

    def list_egresses(
        self, room: RoomRef | None = None, *, id: str | None = None, active: bool = False
    ) -> list[Egress]:
        found = [record.egress for record in self._egresses.listed(room) if id in (None, record.ref.id)]
        return [egress for egress in found if egress.is_active or not active]

    def update_egress_layout(self, egress_id: str, layout: str) -> Egress:
        return self._arrange(egress_id, layout).egress

    def abandon(self, egress_id: str) -> Egress:
        """Its worker dies: what is listed of it stays as it is for ever, and nobody tells."""
        return self._egresses.abandon(egress_id).egress

    def _start(self, room: RoomRef | None, options: EgressOptions) -> Record:
        if (segments := options.segments) is not None and segments.is_live and not segments.live_playlist:
            options = replace(options, segments=replace(segments, live_playlist=LIVE_PLAYLIST))
        life = None if room is None else self._this_life(room)
        if not self.has_workers:
            raise NoWorker("no worker runs", provider=self.name)
        if options.source.has_room is (life is None):
            raise Rejected("a web page has no room, and all else has one", provider=self.name)
        self._require_fit(egress_rules.problem(options, self._limits))
        if life is not None:
            egress_rules.require_source(life, options.source)
        return self._begin(life, options)

    def _arrange(self, id: str, layout: str) -> Record:
        self._require_fit(None if layout in self._limits.layouts else f"there is no layout {layout}")
        return self._egresses.update_layout(id, layout)

    def _recording(self, record: Record) -> Recording:
        if (recording := record.recording) is None:
            raise NotFound(f"{record.ref.id} is no recording", provider=self.name)
        return recording

    def _stream(self, record: Record) -> Stream:
        if (stream := record.stream) is None:
            raise NotFound(f"{record.ref.id} is no stream", provider=self.name)
        return stream
