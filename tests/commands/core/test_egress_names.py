"""What is written once more takes the place of nothing."""

from datetime import UTC, datetime

import pytest

from commands.core.egress_names import of_part, of_retry
from providers.base import EgressOptions, FileOutput, ImagesOutput, SegmentsOutput

AT = datetime(2026, 11, 21, 14, 50, 3, tzinfo=UTC)
STAMP = "20261121T145003Z"


def path(options: EgressOptions) -> str:
    assert options.file is not None
    return options.file.path


@pytest.mark.parametrize(
    ("name", "second", "third", "again"),
    [
        ("", "", "", ""),
        ("a/standup.mp4", "a/standup-part2.mp4", "a/standup-part3.mp4", f"a/standup-retry-{STAMP}.mp4"),
        ("week 1.2", "week 1.2-part2", "week 1.2-part3", f"week 1.2-retry-{STAMP}"),
        ("x-part2.ogg", "x-part2-part2.ogg", "x-part2-part3.ogg", f"x-part2-retry-{STAMP}.ogg"),
        ("shots/", "shots-part2/", "shots-part3/", f"shots-retry-{STAMP}/"),
    ],
)
def test_a_file(name: str, second: str, third: str, again: str) -> None:
    asked = EgressOptions(file=FileOutput(name))
    assert path(of_part(asked, 2)) == second
    assert path(of_part(of_part(asked, 2), 3)) == third
    assert path(of_retry(asked, AT)) == again
    assert path(of_retry(of_retry(asked, AT), AT)) == again


def test_a_part_that_was_tried_again_goes_on_under_a_name_of_its_own() -> None:
    second = of_retry(of_part(EgressOptions(file=FileOutput("x.mp4")), 2), AT)
    assert path(second) == f"x-part2-retry-{STAMP}.mp4"
    assert path(of_part(second, 3)) == f"x-part3-retry-{STAMP}.mp4"


def test_segments_and_images() -> None:
    asked = EgressOptions(segments=SegmentsOutput("hls/x", "x.m3u8", "live.m3u8"), images=ImagesOutput("shots/x"))
    assert of_part(asked, 2) == EgressOptions(
        segments=SegmentsOutput("hls/x-part2", "x-part2.m3u8", "live-part2.m3u8"), images=ImagesOutput("shots/x-part2")
    )
