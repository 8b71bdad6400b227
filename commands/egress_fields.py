"""What can be asked of an egress, whatever it is of: what it writes, where it goes, and how it is encoded."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated, Literal

from pydantic import Field

from commands.core.base import Advanced, Fetched, Needs
from commands.core.egress_options import OUTPUTS, EncodingFields, option_problems, path_problems
from commands.core.errors import Problem
from commands.core.stream_urls import StreamUrl, url_problems
from commands.core.types import Duration
from providers.base import (
    Capability,
    EgressOptions,
    EgressSource,
    FileFormat,
    FileOutput,
    ImagesOutput,
    Limits,
    SegmentsOutput,
)


class EgressFields(EncodingFields):
    """Several outputs at once, of which one is needed. An empty path leaves the name to the server."""

    file: str | None = Field(None, description='Write one file of this path; typed as "" the server names it')
    format: Annotated[Literal["mp4", "ogg", "mp3"] | None, Needs(Capability.RECORDING_FORMAT)] = Field(
        None, description="What kind of file it becomes"
    )
    segments: Annotated[str | None, Needs(Capability.RECORDING_SEGMENTS)] = Field(
        None, description="Write HLS segments whose names begin with this"
    )
    images: Annotated[str | None, Needs(Capability.RECORDING_IMAGES)] = Field(
        None, description="Write images whose names begin with this"
    )
    every: Annotated[Duration | None, Needs(Capability.RECORDING_IMAGES), Advanced()] = Field(
        None, description="How long from one image to the next, such as 10s"
    )
    stream: Annotated[tuple[StreamUrl, ...], Needs(Capability.START_STREAM), Fetched()] = Field(
        (), description="Stream to this URL, with its key"
    )
    output: Annotated[str | None, Needs(Capability.RECORDING_OUTPUT), OUTPUTS] = Field(
        None, description="Where it is stored, by the name that provider show has"
    )

    @property
    def is_unfinished(self) -> bool:
        return not self.stream and not self.options(EgressSource()).writes

    def options(self, source: EgressSource) -> EgressOptions:
        """What is asked for, of that."""
        encoded = FileFormat(self.format) if self.format is not None else None
        is_file = self.file is not None or encoded is not None
        return EgressOptions(
            source=source,
            file=FileOutput(self.file or "", encoded) if is_file else None,
            segments=SegmentsOutput(prefix=self.segments) if self.segments is not None else None,
            images=ImagesOutput(prefix=self.images, every=self.every) if self.images is not None else None,
            urls=self.stream,
            preset=self.preset,
            encoding=self.encoding,
            output=self.output,
        )

    def problems_of(self, source: EgressSource, limits: Limits) -> list[Problem]:
        """What is wrong with what is asked for, of that."""
        found = option_problems(self.options(source), limits)
        found += [
            replace(problem, field=name)
            for name in ("file", "segments", "images")
            for problem in path_problems(getattr(self, name) or None)
        ]
        found += url_problems("stream", self.stream, limits)
        if self.is_unfinished:
            found.append(Problem("Say what is to come of it: a file, segments, images or a stream.", "file"))
        if self.every is not None and self.images is None:
            found.append(Problem("Say where the images go, by --images.", "every"))
        return found

    def said(self) -> Sequence[str]:
        """What comes of it, in words."""
        options = self.options(EgressSource())
        outputs = {"a file": options.file, "segments": options.segments, "images": options.images}
        written = [name for name, output in outputs.items() if output is not None]
        count = len(self.stream)
        return [*written, *([f"a stream to {count} {'place' if count == 1 else 'places'}"] if count else [])]
