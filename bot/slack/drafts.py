"""What open forms hold beside what Slack keeps of them, in memory: a restart loses it, and the form then says so."""

import asyncio
from collections import OrderedDict
from dataclasses import dataclass, field
from secrets import token_urlsafe
from typing import Generic, TypeVar

from bot.render.form_fields import option_value
from bot.render.limits import OPTION_VALUE, length
from commands.core.ports import Clock

MOST_KEPT = 1_000
KEPT_SECONDS = 1_800.0
"""As long as Slack honours a response_url."""

MOST_LONG_TEXTS = 2_000

T = TypeVar("T")


@dataclass(slots=True)
class Draft:
    """`values` by field: as given, or as read from the form once somebody has changed it; None where it was emptied.

    Neither belongs in a view: values may be secret, and a response_url is a secret of its own kind. `drawings` counts
    how often the form was to be drawn again, which happens one by one under `drawing`; `view_hash` is Slack's word for
    what was drawn last. `is_sent` is all that is known of a form that was accepted.
    """

    response_url: str | None = field(default=None, repr=False)
    values: dict[str, object] = field(default_factory=dict, repr=False)
    drawings: int = 0
    drawing: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)
    view_hash: str | None = None
    is_sent: bool = False


class _Kept(Generic[T]):
    """The newest by key, each for `KEPT_SECONDS` since it was last put."""

    def __init__(self, clock: Clock, most: int) -> None:
        self._clock = clock
        self._most = most
        self._entries: OrderedDict[str, tuple[T, float]] = OrderedDict()

    def put(self, key: str, entry: T) -> None:
        self._drop_expired()
        self._entries.pop(key, None)
        if len(self._entries) >= self._most:
            self._entries.popitem(last=False)
        self._entries[key] = (entry, self._clock.monotonic() + KEPT_SECONDS)

    def get(self, key: str) -> T | None:
        self._drop_expired()
        found = self._entries.get(key)
        return found[0] if found is not None else None

    def _drop_expired(self) -> None:
        """They stand in the order in which they expire."""
        now = self._clock.monotonic()
        while self._entries and next(iter(self._entries.values()))[1] <= now:
            self._entries.popitem(last=False)


class Drafts:
    def __init__(self, clock: Clock) -> None:
        self._drafts = _Kept[Draft](clock, MOST_KEPT)
        self._texts = _Kept[str](clock, MOST_LONG_TEXTS)

    def add(self, draft: Draft) -> str:
        """Returns the key."""
        key = token_urlsafe(12)
        self._drafts.put(key, draft)
        return key

    def get(self, key: str) -> Draft | None:
        return self._drafts.get(key)

    def sent(self, key: str) -> None:
        """The form was accepted: what it held goes, and whoever sends it again is not taken for a stranger."""
        self._drafts.put(key, Draft(is_sent=True))

    def offer(self, text: str) -> None:
        """Keep a text that does not fit an option's value, and stands there as its digest."""
        if (value := option_value(text)) != text or length(text) > OPTION_VALUE:
            self._texts.put(value, text)

    def text_of(self, digest: str) -> str | None:
        return self._texts.get(digest)
