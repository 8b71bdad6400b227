"""One session of the stand-in ingress worker: somebody sends, and each change is told to the real server."""

import asyncio
from collections.abc import Coroutine, Iterator
from time import time_ns
from typing import Final
from uuid import uuid4

from livekit.protocol import ingress as pb

from tests.providers.stage import PATIENCE_SECONDS
from tests.standins.presence import Admission, Entry, Presence
from tests.standins.psrpc import Bus, Handler, Method, RpcError, encode

INACTIVE, BUFFERING, PUBLISHING, ERROR, COMPLETE = (
    pb.IngressState.ENDPOINT_INACTIVE,
    pb.IngressState.ENDPOINT_BUFFERING,
    pb.IngressState.ENDPOINT_PUBLISHING,
    pb.IngressState.ENDPOINT_ERROR,
    pb.IngressState.ENDPOINT_COMPLETE,
)

VIDEO: Final = pb.InputVideoState(
    mime_type="video/x-h264", average_bitrate=2_500_000, width=1280, height=720, framerate=30
)
AUDIO: Final = pb.InputAudioState(mime_type="audio/mpeg", average_bitrate=128_000, channels=2, sample_rate=48_000)
"""What an encoder sends that nobody said otherwise of. RTMP and URL inputs name the codecs as GStreamer does."""

RESOURCES: Final = {
    pb.IngressInput.RTMP_INPUT: "RT_",
    pb.IngressInput.WHIP_INPUT: "WH_",
    pb.IngressInput.URL_INPUT: "UR_",
}


class Session:
    """What a test may ask of it; each returns when the server has taken the news.

    Attributes:
        id: the ingress's.
        info: the ingress as it was when the session began.
        state: what the server was last told.
    """

    def __init__(self, bus: Bus, info: pb.IngressInfo, admission: Admission | None) -> None:
        """`admission`: into the room, where the session is to be there as a participant."""
        self.id = info.ingress_id
        self.info = info
        self.state = pb.IngressState(
            status=BUFFERING, started_at=time_ns(), resource_id=RESOURCES[info.input_type] + uuid4().hex[:12]
        )
        self._bus = bus
        self._admission = admission
        self._presence: Presence | None = None
        self._turn = asyncio.Lock()
        self._news = asyncio.Event()
        self._alive = True
        self._tasks: list[asyncio.Task[None]] = []

    async def until(self, status: pb.IngressState.Status) -> None:
        """Wait until the server was told of this status."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.state.status != status:
                self._news.clear()
                await self._news.wait()

    async def publish(self, video: pb.InputVideoState | None = VIDEO, audio: pb.InputAudioState | None = AUDIO) -> None:
        """What is sent has been understood and comes into the room."""
        async with self._turn:
            self._expect(BUFFERING)
            await self._enter()
            self.state.status = PUBLISHING
            await self._report(video, audio)

    async def report(self, video: pb.InputVideoState | None = VIDEO, audio: pb.InputAudioState | None = AUDIO) -> None:
        """What is sent has changed, such as its bitrate."""
        async with self._turn:
            self._expect(PUBLISHING)
            await self._report(video, audio)

    async def stop(self) -> None:
        """The encoder goes, or what the address gave has come to its end."""
        async with self._turn:
            self._expect(BUFFERING, PUBLISHING)
            await self._end()

    async def fail(self, error: str) -> None:
        async with self._turn:
            self._expect(BUFFERING, PUBLISHING)
            await self._finish(ERROR, error)

    async def die(self) -> None:
        """As when its process is killed: it serves nothing, leaves its room and tells nobody. Twice is harmless."""
        self._alive = False
        await self._stop_serving()
        await self._leave()
        for task in self._tasks:
            task.cancel()
        for end in await asyncio.gather(*self._tasks, return_exceptions=True):
            if isinstance(end, Exception):
                raise end

    # What the worker asks of it.

    @property
    def is_live(self) -> bool:
        return self._alive and self.state.status in (BUFFERING, PUBLISHING)

    async def refuse(self, error: RpcError) -> None:
        """The real service tells the server too why it turns a sender away."""
        await self._finish(ERROR, str(error))

    async def create(self) -> None:
        """Make the record of a URL input, which the server leaves to the worker."""
        await self._bus.call(Method("IOInfo", "CreateIngress"), self.info.SerializeToString())

    async def begin(self) -> None:
        for method, handler in self._methods():
            await self._bus.serve(method, handler)
        await self._tell()

    def spawn(self, work: Coroutine[None, None, None]) -> None:
        self._tasks.append(asyncio.create_task(work))

    async def _enter(self) -> None:
        """It comes in as the participant that the ingress names. Thrown out, the session has failed."""
        if self._admission is None:
            return
        self._presence = await self._admission(
            Entry(
                kind="ingress",
                room=self.info.room_name,
                identity=self.info.participant_identity,
                name=self.info.participant_name,
                metadata=self.info.participant_metadata,
                attributes={"ingress.ingressID": self.id, "ingress.resourceID": self.state.resource_id},
            )
        )
        self.state.room_id = self._presence.room_id
        self.spawn(self._watch(self._presence))

    async def _watch(self, presence: Presence) -> None:
        await presence.thrown_out()
        async with self._turn:
            if self.is_live:
                await self._finish(ERROR, "room disconnected")

    async def _report(self, video: pb.InputVideoState | None, audio: pb.InputAudioState | None) -> None:
        for name, sent in (("video", video), ("audio", audio)):
            self.state.ClearField(name)
            if sent is not None:
                getattr(self.state, name).CopyFrom(sent)
        await self._tell()

    async def _end(self) -> None:
        await self._finish(INACTIVE if self.info.reusable else COMPLETE)

    async def _finish(self, status: pb.IngressState.Status, error: str = "") -> None:
        self.state.status, self.state.error, self.state.ended_at = status, error, time_ns()
        await self._stop_serving()
        await self._leave()
        await self._tell()

    async def _tell(self) -> None:
        self.state.updated_at = time_ns()
        request = encode({1: self.id, 2: self.state.SerializeToString()})
        await self._bus.call(Method("IOInfo", "UpdateIngressState"), request)
        self._news.set()

    def _methods(self) -> Iterator[tuple[Method, Handler]]:
        yield Method("IngressHandler", "UpdateIngress", self.id), self._cut
        yield Method("IngressHandler", "DeleteIngress", self.id), self._cut

    async def _cut(self, _: bytes) -> bytes:
        """The real service ends the session for an update as for a deletion; the encoder may connect again."""
        async with self._turn:
            if self.is_live:
                await self._end()
            return self.state.SerializeToString()

    async def _stop_serving(self) -> None:
        for method, _ in self._methods():
            await self._bus.stop_serving(method)

    async def _leave(self) -> None:
        presence, self._presence = self._presence, None
        if presence is not None:
            await presence.leave()

    def _expect(self, *statuses: pb.IngressState.Status) -> None:
        """Say so where a test asks for what the state does not allow."""
        assert self._alive, f"{self.id}: its session is dead."
        assert self.state.status in statuses, f"{self.id} is {pb.IngressState.Status.Name(self.state.status)}."
