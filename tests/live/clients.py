"""Participants on a real LiveKit server: LiveKit's own client, with waiting for what it tells and its statistics."""

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import Final, Self, TypeVar, get_args

from livekit import rtc
from livekit.rtc.room import EventTypes

from bot.demo.media import Feed, may_publish
from providers.base import TrackSource
from tests.providers.stage import PATIENCE_SECONDS, Heard, NotAdmitted

T = TypeVar("T")

logging.getLogger("livekit").setLevel(logging.CRITICAL)
"""Whoever is turned away is so with their token in the client's log, which is none of ours."""

FRAMES_PER_SECOND: Final = 30
"""As many as a real camera's, so that statistics tell soon whether a picture goes on."""

SOME_PACKETS: Final = 12
"""Enough to see that a track goes on: a quarter of a second of sound, a little more of a picture."""


class Client:
    """Somebody in a room: `async with await Client.join(url, token) as bob:`, who leaves at the end.

    What the server tells is awaited with `until`. `heard` takes the data messages; `sending` holds the ids of the
    tracks that were published, in that order.
    """

    def __init__(self) -> None:
        self.room = rtc.Room()
        self.heard: asyncio.Queue[Heard] = asyncio.Queue()
        self._thrown_out: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._news = asyncio.Event()
        self.sending: list[str] = []
        self._feeds: list[Feed] = []
        for event in get_args(EventTypes):
            self.room.on(event, self._wake)
        self.room.on("data_received", self._hear)
        self.room.on("disconnected", self._end)

    @classmethod
    async def join(cls, url: str, token: str) -> Self:
        """Come in by that token. `NotAdmitted` where the server turns it away."""
        client = cls()
        try:
            await client.room.connect(url, token)
        except rtc.ConnectError as error:
            raise NotAdmitted from error
        return client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.leave()

    async def leave(self) -> None:
        """Go, and leave nothing running. Harmless where the server has thrown this client out already."""
        await self.room.disconnect()
        for feed in self._feeds:
            feed.stop()
            await feed.stopped()
        if self._listener is not None:
            await self._listener

    @property
    def me(self) -> rtc.LocalParticipant:
        return self.room.local_participant

    def other(self, identity: str) -> rtc.RemoteParticipant | None:
        """Somebody else as this client sees them; None where it sees nobody of that identity."""
        return self.room.remote_participants.get(identity)

    def of(self, identity: str) -> rtc.RemoteParticipant:
        """Somebody else who is known to be seen."""
        return self.room.remote_participants[identity]

    def is_muted(self, track_id: str) -> bool:
        publication = self.track(track_id)
        return publication is not None and publication.muted

    def track(self, track_id: str) -> rtc.TrackPublication | None:
        """A track as this client knows of it, its own or somebody else's."""
        everybody = [self.me, *self.room.remote_participants.values()]
        return next((p.track_publications[track_id] for p in everybody if track_id in p.track_publications), None)

    async def until(self, check: Callable[[], T | None]) -> T:
        """Look again after each event, until what `check` finds is true of something."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not (found := check()):
                self._news.clear()
                await self._news.wait()
        return found

    async def hears(self) -> Heard:
        """The next data message, waited for if need be."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await self.heard.get()

    async def thrown_out(self) -> str:
        """Wait until the connection ends; returns LiveKit's word for the reason, such as `PARTICIPANT_REMOVED`."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await asyncio.shield(self._thrown_out)

    async def publish(self, source: TrackSource = TrackSource.MICROPHONE) -> str:
        """Send a tone or a moving picture; returns the track's id. `NotAdmitted` where it is not allowed.

        A server that forbids it does not answer, and LiveKit's client gives up after ten seconds. So do as a client
        with a button does: look at one's own permissions first.
        """
        if not self.may_publish(source):
            raise NotAdmitted
        track_id = await self.offer(source)
        self.sending.append(track_id)
        return track_id

    def may_publish(self, source: TrackSource) -> bool:
        return may_publish(self.me, source)

    async def offer(self, source: TrackSource) -> str:
        """Publish without looking whether it is allowed; returns the track's id."""
        feed = Feed(source, frames_per_second=FRAMES_PER_SECOND)
        self._feeds.append(feed)
        return await feed.publish(self.me)

    async def offer_in_vain(self, source: TrackSource, *, until: Callable[[], bool]) -> None:
        """Publish what is forbidden, as an app might that has not looked, until it shows that the server refused."""
        offering = asyncio.create_task(self.offer(source))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not until():
                await asyncio.sleep(0.05)
        offering.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await offering

    async def sees(self, track_id: str) -> None:
        """Wait until somebody's track is subscribed to and comes in, by this client's own statistics."""
        await self.until(lambda: self._remote(track_id) is not None)
        await self.flows(track_id)

    async def loses(self, track_id: str) -> None:
        """Wait until nothing of somebody's track is received any more, by this client's own statistics.

        Of an unsubscribing by the server the SDK tells only when the next subscribing comes.
        """
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.packets(track_id) > 0:
                await asyncio.sleep(0.05)

    async def flows(self, track_id: str) -> None:
        """Wait until more of a track has come in than there was."""
        before = await self.packets(track_id)
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self.packets(track_id) < before + SOME_PACKETS:
                await asyncio.sleep(0.05)

    async def stands_still(self, track_id: str, *, while_flows: str) -> None:
        """Wait until nothing of a track comes in any more. The clock is another track, which goes on meanwhile."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while True:
                before = await self.packets(track_id)
                await self.flows(while_flows)
                if await self.packets(track_id) == before:
                    return

    async def packets(self, track_id: str) -> int:
        """How many packets of somebody's track have come in since this client subscribed to it; 0 where it does not."""
        track = self._remote(track_id)
        if track is None:
            return 0
        return sum(
            each.inbound_rtp.received.packets_received
            for each in await track.get_stats()
            if each.WhichOneof("stats") == "inbound_rtp"
        )

    def _remote(self, track_id: str) -> rtc.Track | None:
        publication = self.track(track_id)
        return publication.track if isinstance(publication, rtc.RemoteTrackPublication) else None

    def _wake(self, *_: object) -> None:
        self._news.set()

    def _hear(self, packet: rtc.DataPacket) -> None:
        self.heard.put_nowait(Heard(packet.data.decode(), packet.topic or ""))

    def _end(self, reason: rtc.DisconnectReason.ValueType) -> None:
        if not self._thrown_out.done():
            self._thrown_out.set_result(rtc.DisconnectReason.Name(reason))

    @property
    def _listener(self) -> asyncio.Task[None] | None:
        """The SDK's own task. It ends by itself a moment after `disconnected` and nothing public tells when."""
        task: asyncio.Task[None] | None = getattr(self.room, "_task", None)
        return task
