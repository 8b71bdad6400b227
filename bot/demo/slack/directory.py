"""The methods that look up people and conversations."""

from collections.abc import Mapping, Sequence
from typing import Final

from bot.demo.slack.errors import Refused
from bot.demo.slack.request import Answer, Method, Request
from bot.demo.slack.things import Channel, ChannelKind
from bot.demo.slack.workspace import BOT_ID, OTHER_TEAM_ID, TEAM_DOMAIN, TEAM_ID

PAGE: Final = 100
MOST_IN_PAGE: Final = 999
_READ_SCOPES: Mapping[ChannelKind, str] = {
    ChannelKind.PUBLIC: "channels:read",
    ChannelKind.PRIVATE: "groups:read",
    ChannelKind.DIRECT: "im:read",
}
_KINDS: Mapping[str, ChannelKind] = {
    "public_channel": ChannelKind.PUBLIC,
    "private_channel": ChannelKind.PRIVATE,
    "im": ChannelKind.DIRECT,
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
    return _page(request, "members", sorted(channel.members))


def _page(request: Request, key: str, everything: Sequence[object]) -> Answer:
    start, limit = request.text("cursor") or "0", request.text("limit") or str(PAGE)
    if not start.isdecimal():
        raise Refused("invalid_cursor")
    if not limit.isdecimal() or not 0 < int(limit) <= MOST_IN_PAGE:
        raise Refused("invalid_limit")
    end = int(start) + int(limit)
    cursor = str(end) if end < len(everything) else ""
    return {key: list(everything[int(start) : end]), "response_metadata": {"next_cursor": cursor}}


def _own_channels(request: Request) -> Answer:
    """The channels that the bot is in, of the kinds that are asked for."""
    wanted = (request.text("types") or "public_channel").split(",")
    for kind in wanted:
        request.need_scope(_READ_SCOPES[_KINDS[kind]])
    found = [
        {"id": channel.id, "name": channel.name, "is_private": channel.kind is ChannelKind.PRIVATE}
        for channel in request.workspace.channels
        if channel.kind in [_KINDS[kind] for kind in wanted]
        and request.workspace.bot.id in channel.members
        and not (channel.archived and request.flag("exclude_archived"))
    ]
    return _page(request, "channels", found)


def _user_groups(request: Request) -> Answer:
    return {
        "usergroups": [
            {"id": group.id, "team_id": TEAM_ID, "handle": group.handle, "name": group.handle.title(), "date_delete": 0}
            for group in request.workspace.groups
            if not group.disabled
        ]
    }


def _group_members(request: Request) -> Answer:
    group = request.workspace.group(request.text("usergroup"))
    if group is None or group.disabled:
        raise Refused("no_such_subteam")
    return {"users": sorted(group.members)}


def _user(request: Request) -> Answer:
    user = request.workspace.user(request.text("user"))
    if user is None:
        raise Refused("user_not_found")
    return {
        "user": {
            "id": user.id,
            "team_id": OTHER_TEAM_ID if user.is_outsider else TEAM_ID,
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
    "users.conversations": Method(_own_channels, tuple(_READ_SCOPES.values())),
    "usergroups.list": Method(_user_groups, ("usergroups:read",)),
    "usergroups.users.list": Method(_group_members, ("usergroups:read",)),
    "users.info": Method(_user, ("users:read",)),
}
