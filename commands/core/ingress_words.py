"""What is said of an ingress, by answers and cards alike: how it is, what comes in, and what to look at."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from commands.core.ingress_orphans import Orphan
from providers.base import AudioReceived, Ingress, IngressInput, IngressStatus, IngressTrouble, VideoReceived

_INPUTS: Final[Mapping[IngressInput, str]] = MappingProxyType(
    {
        IngressInput.RTMP: "RTMP",
        IngressInput.WHIP: "WHIP",
        IngressInput.URL: "URL",
        IngressInput.UNKNOWN: "unknown",
    }
)
_CODECS: Final[Mapping[str, str]] = MappingProxyType(
    {"video/h264": "H.264", "video/h265": "H.265", "audio/opus": "Opus", "audio/mpeg": "AAC"}
)
"""As people write them. GStreamer calls AAC so, whose versions it tells apart by a number beside the type."""

_CHANNELS: Final[Mapping[int, str]] = MappingProxyType({1: "mono", 2: "stereo"})
_TAKES: Final[Mapping[IngressInput, str]] = MappingProxyType(
    {
        IngressInput.RTMP: "Let the encoder send H.264 and AAC, to the address and with the key of this ingress.",
        IngressInput.WHIP: "Let the encoder send H.264 without B-frames, or VP8, and Opus, with the key of this "
        "ingress as its bearer token.",
    }
)
"""livekit/ingress, README.md: what its inputs take."""

_ENCODED_SO: Final = "What is behind its address is encoded in a way that cannot be read: offer H.264 and AAC."

_TROUBLES: Final[Mapping[IngressTrouble, str]] = MappingProxyType(
    {
        IngressTrouble.ROOM_GONE: "It was put out of its room: that has ended, or somebody removed it, or came in by "
        "its identity.",
        IngressTrouble.BUSY: "All workers are busy: end what is not needed, or add one.",
        IngressTrouble.SHUT_DOWN: "Its worker was shut down.",
        IngressTrouble.TOO_MANY_TRACKS: "One picture and one sound are taken, and more came: leave the others out.",
        IngressTrouble.NO_MEDIA: "Neither picture nor sound came in time: see whether the source has any.",
    }
)
"""What happened, where it is not for the address or the encoding that nothing comes in."""


def explain_orphan(why: Orphan, ingress: Ingress) -> str:
    """What is wrong, and what to do. What is fetched has no key that it could be given anew."""
    again = "delete it, and create another one" if ingress.input.is_fetched else "give it a new key, or delete it"
    match why:
        case Orphan.WORKER_DIED:
            gone = "its worker is gone, and only the video server's record is left"
            return f"Nothing comes in any more: {gone}. {again.capitalize()}."
        case Orphan.STUCK:
            sent = "the encoder still sends, and let it begin anew"
            look = "its address can be reached" if ingress.input.is_fetched else sent
            return f"Its worker may be gone. See whether {look}; if that does not help, {again}."
        case Orphan.ROOM_GONE:
            return "Its room has ended, and nothing has come since. Delete it, unless the room comes back."


def input_word(ingress_input: IngressInput) -> str:
    return _INPUTS[ingress_input]


def standing_words(ingress: Ingress) -> str:
    """To follow its name: `is live`, `has failed`."""
    return "has failed" if ingress.status is IngressStatus.FAILED else f"is {status_words(ingress)}"


def status_words(ingress: Ingress) -> str:
    """How it is, to stand alone: `waiting for a sender`, `live`."""
    if ingress.status is IngressStatus.WAITING:
        if not ingress.is_enabled:
            return "disabled"
        return "not fetched yet" if ingress.input.is_fetched else "waiting for a sender"
    return ingress.status.value


def video_words(video: VideoReceived) -> str:
    """`H.264 · 1280×720 · 30 fps · 2.5 Mbit/s`, as far as it is known."""
    size = f"{video.width}×{video.height}" if video.width and video.height else ""
    rate = f"{round(video.frame_rate)} fps" if video.frame_rate else ""
    return _in_a_row(_codec(video.codec), size, rate, _spoken_bitrate(video.bitrate))


def audio_words(audio: AudioReceived) -> str:
    """`Opus · 48 kHz · stereo · 96 kbit/s`, as far as it is known."""
    rate = f"{audio.sample_rate / 1000:g} kHz" if audio.sample_rate else ""
    channels = _CHANNELS.get(audio.channels, f"{audio.channels} channels") if audio.channels else ""
    return _in_a_row(_codec(audio.codec), rate, channels, _spoken_bitrate(audio.bitrate))


def received_words(ingress: Ingress) -> str:
    """What comes in, or did before it failed: picture and sound, as far as they are known."""
    video = video_words(ingress.video) if ingress.video is not None else ""
    audio = audio_words(ingress.audio) if ingress.audio is not None else ""
    return ", ".join(filter(None, (video, audio)))


def missing_address(ingress: Ingress) -> str:
    """Of one that has none: why, and who can mend it."""
    named = f" Whoever runs it has to set {ingress.address_setting}." if ingress.address_setting else ""
    return f"The video server has not been told its own address for {input_word(ingress.input)}.{named}"


def checklist(ingress: Ingress) -> tuple[str, ...]:
    """What to look at where nothing comes in: each a sentence or two, what surely hinders first.

    Empty where something comes in, or where it is deleted.
    """
    if ingress.status is IngressStatus.COMPLETE and ingress.input.is_fetched:
        return ("It is fetched only once: create another one to show it again.",)
    if ingress.status not in (IngressStatus.WAITING, IngressStatus.FAILED):
        return ()
    found = list[str]()
    if not ingress.room.name:
        found.append("It leads into no room: move it to one.")
    if not ingress.is_enabled:
        found.append("It is disabled, so whoever sends is refused: enable it.")
    if not ingress.input.is_fetched and not ingress.address:
        found.append(missing_address(ingress))
    is_explained = not ingress.is_enabled or ingress.trouble is IngressTrouble.NO_ROOM
    return tuple(found) if is_explained else (*found, *_of_source(ingress))


def _of_source(ingress: Ingress) -> tuple[str, ...]:
    reached = "See whether its address can be reached from the video server"
    if ingress.status is IngressStatus.WAITING:
        connect = "Nobody is connected: start the encoder with the address and the key of this ingress."
        return (f"{reached}.",) if ingress.input.is_fetched else (connect,)
    told = _TROUBLES.get(ingress.trouble) if ingress.trouble is not None else None
    if ingress.input.is_fetched:
        told = _ENCODED_SO if ingress.trouble is IngressTrouble.FORMAT else told
        again = "create it again: it is fetched only once."
        return (f"{told} Then {again}" if told else f"{reached}, then {again}",)
    return (f"{told or _TAKES.get(ingress.input, 'Look at the settings of the encoder.')} Then send again.",)


def _codec(mime: str) -> str:
    """`video/H264` of WebRTC, and `video/x-h264`, which is how GStreamer names it."""
    plain = mime.lower().replace("/x-", "/")
    return _CODECS.get(plain, plain.rpartition("/")[2].upper())


def _spoken_bitrate(kilobits: int) -> str:
    if not kilobits:
        return ""
    return f"{kilobits} kbit/s" if kilobits < 1000 else f"{kilobits / 1000:.1f} Mbit/s"


def _in_a_row(*words: str) -> str:
    return " · ".join(filter(None, words))
