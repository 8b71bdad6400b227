"""Messages to one person: in the conversation with the bot alone, where nobody else reads along."""

import structlog

from bot.render.reply import render_reply
from bot.slack.client import SlackClient
from bot.slack.errors import MessageGone, SlackError
from commands.core.errors import CommandError
from commands.core.ports import Caller, Place
from commands.core.reply import Reply

log = structlog.get_logger(__name__)


class SlackDirect:
    """`commands.core.ports.Direct`."""

    def __init__(self, slack: SlackClient) -> None:
        self._slack = slack

    async def tell(self, to: Caller, reply: Reply) -> Place:
        """Only the answer to a message has the conversation's own id. Buttons must carry their commands."""
        try:
            channel_id = await self._slack.direct(to.user_id, render_reply(reply))
        except SlackError as error:
            log.warning("somebody could not be written to", user=to.user_id, error=str(error), remedy=error.remedy)
            raise CommandError("Slack did not let me write to you.", "Ask again in a few minutes.") from error
        return Place(to.team_id, channel_id, is_direct=True)

    async def take_back(self, place: Place, ts: str) -> None:
        try:
            await self._slack.delete(place.channel_id, ts)
        except MessageGone:
            log.info("a message was gone already", channel=place.channel_id, ts=ts)
        except SlackError as error:
            log.warning("a message stays", channel=place.channel_id, ts=ts, error=str(error))
