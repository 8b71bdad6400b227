"""What can be said of a recording that is to be started: what it is of, and what is written of it."""

from collections.abc import Mapping
from typing import Annotated, ClassVar, Final, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from commands.core.base import Advanced, Fetched, Needs, Offered, Offers, Positional, Private, RoomCommand, RoomName
from commands.core.context import Context
from commands.core.egress_options import LAYOUTS, OUTPUTS, EncodingFields, option_problems, path_problems
from commands.core.egress_sources import participant_source, track_source, tracks_source
from commands.core.errors import Problem, UsageError
from commands.core.fields import labelled, option
from commands.core.timers import length_problem
from commands.core.types import REDACTED, Duration, Name
from providers.base import (
    Capability,
    EgressKind,
    EgressOptions,
    EgressSource,
    FileFormat,
    FileOutput,
    ImagesOutput,
    Provider,
    RoomRef,
    SegmentsOutput,
)

_SOURCES: Final = ("participant", "tracks", "track", "url")
_MOST_TRACKS: Final = 2


def _at_commas(value: object) -> object:
    """`["a,b"]`, as typed, to `["a", "b"]`."""
    if not isinstance(value, list | tuple):
        return value
    words = [word.strip() for entry in value if isinstance(entry, str) for word in entry.split(",")]
    if value and not any(words):
        raise PydanticCustomError("blank", "It cannot be empty.")
    return [word for word in words if word]


