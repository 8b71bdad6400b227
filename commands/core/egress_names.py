"""What is written once more gets names of its own, so that it takes the place of nothing that was written before."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from providers.base import EgressOptions

_NAME: Final = re.compile(
    r"(?P<stem>.*?)(?P<part>-part[0-9]+)?(?P<retry>-retry-[0-9]{8}T[0-9]{6}Z)?"
    r"(?P<end>/*|\.(?:mp4|ogg|mp3|webm|ivf|h264|m3u8))",
    re.DOTALL | re.IGNORECASE,
)
"""A name that ends in a slash is of a folder."""


def of_part(options: EgressOptions, number: int) -> EgressOptions:
    """For the part of that number; the one before it has the names of `options`."""
    before = f"-part{number - 1}"

    def name(path: str) -> str:
        stem, part, retry, end = _parts(path)
        kept = "" if number > 2 and part == before else part
        return f"{stem}{kept}-part{number}{retry}{end}"

    return _renamed(options, name)


def of_retry(options: EgressOptions, at: datetime) -> EgressOptions:
    """For the same once more, begun at that moment."""

    def name(path: str) -> str:
        stem, part, _, end = _parts(path)
        return f"{stem}{part}-retry-{at.astimezone(UTC):%Y%m%dT%H%M%SZ}{end}"

    return _renamed(options, name)


def _parts(path: str) -> tuple[str, str, str, str]:
    match = _NAME.fullmatch(path)
    assert match is not None, "any text has these parts"
    return match["stem"], match["part"] or "", match["retry"] or "", match["end"]


def _renamed(options: EgressOptions, name: Callable[[str], str]) -> EgressOptions:
    """What has no name is named by the server, by the time."""

    def renamed(path: str) -> str:
        return name(path) if path else ""

    file, segments, images = options.file, options.segments, options.images
    return replace(
        options,
        file=replace(file, path=renamed(file.path)) if file is not None else None,
        segments=replace(
            segments,
            prefix=renamed(segments.prefix),
            playlist=renamed(segments.playlist),
            live_playlist=renamed(segments.live_playlist),
        )
        if segments is not None
        else None,
        images=replace(images, prefix=renamed(images.prefix)) if images is not None else None,
    )
