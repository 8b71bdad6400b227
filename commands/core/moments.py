"""Moments as people type them: so much from now, a date, or a date with its time."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from typing import TYPE_CHECKING, Final, Self
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import GetCoreSchemaHandler
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from commands.core.types import parse_duration

if TYPE_CHECKING:
    from commands.core.context import Context

CHANNEL_TIMEZONE: Final = "timezone"
"""The setting that holds a channel's time zone, as an IANA name such as `Europe/Berlin`."""

FARTHEST: Final = timedelta(days=3_650)
_DATE = re.compile(r"(2\d{3}-\d\d-\d\d)(?:[ T]+(\d\d?:\d\d))?", re.ASCII)
_WRONG = "“{text}” is no time. Write it like 2h, 2026-12-01 or “2026-12-01 18:00”."


class When(str):
    """A moment as it was typed: `2h`, `2026-12-01` or `2026-12-01 18:00`.

    A command is read without knowing what time it is or where it was asked, so only `at` says which moment is meant.
    """

    __slots__ = ()

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_after_validator_function(cls.read, core_schema.str_schema())

    @classmethod
    def read(cls, text: str) -> Self:
        """Raises `PydanticCustomError` for what can be no moment, whatever the time is."""
        typed = text.strip()
        duration = parse_duration(typed)
        if duration is None and _local(typed) is None:
            raise PydanticCustomError("moment", _WRONG, {"text": typed[:40]})
        if duration is not None and not timedelta() < duration <= FARTHEST:
            raise PydanticCustomError("moment", "That is too far away, or no time at all. Write it like 2h or 30d.")
        return cls(typed)

    def at(self, now: datetime, zone: tzinfo, *, ago: bool = False) -> datetime:
        """In UTC. A date without a time is its first moment in `zone`; `ago`: a duration leads back from `now`."""
        duration = parse_duration(self)
        if duration is not None:
            return now - duration if ago else now + duration
        local = _local(self)
        assert local is not None, "it was read"
        return local.replace(tzinfo=zone).astimezone(UTC)


def _local(text: str) -> datetime | None:
    """A naive one; None for what is no date of this millennium."""
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    try:
        return datetime.strptime(f"{found[1]} {found[2] or '00:00'}", "%Y-%m-%d %H:%M")
    except ValueError:
        return None


async def zone_of(ctx: "Context") -> tzinfo:
    """The time zone of the channel where it is asked; UTC where it has chosen none."""
    name = await ctx.ports.settings.get(ctx.place, CHANNEL_TIMEZONE)
    try:
        return ZoneInfo(name) if name else UTC
    except (ZoneInfoNotFoundError, ValueError):
        return UTC
