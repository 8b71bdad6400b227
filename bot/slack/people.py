"""Who somebody is in the workspace, by its own list."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.slack.client import SlackClient
from bot.slack.errors import SlackError
from bot.slack.remembered import Remembered
from commands.core.ports import Clock


@dataclass(frozen=True, slots=True)
class Member:
    """`is_outsider`: of another organisation, a bot, or deactivated."""

    name: str
    is_admin: bool = False
    is_guest: bool = False
    is_outsider: bool = False
    is_deactivated: bool = False


class People:
    """`users.info`, remembered for five minutes, or until Slack reports a change."""

    def __init__(self, slack: SlackClient, clock: Clock, *, team_id: str) -> None:
        self._slack = slack
        self._team_id = team_id
        self._members = Remembered(clock, self._ask)

    async def member(self, user_id: str) -> Member:
        """Raises `SlackError`, of which `PersonUnreachable` says that Slack knows no such member."""
        return await self._members.get(user_id)

    def forget(self, user_id: str) -> None:
        """They may be another than they were: owner, guest, deactivated, or called otherwise."""
        self._members.forget(user_id)

    async def name(self, user_id: str) -> str:
        """How others see somebody in the workspace; "" where it cannot be had. What a role was read from tells it."""
        try:
            return (await self.member(user_id)).name
        except SlackError:
            return ""

    def seen(self) -> Mapping[str, Member]:
        """Everybody who has had to do with the bot lately, by id."""
        return self._members.answers()

    async def _ask(self, user_id: str) -> Member:
        return self._read(await self._slack.user(user_id))

    def _read(self, user: Mapping[str, object]) -> Member:
        return Member(
            name=_name(user),
            is_admin=bool(user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner")),
            is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
            is_outsider=bool(
                user.get("deleted")
                or user.get("is_bot")
                or user.get("is_stranger")
                or user.get("team_id", self._team_id) != self._team_id
            ),
            is_deactivated=bool(user.get("deleted")),
        )


def _name(user: Mapping[str, object]) -> str:
    """What people chose to be called, else their full name, else the name of their account."""
    profile = user.get("profile")
    chosen = profile if isinstance(profile, Mapping) else {}
    return str(chosen.get("display_name") or chosen.get("real_name") or user.get("real_name") or user.get("name") or "")
