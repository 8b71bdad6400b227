"""What Slack says no with."""

from collections.abc import Mapping
from typing import Any


class Refused(Exception):
    """A refusal by Slack's error code, with what else the answer carries (`needed`, `response_metadata`, ...)."""

    def __init__(self, code: str, **more: Any) -> None:
        super().__init__(code if not more else f"{code} {more}")
        self.code = code
        self.more: Mapping[str, Any] = more


def explained(code: str, messages: list[str]) -> Refused:
    """A refusal with the list of reasons that Slack gives for a malformed payload."""
    return Refused(code, response_metadata={"messages": messages})


def throttled(retry_after: int) -> Refused:
    """Too many calls; `retry_after` in seconds, which Slack says in a header, with the status 429."""
    return Refused("ratelimited", retry_after=retry_after)
