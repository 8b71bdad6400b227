"""Who is in which user group and channel, and what these are called."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.slack.client import SlackClient
from bot.slack.remembered import Remembered
from commands.core.grants import Grantee, GranteeKind
from commands.core.ports import Clock

_ALL = ""


@dataclass(frozen=True, slots=True)
class Channel:
    name: str
    is_private: bool


class Groups:
    """Everything is remembered for five minutes, or until Slack reports a change."""

    def __init__(self, slack: SlackClient, clock: Clock) -> None:
        self._slack = slack
        self._in_group = Remembered(clock, self._ask_group)
        self._in_channel = Remembered(clock, self._ask_channel)
        self._handles = Remembered(clock, self._ask_handles)
        self._channel = Remembered(clock, self._ask_about)
        self._channels = Remembered(clock, self._ask_channels)

    async def has(self, grantee: Grantee, user_id: str) -> bool:
        """Whether somebody is in a user group or in a channel. Raises `SlackError`."""
        members = self._in_group if grantee.kind is GranteeKind.GROUP else self._in_channel
        return user_id in await members.get(grantee.id)

    async def handles(self) -> Mapping[str, str]:
        """The user groups by id, as they are mentioned, without the `@`. Raises `SlackError`."""
        return await self._handles.get(_ALL)

    async def channel(self, channel_id: str) -> Channel | None:
        """None for a conversation that is no channel. Raises `SlackError`."""
        return await self._channel.get(channel_id)

    async def channels(self) -> Mapping[str, Channel]:
        """Those that the bot is in, by id. Raises `SlackError`."""
        return await self._channels.get(_ALL)

    def forget(self, subject_id: str) -> None:
        """Somebody came into that group or channel, or left it, or it is another one."""
        for remembered in (self._in_group, self._in_channel, self._channel):
            remembered.forget(subject_id)
        self.forget_names()

    def forget_names(self) -> None:
        """There may be other user groups, and the bot may be in other channels."""
        self._handles.forget(_ALL)
        self._channels.forget(_ALL)

    async def _ask_group(self, group_id: str) -> frozenset[str]:
        return frozenset(await self._slack.group_members(group_id))

    async def _ask_channel(self, channel_id: str) -> frozenset[str]:
        return frozenset(await self._slack.channel_members(channel_id))

    async def _ask_handles(self, _: str) -> Mapping[str, str]:
        return {str(group["id"]): str(group.get("handle") or "") for group in await self._slack.user_groups()}

    async def _ask_about(self, channel_id: str) -> Channel | None:
        return _channel(await self._slack.channel(channel_id))

    async def _ask_channels(self, _: str) -> Mapping[str, Channel]:
        found = {str(each["id"]): _channel(each) for each in await self._slack.own_channels()}
        return {channel_id: channel for channel_id, channel in found.items() if channel is not None}


def _channel(said: Mapping[str, object]) -> Channel | None:
    if said.get("is_im") or said.get("is_mpim"):
        return None
    return Channel(str(said.get("name") or ""), bool(said.get("is_private")))
