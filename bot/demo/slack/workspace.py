"""The state of a workspace: who and what is there, and what was said. Every change wakes those who wait for one."""

import asyncio
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from bot.demo.slack.modals import Modals
from bot.demo.slack.permits import Permits
from bot.demo.slack.reading import Blocks
from bot.demo.slack.settle import settled
from bot.demo.slack.things import Channel, ChannelKind, File, Message, Notice, User, UserGroup
from bot.demo.slack.uploads import Uploads

TEAM_ID: Final = "T00000001"
OTHER_TEAM_ID: Final = "T00000002"
TEAM_DOMAIN: Final = "showcaller-demo"
APP_ID: Final = "A00000001"
BOT_ID: Final = "B00000001"


class Workspace:
    """`now` gives epoch seconds; triggers and response_urls age by it, and messages are stamped with it."""

    def __init__(self, now: Callable[[], float] = time.time, *, bot_name: str = "showcaller") -> None:
        self._now = now
        self._changed = asyncio.Event()
        self._users: dict[str, User] = {}
        self._groups: dict[str, UserGroup] = {}
        self._channels: dict[str, Channel] = {}
        self._messages: dict[str, dict[str, Message]] = {}
        self._stamps = 0
        self.notices: list[Notice] = []
        self.modals = Modals(self.changed)
        self.permits = Permits(now)
        self.uploads = Uploads()
        self.bot = self.add_user(bot_name, bot=True)

    def changed(self) -> None:
        """Wake everybody who waits."""
        self._changed.set()
        self._changed = asyncio.Event()

    async def change(self) -> None:
        """Wait for the next change."""
        await self._changed.wait()

    # People

    @property
    def people(self) -> list[User]:
        return [user for user in self._users.values() if not user.is_bot]

    def add_user(
        self,
        name: str,
        *,
        owner: bool = False,
        admin: bool = False,
        guest: bool = False,
        bot: bool = False,
        deleted: bool = False,
        outsider: bool = False,
    ) -> User:
        """A new person. As in Slack, an owner is an admin too."""
        if any(user.name == name for user in self._users.values()):
            raise ValueError(f"there is a {name} already")
        user = User(f"U{len(self._users) + 1:08d}", name, owner, admin or owner, guest, bot, deleted, outsider)
        self._users[user.id] = user
        self.changed()
        return user

    def user(self, user_id: object) -> User | None:
        return self._users.get(str(user_id))

    def user_named(self, name: str) -> User | None:
        return next((user for user in self._users.values() if user.name == name), None)

    # User groups

    @property
    def groups(self) -> list[UserGroup]:
        return list(self._groups.values())

    def add_group(self, handle: str, *, members: Iterable[User] = ()) -> UserGroup:
        group = UserGroup(f"S{len(self._groups) + 1:08d}", handle, {user.id for user in members})
        self._groups[group.id] = group
        self.changed()
        return group

    def group(self, group_id: object) -> UserGroup | None:
        return self._groups.get(str(group_id))

    def group_of_handle(self, handle: str) -> UserGroup | None:
        return next((group for group in self._groups.values() if group.handle == handle and not group.disabled), None)

    # Channels

    @property
    def channels(self) -> list[Channel]:
        return list(self._channels.values())

    def add_channel(
        self, name: str, *, members: Iterable[User] = (), private: bool = False, bot: bool = True
    ) -> Channel:
        """A new channel; `bot`: the bot is in it."""
        if self.channel_named(name) is not None:
            raise ValueError(f"there is a #{name} already")
        kind = ChannelKind.PRIVATE if private else ChannelKind.PUBLIC
        ids = {user.id for user in members} | ({self.bot.id} if bot else set())
        return self._add_channel(Channel(f"C{len(self._channels) + 1:08d}", name, kind, ids))

    def dm(self, user: User) -> Channel:
        """The conversation of that person with the bot, made when first asked for."""
        for channel in self._channels.values():
            if channel.kind is ChannelKind.DIRECT and user.id in channel.members:
                return channel
        members = {user.id, self.bot.id}
        return self._add_channel(
            Channel(f"D{len(self._channels) + 1:08d}", f"@{user.name}", ChannelKind.DIRECT, members)
        )

    def _add_channel(self, channel: Channel) -> Channel:
        self._channels[channel.id] = channel
        self._messages[channel.id] = {}
        self.changed()
        return channel

    def channel(self, channel_id: object) -> Channel | None:
        return self._channels.get(str(channel_id))

    def channel_named(self, name: str) -> Channel | None:
        return next((channel for channel in self._channels.values() if channel.name == name), None)

    def invite(self, channel: Channel, user: User) -> None:
        channel.members.add(user.id)
        self.changed()

    def kick(self, channel: Channel, user: User) -> None:
        channel.members.discard(user.id)
        self.changed()

    def archive(self, channel: Channel, archived: bool = True) -> None:
        channel.archived = archived
        self.changed()

    def give_another_id(self, channel: Channel) -> tuple[str, str]:
        """As Slack does with a private channel that somebody begins to share. Returns the old id and the other one."""
        old, new = channel.id, f"C{len(self._channels) + 1:07d}S"
        messages = self._messages.pop(old)
        channel.id = new
        self._channels = {each.id: each for each in self._channels.values()}
        self._messages[new] = {ts: replace(message, channel=new) for ts, message in messages.items()}
        self.changed()
        return old, new

    # Messages

    def post(
        self,
        channel: Channel,
        user: User,
        text: str,
        blocks: Blocks = (),
        *,
        thread_ts: str | None = None,
        ephemeral_to: str | None = None,
        broadcast: bool = False,
        files: tuple[File, ...] = (),
    ) -> Message:
        self._stamps += 1
        ts = f"{int(self._now())}.{self._stamps:06d}"
        return self._keep(
            Message(ts, channel.id, user.id, text, settled(blocks), thread_ts, ephemeral_to, broadcast, files=files)
        )

    def edit(self, message: Message, text: str, blocks: Blocks = ()) -> Message:
        """Blocks that are not given are gone. Slack marks an edit only where there are none."""
        return self._keep(replace(message, text=text, blocks=settled(blocks), edited=not blocks))

    def delete(self, message: Message) -> None:
        self._keep(replace(message, deleted=True))

    def stamp(self) -> str:
        """The time as Slack writes it. No two are the same."""
        self._stamps += 1
        return f"{int(self._now())}.{self._stamps:06d}"

    def _keep(self, message: Message) -> Message:
        self._messages[message.channel][message.ts] = message
        self.changed()
        return message

    def message(self, channel: Channel, ts: object) -> Message | None:
        """As it is now, deleted ones and ephemeral ones too."""
        return self._messages[channel.id].get(str(ts))

    def messages(self, channel: Channel) -> list[Message]:
        """All that are not deleted, the oldest first, as they are now."""
        return [message for message in self._messages[channel.id].values() if not message.deleted]

    def may_look(self, user: User, channel: Channel) -> bool:
        is_open = channel.kind is ChannelKind.PUBLIC and not user.is_restricted
        return not user.deleted and (is_open or user.id in channel.members)

    def seen_by(self, user: User, channel: Channel) -> list[Message]:
        if not self.may_look(user, channel):
            return []
        return [each for each in self.messages(channel) if each.ephemeral_to in (None, user.id)]

    # What Slack itself says

    def notify(self, user: User, what: str, problem: str) -> None:
        self.notices.append(Notice(user.id, what, problem))
        self.changed()
