"""A second message of a card gives itself away when it is pressed.

Where the answer to a post was lost, the card was posted again, and nobody knows of the first message. Each block of a
card names the card and which posting of it this is, and a press brings that with the message's `ts`.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from bot.slack.client import SlackClient
from bot.slack.errors import SlackError
from bot.store.cards import Cards

log = structlog.get_logger(__name__)

_OF_CARD = re.compile(r"card:([0-9]{1,18}):([0-9]{1,9}):[0-9]{1,3}", re.ASCII)


class Duplicates:
    """`adopted` is called when a card may have got a message, which may show something old."""

    def __init__(self, cards: Cards, slack: SlackClient, adopted: Callable[[], None]) -> None:
        self._cards = cards
        self._slack = slack
        self._adopted = adopted

    async def pressed(self, body: Mapping[str, Any]) -> None:
        """The message of a press becomes its card's where that has none, and is deleted where it has another one."""
        block_id = str((body.get("actions") or [{}])[0].get("block_id", ""))
        found = _OF_CARD.fullmatch(block_id)
        channel_id = str((body.get("channel") or {}).get("id", ""))
        ts = str((body.get("message") or {}).get("ts", ""))
        if found is None or not channel_id or not ts:
            return
        if await self._cards.adopt(int(found[1]), int(found[2]), channel_id, ts):
            self._adopted()
            return
        log.warning("a message was one too many", channel=channel_id, ts=ts)
        try:
            await self._slack.delete(channel_id, ts)
        except SlackError as error:
            log.warning("a message that is one too many stays", error=str(error), channel=channel_id, ts=ts)
