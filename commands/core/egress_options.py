"""How what leaves a room is encoded, and which options go together: the same for recordings, streams and egresses.

A problem names the field by what every command calls it: `layout`, `audio_only`, `video_only`, `format`, `segments`,
`images`, `preset`, `width`, `height`, `output`, `path`.
"""

import unicodedata
from collections.abc import Sequence
from typing import Annotated, Final

from pydantic import Field

from commands.core.base import Advanced, Needs, ServerCommand
from commands.core.errors import Problem
from commands.core.repeating import repeated
from commands.core.types import Duration, OneOf
from providers.base import Capability, EgressKind, EgressOptions, EgressSource, Encoding, FileFormat, Limits

LAYOUTS: Final = OneOf(lambda limits: limits.layouts)
PRESETS: Final = OneOf(lambda limits: limits.presets)
OUTPUTS: Final = OneOf(lambda limits: [output.name for output in limits.outputs])

LONGEST_PATH: Final = 1_024
"""In UTF-8 bytes: what S3 takes for a key, which is the least of what any storage takes."""

_Side = Annotated[int, Field(ge=16, le=7_680)]
_Kilobits = Annotated[int, Field(ge=1, le=100_000)]
_Framerate = Annotated[int, Field(ge=1, le=120)]
_Frequency = Annotated[int, Field(ge=8_000, le=192_000)]


class EncodingFields(ServerCommand):
    """A preset, or an encoding in numbers. Base of the commands that take both."""

    preset: Annotated[str | None, Needs(Capability.RECORDING_PRESET), PRESETS, Advanced()] = Field(
        None, description="Size and quality by one name"
    )
    width: Annotated[_Side | None, Needs(Capability.RECORDING_ENCODING), Advanced()] = Field(
        None, description="Width in pixels, an even number; with --height"
    )
    height: Annotated[_Side | None, Needs(Capability.RECORDING_ENCODING), Advanced()] = Field(
        None, description="Height in pixels, an even number; with --width"
    )
    fps: Annotated[_Framerate | None, Needs(Capability.RECORDING_ENCODING), Advanced()] = Field(
        None, description="Pictures a second"
    )
    video_bitrate: Annotated[_Kilobits | None, Needs(Capability.RECORDING_ENCODING), Advanced()] = Field(
        None, description="Bit rate of the picture in kbit/s"
    )
    audio_bitrate: Annotated[_Kilobits | None, Needs(Capability.RECORDING_ENCODING), Advanced()] = Field(
        None, description="Bit rate of the sound in kbit/s"
    )
    audio_frequency: Annotated[_Frequency | None, Needs(Capability.RECORDING_ENCODING), Advanced()] = Field(
        None, description="Sampling rate of the sound in Hz, such as 48000"
    )
    key_frames: Annotated[Duration | None, Needs(Capability.RECORDING_ENCODING), Advanced()] = Field(
        None, description="A key frame every so often, such as 4s"
    )

    @property
    def encoding(self) -> Encoding | None:
        """None where nothing is said of it."""
        asked = Encoding(
            width=self.width,
            height=self.height,
            framerate=self.fps,
            video_bitrate=self.video_bitrate,
            audio_bitrate=self.audio_bitrate,
            audio_frequency=self.audio_frequency,
            key_frame_interval=self.key_frames,
        )
        return asked if asked != Encoding() else None


def option_problems(options: EgressOptions, limits: Limits, *, is_looked_up: bool = True) -> list[Problem]:
    """What is wrong with the options as a whole, by field; empty when all is well. Pure.

    `is_looked_up`: it is known which of the tracks is seen and which is heard.
    """
    is_track = options.source.kind is EgressKind.TRACK
    return [
        *choice_problems("layout", options.source.layout, limits.layouts),
        *_source_problems(options.source),
        *(_whole_track_problems(options) if is_track else _format_problems(options, limits)),
        *(_media_problems(options) if is_looked_up and not is_track else []),
        *choice_problems("preset", options.preset, limits.presets),
        *_encoding_problems(options),
        *output_problems(options.output, limits),
    ]


def choice_problems(field: str, chosen: str | None, known: Sequence[str]) -> list[Problem]:
    """A server that does not say what it has decides itself. `field` is what such a thing is called, too."""
    if chosen is None or not known or chosen in known:
        return []
    called = field.replace("_", " ")
    return [Problem(f"“{repeated(chosen)}” is no {called} here; there is {', '.join(known)}.", field)]


