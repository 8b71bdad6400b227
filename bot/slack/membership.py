"""Where the bot can post: it must have been invited."""

from dataclasses import dataclass

import structlog

from bot.slack.client import SlackClient
from bot.slack.errors import ChannelClosed, NotGranted, SlackError
from bot.slack.remembered import Remembered
from commands.core.ports import Clock, Place

log = structlog.get_logger(__name__)

REMEMBERED_SECONDS = 600.0

CLOSED_SECONDS = 5.0
"""How long a channel is believed to be closed. Of several processes one alone hears that the bot was invited, and the
others shall not send people away for long who have just done that."""


@dataclass(frozen=True, slots=True)
class _Channel:
    """`is_open`: the bot can post there. `is_private`: not everybody of the workspace may look."""

    is_open: bool
    is_private: bool


def _lasts(found: _Channel | SlackError) -> float:
    """A failure is not believed at all: what is made while it is would be private for good."""
    if isinstance(found, SlackError):
        return 0.0
    return REMEMBERED_SECONDS if found.is_open else CLOSED_SECONDS


class SlackMembership:
    """`commands.core.ports.Membership`. What was found out is kept for ten minutes, or until Slack reports a change.

    Who believes for so long that the bot can still post does no harm: what is made waits with its card, and whoever
    made it is told.
    """

    def __init__(self, slack: SlackClient, clock: Clock, *, bot_user_id: str) -> None:
        self._slack = slack
        self._bot_user_id = bot_user_id
        self._channels = Remembered(clock, self._ask, lasts=_lasts)

    @property
    def bot_user_id(self) -> str:
        return self._bot_user_id

    async def can_post(self, place: Place) -> bool:
        try:
            return (await self._channels.get(place.channel_id)).is_open
        except SlackError as error:
            log.warning("a channel could not be looked up", channel=place.channel_id, error=str(error))
            return True  # cards wait for Slack anyway

    async def is_private(self, place: Place) -> bool:
        if place.is_direct:
            return True
        try:
            return (await self._channels.get(place.channel_id)).is_private
        except SlackError as error:
            log.warning("a channel could not be looked up", channel=place.channel_id, error=str(error))
            return True

    async def _ask(self, channel_id: str) -> _Channel:
        """A direct conversation between two people, or a group that no scope of ours covers, is closed to the bot."""
        try:
            channel = await self._slack.channel(channel_id)
        except (ChannelClosed, NotGranted):
            return _Channel(is_open=False, is_private=True)
        return _Channel(
            is_open=bool(channel.get("is_member") or channel.get("is_im")) and not channel.get("is_archived"),
            is_private=bool(channel.get("is_private", True) or channel.get("is_im") or channel.get("is_mpim")),
        )

    def forget(self, channel_id: str) -> None:
        """Somebody joined, left or archived the channel: ask again next time."""
        self._channels.forget(channel_id)
