"""The methods that look up people and conversations."""

from collections.abc import Mapping
from typing import Final

from bot.demo.slack.errors import Refused
from bot.demo.slack.request import Answer, Method, Request
from bot.demo.slack.things import Channel, ChannelKind
from bot.demo.slack.workspace import BOT_ID, TEAM_DOMAIN, TEAM_ID

PAGE: Final = 100
_READ_SCOPES: Mapping[ChannelKind, str] = {
    ChannelKind.PUBLIC: "channels:read",
    ChannelKind.PRIVATE: "groups:read",
    ChannelKind.DIRECT: "im:read",
}


def _auth_test(request: Request) -> Answer:
    bot = request.workspace.bot
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_DOMAIN,
        "user": bot.name,
        "team_id": TEAM_ID,
        "user_id": bot.id,
        "bot_id": BOT_ID,
        "is_enterprise_install": False,
    }


def _readable_channel(request: Request) -> Channel:
    channel = request.visible_channel()
    request.need_scope(_READ_SCOPES[channel.kind])
    return channel


def _conversation(request: Request) -> Answer:
    channel = _readable_channel(request)
    is_direct = channel.kind is ChannelKind.DIRECT
    is_private = channel.kind is ChannelKind.PRIVATE
    found: Answer = {
        "id": channel.id,
        "is_channel": channel.kind is ChannelKind.PUBLIC,
        "is_group": is_private,
        "is_im": is_direct,
        "is_mpim": False,
        "is_private": is_private,
        "is_archived": channel.archived,
        "is_ext_shared": False,
        "is_shared": False,
    }
    if is_direct:
        found["user"] = next(iter(channel.members - {request.workspace.bot.id}))
    else:
        found |= {"name": channel.name, "is_member": request.workspace.bot.id in channel.members}
    return {"channel": found}


def _open_conversation(request: Request) -> Answer:
    user = request.workspace.user(request.text("users"))
    if user is None or user.deleted:
        raise Refused("user_not_found")
    if user.is_bot:
        raise Refused("cannot_dm_bot")
    return {"channel": {"id": request.workspace.dm(user).id}}


def _members(request: Request) -> Answer:
    channel = _readable_channel(request)
    limit = int(request.text("limit") or PAGE)
    start = request.text("cursor") or "0"
    if not start.isdecimal():
        raise Refused("invalid_cursor")
    members = sorted(channel.members)
    end = int(start) + limit
    cursor = str(end) if end < len(members) else ""
    return {"members": members[int(start) : end], "response_metadata": {"next_cursor": cursor}}


def _user(request: Request) -> Answer:
    user = request.workspace.user(request.text("user"))
    if user is None:
        raise Refused("user_not_found")
    return {
        "user": {
            "id": user.id,
            "team_id": TEAM_ID,
            "name": user.name,
            "real_name": user.name.title(),
            "deleted": user.deleted,
            "is_bot": user.is_bot,
            "is_owner": user.is_owner,
            "is_primary_owner": False,
            "is_admin": user.is_admin,
            "is_restricted": user.is_restricted,
            "is_ultra_restricted": False,
            "tz": "Etc/UTC",
            "profile": {"display_name": user.name, "real_name": user.name.title()},
        }
    }


METHODS: Mapping[str, Method] = {
    "auth.test": Method(_auth_test),
    "conversations.info": Method(_conversation, tuple(_READ_SCOPES.values())),
    "conversations.members": Method(_members, tuple(_READ_SCOPES.values())),
    "conversations.open": Method(_open_conversation, ("im:write",)),
    "users.info": Method(_user, ("users:read",)),
}
