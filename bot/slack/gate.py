"""The limits on what people ask: looked at after the acknowledgement and before anything else is done or read.

What is over a limit is answered, counted and not done. It leaves no line in the audit, which a flood must not fill; the
log and the metrics have it. The answer is for the asker alone, even where they asked aloud. Of many, one gets one each
`ANSWER_SECONDS`, so that a flood costs no more calls of Slack than that; but a press gets one for each message, as
whoever presses sees nothing happen there.
"""

import math
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from enum import StrEnum

import structlog

from bot.metrics import Metrics
from bot.settings import LimitSettings
from bot.slack.answers import Address, Answers
from bot.slack.payloads import (
    Body,
    direct_address,
    mention_address,
    message_shortcut_address,
    press_address,
    read_address,
    shortcut_address,
    slash_address,
)
from bot.tasks import Tasks, TasksClosed
from bot.throttle import Throttle
from commands.core.errors import CommandError
from commands.core.ports import Clock
from commands.core.words import counted

log = structlog.get_logger(__name__)

WINDOW_SECONDS = 60.0

ANSWER_SECONDS = 10.0

WAITING_EACH = 16
"""How many commands may wait for each one that is carried out at the same time."""

BUSY_SECONDS = 10
"""How long somebody is asked to wait where too much waits. A video server that hangs is given up by then."""

LOOKS_EACH = 4
"""How often somebody may look (open their Home, have choices offered as they type) for each command they may give."""


class Limit(StrEnum):
    """As the metric and the log name them."""

    PERSON = "commands_per_minute"
    PROCESS = "commands_waiting"
    LOOKS = "looks_per_minute"
    BODY = "body_bytes"


class Gate:
    """Each payload that people bring about passes one of `takes`, `takes_form` and `takes_look`, and counts there."""

    def __init__(self, limits: LimitSettings, answers: Answers, tasks: Tasks, metrics: Metrics, clock: Clock) -> None:
        self._limits = limits
        self._answers = answers
        self._tasks = tasks
        self._metrics = metrics
        self._commands = Throttle(clock, limits.commands_per_minute, WINDOW_SECONDS)
        self._looks = Throttle(clock, limits.commands_per_minute * LOOKS_EACH, WINDOW_SECONDS)
        self._told = Throttle(clock, 1, ANSWER_SECONDS)
        for limit in Limit:
            metrics.limit_refusals.labels(limit.value)

    def takes(self, body: Body, door: str) -> bool:
        """Whether a command, press or shortcut goes on. Otherwise its sender is told what to do.

        What Slack says of itself comes by other doors, and always goes on.
        """
        refusal = self._refusal(body) if door in _READERS else None
        if refusal is None:
            return True
        if self._may_tell(refusal.limit, body, door):
            self._tell(CommandError(refusal.what, refusal.remedy), body, _READERS[door])
        return False

    def takes_form(self, body: Body) -> Mapping[str, str]:
        """Empty where it goes on; else the error of its first input: the form stays open with all that is in it."""
        refusal = self._refusal(body)
        if refusal is None:
            return {}
        self._may_tell(refusal.limit, body, "form")
        inputs = (str(block["block_id"]) for block in body["view"]["blocks"] if block["type"] == "input")
        return {next(inputs, ""): f"{refusal.what} {refusal.remedy}"}

    def takes_look(self, body: Body, door: str) -> bool:
        """Whether somebody is shown what they look at. Nobody is told otherwise, as they asked for nothing."""
        who = _sender(body)
        if who is None or self._looks.wait_seconds(who) == 0:
            return True
        self._may_tell(Limit.LOOKS, body, door)
        return False

    def _refusal(self, body: Body) -> "_Refusal | None":
        who = _sender(body)
        if who is None:
            return None  # it is dropped where it is read
        unfinished = self._tasks.in_flight + self._tasks.waiting
        if unfinished >= self._limits.commands_in_flight * (1 + WAITING_EACH):
            return _Refusal(Limit.PROCESS, "I have more to do than I can at this moment.", BUSY_SECONDS)
        if (wait_seconds := self._commands.wait_seconds(who)) > 0:
            most = f"{self._limits.commands_per_minute:,}"
            what = f"That was too much at once: from one person I take {most} commands and presses a minute."
            return _Refusal(Limit.PERSON, what, math.ceil(wait_seconds))
        return None

    def _may_tell(self, limit: Limit, body: Body, door: str) -> bool:
        """Count, and say it in the log as often as the sender may be told."""
        self._metrics.limit_refusals.labels(limit.value).inc()
        who = _sender(body) or ""
        asked_in = _message(body) if door == "press" else ""
        if self._told.wait_seconds(f"{who} {asked_in}") > 0:
            return False
        log.warning("a limit was reached", limit=limit.value, user=who, door=door)
        return True

    def _tell(self, error: CommandError, body: Body, read: Callable[[Body], Address]) -> None:
        if (address := read_address(read, body)) is not None:
            with suppress(TasksClosed):
                self._tasks.start(self._answers.give(error, replace(address, under=None)), name="limit")


@dataclass(frozen=True, slots=True)
class _Refusal:
    limit: Limit
    what: str
    wait_seconds: int

    @property
    def remedy(self) -> str:
        return f"Nothing of it was done. Wait {counted(self.wait_seconds, 'second', 'seconds')}, then try again."


def _sender(body: Body) -> str | None:
    """The id of whoever brought it about: of a command, of an interaction, or of an event."""
    user, event = body.get("user"), body.get("event")
    ids = (
        body.get("user_id"),
        user.get("id") if isinstance(user, dict) else None,
        event.get("user") if isinstance(event, dict) else None,
    )
    return next((id for id in ids if isinstance(id, str)), None)


def _message(body: Body) -> str:
    """What the pressed button is in: a message by its `ts`, else a view by its id."""
    container = body.get("container") or {}
    return str(container.get("message_ts") or container.get("view_id") or "")


def _shortcut(body: Body) -> Address:
    return message_shortcut_address(body) if body.get("type") == "message_action" else shortcut_address(body)


_READERS: Mapping[str, Callable[[Body], Address]] = {
    "slash": slash_address,
    "press": press_address,
    "shortcut": _shortcut,
    "mention": mention_address,
    "direct": direct_address,
}
