"""What lets a bot act for a short while: trigger ids, which open one view, and response_urls."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import uuid4

from bot.demo.slack.errors import Refused

TRIGGER_SECONDS: Final = 3.0
RESPONSE_URL_SECONDS: Final = 30 * 60.0
RESPONSE_URL_USES: Final = 5


@dataclass(slots=True)
class Trigger:
    """`view_id` is the view that the gesture was made in, where it was in one."""

    user: str
    view_id: str | None
    issued: float
    used: bool = False


@dataclass(slots=True)
class ResponseUrl:
    """`original` is the ts of the message whose button was pressed; None for a slash command."""

    user: str
    channel: str
    original: str | None
    thread_ts: str | None
    issued: float
    uses: int = 0


class Permits:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._triggers: dict[str, Trigger] = {}
        self._response_urls: dict[str, ResponseUrl] = {}

    def issue_trigger(self, user: str, view_id: str | None = None) -> str:
        trigger_id = f"{len(self._triggers) + 1}.{uuid4().hex}"
        self._triggers[trigger_id] = Trigger(user, view_id, self._now())
        return trigger_id

    def use_trigger(self, trigger_id: object) -> Trigger:
        trigger = self._triggers.get(str(trigger_id))
        if trigger is None:
            raise Refused("invalid_trigger_id")
        if trigger.used:
            raise Refused("exchanged_trigger_id")
        if self._now() - trigger.issued > TRIGGER_SECONDS:
            raise Refused("expired_trigger_id")
        trigger.used = True
        return trigger

    def issue_response_url(
        self, user: str, channel: str, *, original: str | None = None, thread_ts: str | None = None
    ) -> str:
        """Returns the last part of its path."""
        key = uuid4().hex
        self._response_urls[key] = ResponseUrl(user, channel, original, thread_ts, self._now())
        return key

    def use_response_url(self, key: str) -> ResponseUrl:
        permit = self._response_urls.get(key)
        if permit is None:
            raise Refused("invalid_url")
        if self._now() - permit.issued > RESPONSE_URL_SECONDS:
            raise Refused("expired_url")
        if permit.uses >= RESPONSE_URL_USES:
            raise Refused("used_url")
        permit.uses += 1
        return permit
