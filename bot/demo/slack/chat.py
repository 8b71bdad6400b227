"""The methods `chat.*`: messages of the bot."""

from collections.abc import Mapping

from bot.demo.slack.errors import Refused
from bot.demo.slack.request import Answer, Method, Request
from bot.demo.slack.things import Channel, Message
from bot.demo.slack.workspace import APP_ID, BOT_ID, TEAM_DOMAIN, TEAM_ID, Workspace
from bot.render.limits import MESSAGE_TEXT, POSTED_TEXT, length


def message_payload(workspace: Workspace, message: Message) -> Answer:
    """A message as Slack shows it to a bot."""
    payload: Answer = {"type": "message", "user": message.user, "ts": message.ts, "text": message.text, "team": TEAM_ID}
    if message.user == workspace.bot.id:
        payload |= {"bot_id": BOT_ID, "app_id": APP_ID}
    if message.blocks:
        payload["blocks"] = message.blocks
    if message.thread_ts:
        payload["thread_ts"] = message.thread_ts
    if message.edited:
        payload["edited"] = {"user": message.user, "ts": message.ts}
    return payload


def _thread(request: Request, channel: Channel) -> str | None:
    """A reply belongs under a message that starts a thread, never under another reply."""
    thread_ts = request.text("thread_ts") or None
    if thread_ts is None:
        return None
    parent = request.workspace.message(channel, thread_ts)
    if parent is None or parent.deleted or parent.ephemeral_to or parent.thread_ts not in (None, thread_ts):
        raise Refused("cannot_reply_to_message")
    return thread_ts


def _post(request: Request) -> Answer:
    workspace = request.workspace
    person = workspace.user(request.text("channel"))
    channel = workspace.dm(person) if person and not person.is_bot else request.writable_channel()
    text, blocks = request.content()
    thread_ts = _thread(request, channel)
    broadcast = thread_ts is not None and request.flag("reply_broadcast")
    message = workspace.post(
        channel, workspace.bot, text[:POSTED_TEXT], blocks, thread_ts=thread_ts, broadcast=broadcast
    )
    return {"channel": channel.id, "ts": message.ts, "message": message_payload(workspace, message)}


def _post_ephemeral(request: Request) -> Answer:
    workspace = request.workspace
    channel = request.writable_channel()
    text, blocks = request.content()
    if request.text("user") not in channel.members:
        raise Refused("user_not_in_channel")
    message = workspace.post(
        channel,
        workspace.bot,
        text[:POSTED_TEXT],
        blocks,
        thread_ts=_thread(request, channel),
        ephemeral_to=request.text("user"),
    )
    return {"message_ts": message.ts}


def _existing(request: Request, channel: Channel, name: str = "ts") -> Message:
    """A message that the API can reach: an ephemeral one is nowhere."""
    message = request.workspace.message(channel, request.text(name))
    if message is None or message.deleted or message.ephemeral_to:
        raise Refused("message_not_found")
    return message


def _update(request: Request) -> Answer:
    workspace = request.workspace
    channel = request.writable_channel()
    message = _existing(request, channel)
    if message.user != workspace.bot.id:
        raise Refused("cant_update_message")
    text, blocks = request.content()
    if length(text) > MESSAGE_TEXT:
        raise Refused("msg_too_long")
    edited = workspace.edit(message, text, blocks)
    return {
        "channel": channel.id,
        "ts": edited.ts,
        "text": edited.text,
        "message": message_payload(workspace, edited),
    }


def _delete(request: Request) -> Answer:
    channel = request.writable_channel()
    message = _existing(request, channel)
    if message.user != request.workspace.bot.id:
        raise Refused("cant_delete_message")
    request.workspace.delete(message)
    return {"channel": channel.id, "ts": message.ts}


def _permalink(request: Request) -> Answer:
    channel = request.visible_channel()
    message = _existing(request, channel, "message_ts")
    path = f"archives/{channel.id}/p{message.ts.replace('.', '')}"
    return {"channel": channel.id, "permalink": f"https://{TEAM_DOMAIN}.slack.com/{path}"}


METHODS: Mapping[str, Method] = {
    "chat.postMessage": Method(_post, ("chat:write",)),
    "chat.postEphemeral": Method(_post_ephemeral, ("chat:write",)),
    "chat.update": Method(_update, ("chat:write",)),
    "chat.delete": Method(_delete, ("chat:write",)),
    "chat.getPermalink": Method(_permalink),
}
