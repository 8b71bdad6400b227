"""Files that go to one person: into the conversation with the bot alone, where nobody else reads along."""

import structlog

from bot.slack.client import SlackClient
from bot.slack.direct import SlackDirect
from bot.slack.errors import FileRefused, NotGranted, SlackError
from commands.core.errors import CommandError
from commands.core.files import File
from commands.core.ports import Caller
from commands.core.reply import Code, Reply, Strong

log = structlog.get_logger(__name__)


class SlackFiles:
    """`commands.core.files.Files`."""

    def __init__(self, slack: SlackClient, direct: SlackDirect) -> None:
        self._slack = slack
        self._direct = direct

    async def send(self, file: File, to: Caller) -> None:
        """What Slack would not take is found out before the person is written to.

        A file is shared in a conversation only by the conversation's own id, which the answer to a message has.
        """
        try:
            file_id = await self._slack.upload(file.name, file.content)
            announced = Reply(text=("Here is what you asked for: ", Strong(file.title), "."))
            there = await self._direct.tell(to, announced)
            await self._slack.share(file_id, file.title, there.channel_id)
        except NotGranted as error:
            raise CommandError(
                "This workspace has not allowed me to upload files.",
                ("Add the scope ", Code("files:write"), " to the app as manifest.yml has it, and install it again."),
            ) from error
        except SlackError as error:
            log.warning("a file was not taken", error=str(error), remedy=error.remedy)
            if isinstance(error, FileRefused):
                raise CommandError(
                    f"This workspace takes no such file from me (`{error.code}`).",
                    "Whoever runs it can allow uploads of such files.",
                ) from error
            raise CommandError("Slack did not take the file.", "Ask again in a few minutes.") from error
