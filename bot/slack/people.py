"""Who somebody is in the workspace, by its own list."""

from collections.abc import Mapping
from dataclasses import dataclass

from bot.slack.client import SlackClient
from bot.slack.errors import SlackError
from commands.core.ports import Clock

REMEMBERED_SECONDS = 3600.0
"""Owners and guests change rarely, and Slack limits `users.info`."""

MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Member:
    """`is_outsider`: of another organisation, a bot, or deactivated."""

    name: str
    is_admin: bool = False
    is_guest: bool = False
    is_outsider: bool = False


class People:
    """`users.info`, remembered for an hour."""

    def __init__(self, slack: SlackClient, clock: Clock, *, team_id: str) -> None:
        self._slack = slack
        self._clock = clock
        self._team_id = team_id
        self._members: dict[str, tuple[Member, float]] = {}

    async def member(self, user_id: str) -> Member:
        """Raises `SlackError`, of which `PersonUnreachable` says that Slack knows no such member."""
        known = self._members.get(user_id)
        now = self._clock.monotonic()
        if known is not None and now - known[1] <= REMEMBERED_SECONDS:
            return known[0]
        member = self._read(await self._slack.user(user_id))
        if len(self._members) >= MOST_REMEMBERED:
            self._members.clear()
        self._members[user_id] = member, now
        return member

    async def name(self, user_id: str) -> str:
        """How others see somebody in the workspace; "" where it cannot be had. What a role was read from tells it."""
        try:
            return (await self.member(user_id)).name
        except SlackError:
            return ""

    def seen(self) -> Mapping[str, Member]:
        """Everybody who has had to do with the bot lately, by id."""
        return {user_id: member for user_id, (member, _) in self._members.items()}

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
        )


def _name(user: Mapping[str, object]) -> str:
    """What people chose to be called, else their full name, else the name of their account."""
    profile = user.get("profile")
    chosen = profile if isinstance(profile, Mapping) else {}
    return str(chosen.get("display_name") or chosen.get("real_name") or user.get("real_name") or user.get("name") or "")
