"""Where the bot can post: it must have been invited."""

from bot.slack.client import SlackClient
from bot.slack.errors import ChannelClosed
from commands.core.ports import Clock, Place

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
        if place.is_direct:
            return True
        known, until = self._known.get(place.channel_id, (False, 0.0))
        if self._clock.monotonic() < until:
            return known
        found = await self._ask(place.channel_id)
        self._known[place.channel_id] = (found, self._clock.monotonic() + REMEMBERED_SECONDS)
        return found

    async def _ask(self, channel_id: str) -> bool:
        try:
            channel = await self._slack.channel(channel_id)
        except ChannelClosed:
            return False
        return bool(channel.get("is_member") or channel.get("is_im")) and not channel.get("is_archived")

    def forget(self, channel_id: str) -> None:
        """Somebody joined, left or archived the channel: ask again next time."""
        self._known.pop(channel_id, None)
