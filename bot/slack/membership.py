"""Where the bot can post: it must have been invited."""

import structlog

from bot.slack.client import SlackClient
from bot.slack.errors import ChannelClosed, NotGranted, SlackError
from commands.core.ports import Clock, Place

log = structlog.get_logger(__name__)

REMEMBERED_SECONDS = 600.0


class SlackMembership:
    """`commands.core.ports.Membership`. What was found out is kept for ten minutes, or until Slack reports a change."""

    def __init__(self, slack: SlackClient, clock: Clock, *, bot_user_id: str) -> None:
        self._slack = slack
        self._clock = clock
        self._bot_user_id = bot_user_id
        self._known: dict[str, tuple[bool, float]] = {}

    @property
    def bot_user_id(self) -> str:
        return self._bot_user_id

    async def can_post(self, place: Place) -> bool:
        known, until = self._known.get(place.channel_id, (False, 0.0))
        if self._clock.monotonic() < until:
            return known
        try:
            found = await self._ask(place.channel_id)
        except SlackError as error:
            log.warning("a channel could not be looked up", channel=place.channel_id, error=str(error))
            return True  # cards wait for Slack anyway
        self._known[place.channel_id] = (found, self._clock.monotonic() + REMEMBERED_SECONDS)
        return found

    async def _ask(self, channel_id: str) -> bool:
        """A direct conversation between two people, or a group that no scope of ours covers, is closed to the bot."""
        try:
            channel = await self._slack.channel(channel_id)
        except (ChannelClosed, NotGranted):
            return False
        return bool(channel.get("is_member") or channel.get("is_im")) and not channel.get("is_archived")

    def forget(self, channel_id: str) -> None:
        """Somebody joined, left or archived the channel: ask again next time."""
        self._known.pop(channel_id, None)
