"""What somebody tries to do, written down before it is done, and the commands that wait for a press."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from pydantic import SecretStr

from commands.core.ports import Caller, Place

if TYPE_CHECKING:
    from commands.core.base import Command


class Outcome(StrEnum):
    """How an attempt ended. UNKNOWN: the process died or was stopped before the answer came."""

    DONE = "done"
    REFUSED = "refused"
    ASKED = "asked"
    FAILED = "failed"
    UNKNOWN = "unknown"


DOUBLE_CLICK = timedelta(milliseconds=500)
"""Within this time a second press of the same button by the same person is meant as the first."""


@dataclass(frozen=True, slots=True)
class Press:
    """`key` is what two presses of one button by one person have in common. `at` is as the workspace has it."""

    key: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try of somebody to do something. `words` are redacted; `response_url` is encrypted where it is kept.

    `delivery` is what the request is known by, so that one that comes twice is done once. `under` is the message that
    asked aloud, and is answered under. `about` is the room or recording that is meant, as it was asked for.
    `request_id` is on every line of the log that belongs to it. `press` tells a double click.
    """

    caller: Caller
    place: Place
    path: tuple[str, ...]
    words: str
    provider: str | None
    door: str
    response_url: SecretStr | None = None
    under: str | None = None
    delivery: str | None = None
    about: str | None = None
    request_id: str | None = None
    press: Press | None = None


class Repeated(Exception):
    """The delivery, or the first of two clicks, was written down before: whoever took it then sees to it."""


class Attempts(Protocol):
    async def open(self, attempt: Attempt) -> int:
        """Write it down before anything is done; returns its id. Raises `Repeated`."""

    async def close(
        self,
        attempt_id: int,
        outcome: Outcome,
        *,
        detail: str = "",
        reference: str = "",
        also_about: str | None = None,
    ) -> None:
        """How it ended, and what else it turned out to be about. The asker does not know yet."""

    async def answered(self, attempt_id: int) -> None:
        """The asker knows how it ended, so nothing is left to do."""


@dataclass(frozen=True, slots=True)
class Pending:
    """A command that waits for a press: a question's answer, or a button too large or too secret to carry it.

    `user_id` binds it to one person; None lets anybody of the team press.
    """

    command: "Command"
    team_id: str
    user_id: str | None
    confirmed: bool
    expires_at: datetime


class PendingActions(Protocol):
    """Kept encrypted; the token is what a button holds."""

    async def put(self, pending: Pending) -> str: ...

    async def peek(self, token: str) -> Pending | None:
        """None for an unknown, used or expired one."""

    async def expired(self, token: str) -> Pending | None:
        """One that nobody used in time, as long as it is kept; None for any other."""

    async def was_taken_by(self, token: str, press: Press) -> bool:
        """Whether the first of two quick clicks used it, of which this press may be the second."""

    async def take(self, token: str, press: Press | None = None) -> bool:
        """Use it up. False if somebody else did first: of two presses one wins."""


QUESTION_LIFETIME = timedelta(minutes=5)
"""How long a question waits for its answer."""
