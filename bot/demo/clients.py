"""People in the rooms of a LiveKit server, by its own client."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

import livekit.rtc as rtc
from livekit.rtc.participant import PublishTrackError, UnpublishTrackError

from bot.demo.media import Feed, may_publish
from bot.demo.people import People, Place
from providers.base import JoinToken, Participant, Permissions, Provider, Signal, TrackSource
from providers.errors import Conflict, NotFound, Rejected, TimedOut

FRAMES_PER_SECOND: Final = 5
"""Few, as a demo may have many people on a small machine."""

LISTED_SECONDS: Final = 10.0
"""It takes milliseconds, on a loaded machine more."""


class LiveKitPeople(People):
    def __init__(self, provider: Callable[[], Provider], changed: Callable[[], None]) -> None:
        super().__init__(provider, changed)
        self._guests: dict[Place, _Guest] = {}
        # The client logs an error for everybody who is turned away, which is none of the demo.
        logging.getLogger("livekit").setLevel(logging.CRITICAL)

    async def leave(self, room: str, identity: str) -> None:
        await self._guest(room, identity).leave()

    async def publish(self, room: str, identity: str, source: TrackSource) -> None:
        """The server is asked first: the client would wait ten seconds for its consent, and knows a moment later.

        It is asked afterwards too, as it lists a track when the first of it has come, a moment after its consent.
        """
        guest = self._guest(room, identity)
        may = (await self._listed(room, identity)).permissions or Permissions()
        if not may.may_publish(source):
            raise Conflict(f"{identity} may not publish {source}")
        if guest.track_of(source) is not None:
            raise Conflict(f"{identity} sends {source} already")
        track_id = await guest.publish(source)
        try:
            async with asyncio.timeout(LISTED_SECONDS):
                await self._until_listed(room, identity, track_id)
        except TimeoutError:
            raise TimedOut(f"it does not list {source} of {identity}") from None

    async def unpublish(self, room: str, identity: str, source: TrackSource) -> None:
        guest = self._guest(room, identity)
        track_id = guest.track_of(source)
        if track_id is None:
            raise NotFound(f"{identity} does not send {source}")
        await guest.unpublish(track_id)

    def heard(self, room: str, identity: str) -> list[Signal]:
        return list(self._guest(room, identity).heard)

    async def aclose(self) -> None:
        await asyncio.gather(*(guest.leave() for guest in self._guests.values()))

    async def _enter(self, token: JoinToken) -> None:
        place = (token.room.name, token.identity)
        guest = _Guest(self._changed)
        try:
            await guest.enter(token)
        except rtc.ConnectError:
            raise Rejected(f"it turned {token.identity} away") from None
        before, self._guests[place] = self._guests.get(place), guest
        if before is not None:
            await before.leave()

    async def _until_listed(self, room: str, identity: str, track_id: str) -> None:
        while True:
            if track_id in [track.id for track in (await self._listed(room, identity)).tracks]:
                return
            await asyncio.sleep(0.02)

    async def _listed(self, room: str, identity: str) -> Participant:
        """Somebody as the server has them."""
        provider = self._provider()
        for live in await provider.list_rooms([room]):
            for participant in await provider.list_participants(live.ref):
                if participant.identity == identity:
                    return participant
        raise NotFound(f"no participant {identity}")

    def _guest(self, room: str, identity: str) -> "_Guest":
        guest = self._guests.get((room, identity))
        if guest is None or not guest.is_inside:
            raise NotFound(f"no participant {identity}")
        return guest


class _Guest:
    """Somebody in a room: one connection. `heard` is what came by it."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.heard: list[Signal] = []
        self._changed = changed
        self._client = rtc.Room()
        self._client.on("data_received", self._hear)
        self._client.on("disconnected", lambda *_: changed())
        self._client.on("local_track_unpublished", lambda published: self._stop(published.sid))
        self._client.on("participant_permissions_changed", self._stop_what_is_forbidden)
        self._sending: dict[str, Feed] = {}

    @property
    def is_inside(self) -> bool:
        """False also when the server has thrown them out."""
        return self._client.isconnected()

    async def enter(self, token: JoinToken) -> None:
        """Raises `rtc.ConnectError`."""
        await self._client.connect(token.url, token.token.get_secret_value())

    async def leave(self) -> None:
        await self._client.disconnect()
        feeds = list(self._sending.values())
        for feed in feeds:
            feed.stop()
        await asyncio.gather(*(feed.stopped() for feed in feeds))

    def track_of(self, source: TrackSource) -> str | None:
        return next((track_id for track_id, feed in self._sending.items() if feed.source is source), None)

    async def publish(self, source: TrackSource) -> str:
        """The id of the track."""
        feed = Feed(source, frames_per_second=FRAMES_PER_SECOND)
        try:
            track_id = await feed.publish(self._client.local_participant)
        except PublishTrackError:
            raise Rejected(f"it does not take {source}") from None
        self._sending[track_id] = feed
        return track_id

    async def unpublish(self, track_id: str) -> None:
        try:
            await self._client.local_participant.unpublish_track(track_id)
        except UnpublishTrackError:
            raise NotFound(f"no track {track_id}") from None

    def _stop(self, track_id: str) -> None:
        if (feed := self._sending.pop(track_id, None)) is not None:
            feed.stop()

    def _stop_what_is_forbidden(self, *_: object) -> None:
        """The server has ended these tracks, and the client says nothing of that."""
        for track_id, feed in list(self._sending.items()):
            if not may_publish(self._client.local_participant, feed.source):
                self._stop(track_id)

    def _hear(self, packet: rtc.DataPacket) -> None:
        self.heard.append(Signal(packet.data.decode(errors="replace"), topic=packet.topic or ""))
        self._changed()
