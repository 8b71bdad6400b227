"""Whether the bot is ready, and what the database and Slack say to that."""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select

from bot.slack.client import SlackClient
from bot.store.engine import Store


@dataclass(frozen=True, slots=True)
class Health:
    """What a check found. `why` says what is less than well, also where it is well enough to be ready."""

    is_ready: bool
    why: str = ""

    def __str__(self) -> str:
        if not self.is_ready:
            return "failed"
        return "degraded" if self.why else "ok"


async def reads(store: Store) -> Health:
    async with store.reading() as conn:
        return Health(bool((await conn.execute(select(1))).scalar_one()))


async def is_reached(slack: SlackClient, socket: Callable[[], Health] | None) -> Health:
    """`socket` is the health of Socket Mode. Over HTTP it is Slack that connects, so what we know is how the last call
    went, `auth.test` at the start."""
    if slack.is_refused:
        return Health(False, "Slack refuses SLACK_BOT_TOKEN")
    return Health(slack.is_answered) if socket is None else socket()
