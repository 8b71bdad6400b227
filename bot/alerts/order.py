"""Which of two times, and of what two facts tell, counts."""

from datetime import datetime


def earliest(*times: datetime | None) -> datetime | None:
    """Servers tell one moment in several ways, such as in whole seconds by a webhook and exactly by a list."""
    return min((time for time in times if time is not None), default=None)


def latest(*times: datetime | None) -> datetime | None:
    return max((time for time in times if time is not None), default=None)


def is_later(at: datetime, new: object, known_at: datetime, known: object) -> bool:
    """Of what two facts tell of one moment, what they say decides, so that it does not matter which came first."""
    return at > known_at or (at == known_at and repr(new) > repr(known))
