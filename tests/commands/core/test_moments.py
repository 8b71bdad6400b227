from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from pydantic import TypeAdapter, ValidationError

from commands.core.moments import CHANNEL_TIMEZONE, When, zone_of
from providers.memory.provider import Memory
from tests.commands.workspace import STUDIO, Workspace

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
BERLIN = ZoneInfo("Europe/Berlin")
READER = TypeAdapter(When)


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("2h", datetime(2026, 11, 20, 14, tzinfo=UTC)),
        ("1d", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("2026-12-01", datetime(2026, 11, 30, 23, tzinfo=UTC)),
        ("2026-12-01 18:00", datetime(2026, 12, 1, 17, tzinfo=UTC)),
        ("2026-07-01T8:30", datetime(2026, 7, 1, 6, 30, tzinfo=UTC)),
    ],
)
def test_what_is_typed_is_meant_in_the_zone_of_the_place(typed: str, meant: datetime) -> None:
    assert READER.validate_python(typed).at(NOW, BERLIN) == meant


def test_a_duration_can_lead_back() -> None:
    assert When.read(" 2h ").at(NOW, UTC, ago=True) == datetime(2026, 11, 20, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    "typed", ["", "soon", "0s", "99999d", "2026-13-01", "2026-02-30", "2026-12-01 25:00", "1999-12-31", "2h ago"]
)
def test_what_is_no_moment_is_refused(typed: str) -> None:
    with pytest.raises(ValidationError):
        READER.validate_python(typed)


def test_it_is_kept_as_it_was_typed() -> None:
    read = READER.validate_python("2026-12-01 18:00")
    assert READER.validate_json(READER.dump_json(read)) == read == "2026-12-01 18:00"


async def test_the_zone_is_the_channels(memory: Memory) -> None:
    workspace = Workspace(memory)
    ctx = workspace.context(memory)
    assert await zone_of(ctx) is UTC
    await workspace.settings.put(STUDIO, CHANNEL_TIMEZONE, "Europe/Berlin", by="U1")
    assert await zone_of(ctx) == BERLIN
    await workspace.settings.put(STUDIO, CHANNEL_TIMEZONE, "Mars/Olympus", by="U1")
    assert await zone_of(ctx) is UTC
