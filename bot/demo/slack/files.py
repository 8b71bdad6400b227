"""The methods `files.*`: an address for the bytes is asked for, they are sent there, and the file is shared."""

import re
from collections.abc import Mapping
from dataclasses import replace

from bot.demo.slack.errors import Refused, explained
from bot.demo.slack.request import Answer, Method, Request
from bot.demo.slack.things import Channel, File

_CONVERSATION = re.compile(r"[CGDZ][A-Z0-9]{8,}")
"""What Slack takes for the id of one here, which a person's is not (slackapi/bolt-js#2115)."""


def _announce(request: Request) -> Answer:
    name, length = request.text("filename"), request.text("length")
    if not name or not length.isdecimal() or int(length) == 0:
        raise Refused("missing_argument")
    file_id, url = request.workspace.uploads.announce(name, int(length))
    return {"file_id": file_id, "upload_url": url}


def _complete(request: Request) -> Answer:
    """Without a conversation the file stays with the bot."""
    wanted = request.structure("files")
    if not isinstance(wanted, list) or not all(isinstance(each, Mapping) for each in wanted):
        raise Refused("invalid_arguments")
    files = tuple(_titled(request, each) for each in wanted)
    if request.text("channel_id"):
        workspace = request.workspace
        workspace.post(_conversation(request), workspace.bot, request.text("initial_comment"), files=files)
    return {"files": [{"id": file.id, "title": file.title} for file in files]}


def _titled(request: Request, wanted: Mapping[str, object]) -> File:
    file = request.workspace.uploads.find(str(wanted.get("id")))
    return replace(file, title=str(wanted.get("title") or file.name))


def _conversation(request: Request) -> Channel:
    named = request.text("channel_id")
    if not _CONVERSATION.fullmatch(named):
        said = f"input must match regex pattern: ^{_CONVERSATION.pattern}$ [json-pointer:/channel_id]"
        raise explained("invalid_arguments", [said])
    return replace(request, arguments={**request.arguments, "channel": named}).writable_channel()


METHODS: Mapping[str, Method] = {
    "files.getUploadURLExternal": Method(_announce, ("files:write",)),
    "files.completeUploadExternal": Method(_complete, ("files:write",)),
}