def output_problems(chosen: str | None, limits: Limits) -> list[Problem]:
    """Outputs are named by the configuration, so what it does not name is nothing."""
    known = [output.name for output in limits.outputs]
    if chosen is None or chosen in known:
        return []
    there = f"there is {', '.join(known)}" if known else "none is configured for this video server"
    return [Problem(f"“{repeated(chosen)}” is no output here; {there}.", "output")]


def path_problems(path: str | None) -> list[Problem]:
    """Of where something is to be written, as a person gives it."""
    if path is None:
        return []
    if not path.strip() or any(unicodedata.category(c) in ("Cc", "Cs", "Zl", "Zp") for c in path):
        return [Problem("A path cannot be empty, or hold control characters or line breaks.", "path")]
    if ".." in path.split("/"):
        return [Problem("A path cannot lead upwards by “..”.", "path")]
    if (size := len(path.encode())) > LONGEST_PATH:
        return [Problem(f"A path can be {LONGEST_PATH:,} bytes long; this one has {size:,}.", "path")]
    return []


def _source_problems(source: EgressSource) -> list[Problem]:
    found = list[Problem]()
    if source.audio_only and source.video_only:
        found.append(Problem("Only the sound and only the picture leaves nothing; choose one.", "video_only"))
    if source.layout is not None and source.audio_only:
        found.append(Problem("Sound alone is not arranged; leave the layout out.", "layout"))
    if source.layout is not None and source.kind is not EgressKind.ROOM:
        found.append(Problem("A layout arranges a whole room; leave it out here.", "layout"))
    if source.kind not in (EgressKind.ROOM, EgressKind.WEB):
        for name in ("audio_only", "video_only"):
            if getattr(source, name):
                found.append(Problem("It is for a whole room or a web page; name the tracks instead.", name))
    return found


def _format_problems(options: EgressOptions, limits: Limits) -> list[Problem]:
    asked = options.file.format if options.file is not None else None
    return choice_problems("format", asked.value, limits.formats) if asked is not None else []


def _media_problems(options: EgressOptions) -> list[Problem]:
    found, is_sound = list[Problem](), _is_sound_alone(options.source)
    if options.file is not None and options.file.format is FileFormat.MP3 and not is_sound:
        found.append(Problem("mp3 holds sound alone, and there is a picture to record; take mp4.", "format"))
    if options.images is not None and is_sound:
        found.append(Problem("There are no images of sound alone; leave them out, or record the picture.", "images"))
    return found


def _is_sound_alone(source: EgressSource) -> bool:
    return source.audio_only or (source.kind is EgressKind.TRACKS and not source.video_track)


def _encoding_problems(options: EgressOptions) -> list[Problem]:
    if (encoding := options.encoding) is None:
        return []
    found = list[Problem]()
    if _is_sound_alone(options.source):
        found += [
            Problem("Sound alone has no picture; leave it out.", name)
            for name, is_said in _of_picture(encoding).items()
            if is_said
        ]
    if options.preset is not None:
        found.append(Problem("A preset says it all; leave it out, or leave out the numbers of the encoding.", "preset"))
    for name, given, other in (
        ("width", encoding.width, encoding.height),
        ("height", encoding.height, encoding.width),
    ):
        if given is None and other is not None:
            known = "height" if name == "width" else "width"
            found.append(Problem(f"A size needs both: give --{name} with --{known}.", name))
        elif given is not None and given % 2:
            found.append(Problem(f"It is to be an even number of pixels, such as {given + 1}.", name))
    return found


def _of_picture(encoding: Encoding) -> dict[str, bool]:
    """What is said of the picture, by the field that says it."""
    return {
        "width": encoding.width is not None,
        "height": encoding.height is not None,
        "fps": encoding.framerate is not None,
        "video_bitrate": encoding.video_bitrate is not None,
        "key_frames": encoding.key_frame_interval is not None,
    }


def _whole_track_problems(options: EgressOptions) -> list[Problem]:
    """A single track is written as it is sent."""
    said = {
        "format": options.file is not None and options.file.format is not None,
        "segments": options.segments is not None,
        "images": options.images is not None,
        "preset": options.preset is not None,
    }
    why = "A single track is written as it is sent; leave it out, or name the track by --tracks."
    found = [Problem(why, name) for name, is_said in said.items() if is_said]
    if options.encoding is not None:
        found.append(Problem("A single track is written as it is sent; leave out the numbers of the encoding."))
    return found
