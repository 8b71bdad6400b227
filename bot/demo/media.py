"""Sound and pictures for LiveKit's client, made without hardware: a tone, and a colour that changes."""

import asyncio
import math
from array import array
from colorsys import hsv_to_rgb
from itertools import count
from typing import Final

import livekit.rtc as rtc

from providers.base import TrackSource

SAMPLES_PER_SECOND: Final = 48_000
TONE_HERTZ: Final = 440
TONE_SECONDS: Final = 0.1
"""Of one frame: a whole number of waves, so that frames join without a click."""

WIDTH, HEIGHT = 160, 120
COLOURS: Final = 50

SOURCES: Final = {
    TrackSource.MICROPHONE: rtc.TrackSource.SOURCE_MICROPHONE,
    TrackSource.CAMERA: rtc.TrackSource.SOURCE_CAMERA,
    TrackSource.SCREEN_SHARE: rtc.TrackSource.SOURCE_SCREENSHARE,
    TrackSource.SCREEN_SHARE_AUDIO: rtc.TrackSource.SOURCE_SCREENSHARE_AUDIO,
}
_SOUND: Final = (TrackSource.MICROPHONE, TrackSource.SCREEN_SHARE_AUDIO)


def may_publish(person: rtc.LocalParticipant, source: TrackSource) -> bool:
    """What the client knows of its own permissions, a moment after the server."""
    may = person.permissions
    return may.can_publish and (not may.can_publish_sources or SOURCES[source] in may.can_publish_sources)


class Feed:
    """What somebody sends: it begins when it is made, in a running loop, and goes on until `stop`."""

    def __init__(self, source: TrackSource, *, frames_per_second: float) -> None:
        """`frames_per_second` are those of a picture."""
        self.source = source
        self._track: rtc.LocalTrack
        if source in _SOUND:
            sound = rtc.AudioSource(SAMPLES_PER_SECOND, 1)
            self._track, sending = rtc.LocalAudioTrack.create_audio_track(source, sound), _send_tone(sound)
        else:
            picture = rtc.VideoSource(WIDTH, HEIGHT)
            self._track = rtc.LocalVideoTrack.create_video_track(source, picture)
            sending = _send_colours(picture, 1 / frames_per_second)
        self._sending = asyncio.create_task(sending, name=f"send {source}")

    async def publish(self, person: rtc.LocalParticipant) -> str:
        """Offer it to the room; returns the id of the track. It stops where that fails, with `PublishTrackError`.

        A server that forbids it does not answer, and the client gives up after ten seconds.
        """
        options = rtc.TrackPublishOptions(source=SOURCES[self.source], simulcast=False)
        try:
            return (await person.publish_track(self._track, options)).sid
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stopping twice is harmless."""
        self._sending.cancel()

    async def stopped(self) -> None:
        """Return when nothing of it runs any more. Raises what broke it, if that is why it has ended."""
        await asyncio.wait({self._sending})
        if not self._sending.cancelled():
            self._sending.result()


async def _send_tone(sound: rtc.AudioSource) -> None:
    """At the pace of a listener: a source that is full would keep us waiting, and answer when the process has ended."""
    count_of_samples = int(TONE_SECONDS * SAMPLES_PER_SECOND)
    waves = (math.sin(2 * math.pi * TONE_HERTZ * n / SAMPLES_PER_SECOND) for n in range(count_of_samples))
    samples = array("h", (int(3_000 * wave) for wave in waves)).tobytes()
    frame = rtc.AudioFrame(samples, SAMPLES_PER_SECOND, 1, count_of_samples)
    try:
        while True:
            await sound.capture_frame(frame)
            await asyncio.sleep(TONE_SECONDS)
    finally:
        await sound.aclose()


async def _send_colours(picture: rtc.VideoSource, pause_seconds: float) -> None:
    try:
        for n in count():
            red, green, blue = (int(255 * part) for part in hsv_to_rgb(n / COLOURS % 1, 1, 1))
            pixels = bytes((red, green, blue, 255)) * (WIDTH * HEIGHT)
            picture.capture_frame(rtc.VideoFrame(WIDTH, HEIGHT, rtc.VideoBufferType.RGBA, pixels))
            await asyncio.sleep(pause_seconds)
    finally:
        await picture.aclose()
