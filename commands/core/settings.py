"""What can be set: every key, what it takes, what it does, and what holds where nobody has set it.

What is set is read where it counts: `provider` and `room` when a line is read, `timezone` by `moments.zone_of`, `joins`
by the fold, and `keep.*` by the pruner.
"""

import difflib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from types import MappingProxyType
from typing import Final, Literal
from zoneinfo import available_timezones

from commands.core.moments import CHANNEL_TIMEZONE
from commands.core.ports import CHANNEL_JOINS, CHANNEL_PROVIDER, CHANNEL_ROOM, JOINS_TOLD
from commands.core.types import parse_duration, spell_duration

Key = Literal[
    "provider",
    "room",
    "timezone",
    "joins",
    "keep.events",
    "keep.bodies",
    "keep.things",
    "keep.commands",
    "keep.grants",
    "keep.closures",
]

LONGEST: Final = timedelta(days=3_650)
_MOST_NAMED = 3
_USUAL = ("1d", "2d", "7d", "30d", "90d", "365d")


class NotThat(ValueError):
    """A value that the key does not take. The message stands after the key: `is quiet or told.`"""


@dataclass(frozen=True, slots=True)
class Setting:
    """One key. `read` gives the value as it is kept and raises `NotThat`; `choices` are offered in the form.

    `example` is shown where a value was not taken. `is_workspaces`: it is set once for the whole workspace; the others
    are a channel's, and where `has_everywhere` one can be set for all channels that have none of their own.
    """

    what: str
    default: str
    read: Callable[[str], str]
    example: str
    choices: Callable[[], Sequence[str]] = tuple
    is_workspaces: bool = False
    has_everywhere: bool = True


def kept_for(key: Key, said: str | None) -> timedelta:
    """How long it is kept by what was said; nobody has, where it is None."""
    kept = parse_duration(said if said is not None else SETTINGS[key].default)
    assert kept is not None, "only what can be read is kept"
    return kept


def _as_typed(text: str) -> str:
    return text


def _room(text: str) -> str:
    if text == ".":
        raise NotThat("is the name of a room.")
    return text


def _joins(text: str) -> str:
    if text.lower() not in _JOINS:
        raise NotThat(f"is {' or '.join(_JOINS)}.")
    return text.lower()


_JOINS = ("quiet", JOINS_TOLD)


@cache  # they are read from files
def _zones() -> Sequence[str]:
    return sorted(available_timezones())


def _zone(text: str) -> str:
    by_word = {name.casefold(): name for name in _zones()}
    word = text.strip().casefold().replace(" ", "_")
    if found := by_word.get(word):
        return found
    near = [name for key, name in by_word.items() if key.rpartition("/")[2] == word]
    near += [by_word[key] for key in difflib.get_close_matches(word, by_word, n=_MOST_NAMED)]
    meant = f" Did you mean {' or '.join(dict.fromkeys(near[:_MOST_NAMED]))}?" if near else ""
    raise NotThat(f"is the name of a time zone, like Europe/Berlin.{meant}")


def _kept(what: str, default: str, *, least: str) -> Setting:
    """How long rows are kept, between `least` and `LONGEST`."""
    shortest = parse_duration(least)
    assert shortest is not None

    def read(text: str) -> str:
        duration = parse_duration(text)
        if duration is None:
            raise NotThat("is a duration. Write it like 30d, 48h or 1d12h.")
        if not shortest <= duration <= LONGEST:
            raise NotThat(f"is at least {least} and at most {spell_duration(LONGEST)}.")
        return spell_duration(duration)

    choices = [each for each in _USUAL if (parse_duration(each) or shortest) >= shortest]
    return Setting(f"{what}; at least {least}", default, read, default, lambda: choices, is_workspaces=True)


SETTINGS: Final[Mapping[Key, Setting]] = MappingProxyType(
    {
        CHANNEL_PROVIDER: Setting("The video server that commands go to", "the first one", _as_typed, "memory"),
        CHANNEL_ROOM: Setting(
            "The room that a dot means, and a room that is left out",
            "the newest one",
            _room,
            "standup",
            has_everywhere=False,
        ),
        CHANNEL_TIMEZONE: Setting(
            "Of the times that people type, and of those on buttons", "UTC", _zone, "Europe/Berlin", _zones
        ),
        CHANNEL_JOINS: Setting(
            "Whether the thread of a room's card is told who joins and leaves",
            "quiet",
            _joins,
            JOINS_TOLD,
            lambda: _JOINS,
        ),
        "keep.events": _kept("How long it is kept which webhooks and facts came", "30d", least="24h"),
        "keep.bodies": _kept("How long it is kept what they said", "2d", least="1h"),
        "keep.things": _kept("How long ended rooms and recordings are kept, with their cards", "30d", least="24h"),
        "keep.commands": _kept("How long it is kept who did what", "90d", least="7d"),
        "keep.grants": _kept("How long a role is remembered that has ended", "90d", least="1h"),
        "keep.closures": _kept("How long nobody is told twice of a channel that is closed to me", "30d", least="24h"),
    }
)