class RecordingFields(EncodingFields, RoomCommand):
    """Of a room, a part of what is sent in it, or a web page, for which there is no room."""

    instead_of_room: ClassVar[str | None] = "url"

    room: Annotated[str, Positional(), RoomName(), Offers(Offered.ROOM)] = Field(
        "", description="Name of the room; a dot is this channel's room"
    )
    layout: Annotated[str | None, Needs(Capability.RECORDING_LAYOUT), LAYOUTS] = Field(
        None, description="How the participants are arranged"
    )
    participant: Annotated[Name | None, Needs(Capability.RECORDING_PARTICIPANT), Offers(Offered.PARTICIPANT)] = Field(
        None, description="Record this one alone: identity, display name or @mention"
    )
    screen_share: Annotated[bool, Needs(Capability.RECORDING_PARTICIPANT), Advanced()] = Field(
        False, description="Of the participant, record the screen that they share"
    )
    tracks: Annotated[
        tuple[Name, ...],
        BeforeValidator(_at_commas),
        Needs(Capability.RECORDING_TRACKS),
        Offers(Offered.TRACK),
        Advanced(),
    ] = Field((), description="Record one track that is seen and one that is heard, together")
    track: Annotated[Name | None, Needs(Capability.RECORDING_TRACKS), Offers(Offered.TRACK), Advanced()] = Field(
        None, description="Record one track as it is sent"
    )
    url: Annotated[str | None, Needs(Capability.RECORDING_WEB), Fetched(), Private()] = Field(
        None, description="Record the web page at this address, and no room"
    )
    audio_only: Annotated[bool, Needs(Capability.RECORDING_AUDIO_ONLY), Advanced()] = Field(
        False, description="Record the sound without the picture"
    )
    video_only: Annotated[bool, Needs(Capability.RECORDING_VIDEO_ONLY), Advanced()] = Field(
        False, description="Record the picture without the sound"
    )
    format: Annotated[Literal["mp4", "ogg", "mp3"] | None, Needs(Capability.RECORDING_FORMAT), Advanced()] = Field(
        None, description="What kind of file it becomes"
    )
    segments: Annotated[bool, Needs(Capability.RECORDING_SEGMENTS), Advanced()] = Field(
        False, description="Write HLS segments in place of one file; with --format, both"
    )
    images: Annotated[Duration | None, Needs(Capability.RECORDING_IMAGES), Advanced()] = Field(
        None, description="Write a picture every so often as well, such as 10s"
    )
    output: Annotated[str | None, Needs(Capability.RECORDING_OUTPUT), OUTPUTS] = Field(
        None, description="Where it is stored, by the name that provider show has"
    )
    path: Annotated[str | None, Needs(Capability.RECORDING_FORMAT), Advanced()] = Field(
        None, description="What it is called there; of segments and images, what their names begin with"
    )
    stop_after: Annotated[Duration | None, Needs(Capability.STOP_RECORDING)] = Field(
        None, description="Stop it by itself after so long, such as 1h30m"
    )

    @property
    def about(self) -> str | None:
        return self.room or None

    def problems(self, provider: Provider) -> list[Problem]:
        found = self._source_problems()
        if not found:
            found = option_problems(self.options(self.source_as_typed()), provider.limits, is_looked_up=not self.tracks)
        found += path_problems(self.path)
        if problem := length_problem(self.stop_after):
            found.append(Problem(problem, "stop_after"))
        return found

    def options(self, source: EgressSource) -> EgressOptions:
        """What is asked for, of that."""
        path, encoded = self.path or "", FileFormat(self.format) if self.format is not None else None
        prefix = path.removesuffix(f".{self.format}")
        return EgressOptions(
            source=source,
            file=FileOutput(path, encoded) if encoded is not None or not self.segments else None,
            segments=SegmentsOutput(prefix=prefix) if self.segments else None,
            images=ImagesOutput(prefix=prefix, every=self.images) if self.images is not None else None,
            preset=self.preset,
            encoding=self.encoding,
            output=self.output,
        )

    async def asked(self, ctx: Context, room: RoomRef | None) -> EgressOptions:
        """With the names of people and tracks looked up in the room. Raises `CommandError`."""
        options = self.options(await self._source(ctx, room) if room is not None else self.source_as_typed())
        if problems := option_problems(options, ctx.provider.limits):  # what is seen and what is heard is known by now
            raise UsageError(labelled(type(self), problems), path=self.spec.path)
        return options

    async def _source(self, ctx: Context, room: RoomRef) -> EgressSource:
        if self.participant is not None:
            return await participant_source(ctx, room, self.participant, self, screen_share=self.screen_share)
        if self.tracks:
            return await tracks_source(ctx, room, self.tracks)
        if self.track is not None:
            return await track_source(ctx, room, self.track)
        return self.source_as_typed()

    def source_as_typed(self) -> EgressSource:
        """Nothing is looked up, so nobody knows which of the tracks is seen."""
        seen, heard = (*self.tracks, self.track or "", "")[:2]
        kinds: Mapping[str, EgressKind] = {
            "participant": EgressKind.PARTICIPANT,
            "tracks": EgressKind.TRACKS,
            "track": EgressKind.TRACK,
            "url": EgressKind.WEB,
        }
        return EgressSource(
            kind=next((kinds[name] for name in self._given()), EgressKind.ROOM),
            layout=self.layout,
            audio_only=self.audio_only,
            video_only=self.video_only,
            identity=self.participant or "",
            screen_share=self.screen_share,
            video_track=seen,
            audio_track=heard,
            url=self.url or "",
        )

    def _given(self) -> list[str]:
        """Those of the fields that say what it is of."""
        return [name for name in _SOURCES if getattr(self, name)]

    def _source_problems(self) -> list[Problem]:
        given = self._given()
        found = list[Problem]()
        if self.url is not None:
            found += self._page_problems(self.url)
        elif not self.room:
            found.append(Problem("Name a room, or a web page by --url.", "room"))
        if len(given) > 1:
            either = " and ".join(map(option, given))
            found.append(Problem(f"A recording is of one thing; choose among {either}.", given[-1]))
        if self.screen_share and self.participant is None:
            found.append(Problem("Say whose screen, by --participant.", "screen_share"))
        if len(self.tracks) > _MOST_TRACKS:
            found.append(Problem("Two at most: one that is seen and one that is heard.", "tracks"))
        return found

    def _page_problems(self, url: str) -> list[Problem]:
        if self.room:
            return [Problem("A web page is recorded by itself, without a room; leave out one of the two.", "url")]
        return [] if is_page(url) else [Problem("It is no address of a page; one is https://example.com/page.", "url")]


def is_page(url: str) -> bool:
    """What the record has in its place is taken for one: it is read back after a crash."""
    if url == REDACTED:
        return True
    try:
        parts = urlsplit(url)
        return parts.scheme.lower() in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a host or a port that is none
        return False
