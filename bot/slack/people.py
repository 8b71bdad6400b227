"""Who somebody is in the workspace, and what role follows from it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import structlog

from bot.slack.client import SlackClient
from bot.slack.errors import NotGranted, PersonUnreachable, SlackError
from commands.core.base import Role
from commands.core.ports import Caller, Clock, Standing
from commands.core.reply import Text

log = structlog.get_logger(__name__)

REMEMBERED_SECONDS = 3600.0
"""Owners and guests change rarely, and Slack limits `users.info`."""

MOST_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class _Member:
    name: str
    is_admin: bool
    is_guest: bool
    is_outsider: bool
    seen: float


class SlackRoles:
    """`commands.core.ports.Roles` from the workspace's own list: owners and admins, members, guests, outsiders."""

    def __init__(
        self, slack: SlackClient, clock: Clock, *, team_id: str, admins: Collection[str], default: Role
    ) -> None:
        self._slack = slack
        self._clock = clock
        self._team_id = team_id
        self._admins = frozenset(admins)
        self._default = default
        self._members: dict[str, _Member] = {}

    async def standing(self, caller: Caller) -> Standing:
        if caller.user_id in self._admins:
            return Standing(Role.ADMIN, "the bot's configuration names you as an admin")
        try:
            member = await self._member(caller.user_id)
        except SlackError as error:
            log.warning("a role could not be looked up", user=caller.user_id, error=str(error))
            return Standing(Role.NOBODY, _why_nobody(error), is_known=isinstance(error, PersonUnreachable))
        return self._standing(member)

    async def who_has(self, team_id: str, role: Role, provider: str | None) -> Text:
        return "an owner or admin of the workspace"

    async def name(self, user_id: str) -> str:
        """How others see somebody in the workspace; "" where it cannot be had. What a role was read from tells it."""
        try:
            return (await self._member(user_id)).name
        except SlackError:
            return ""

    def _standing(self, member: _Member) -> Standing:
        if member.is_outsider:
            return Standing(Role.NOBODY, "you are not a member of this workspace")
        if member.is_admin:
            return Standing(Role.ADMIN, "you are an owner or admin of this workspace")
        if member.is_guest:
            return Standing(min(Role.VIEWER, self._default), "you are a guest in this workspace")
        return Standing(self._default, "that is what members of this workspace are by default")

    async def _member(self, user_id: str) -> _Member:
        known = self._members.get(user_id)
        now = self._clock.monotonic()
        if known is None or now - known.seen > REMEMBERED_SECONDS:
            known = self._read(await self._slack.user(user_id), now)
            if len(self._members) >= MOST_REMEMBERED:
                self._members.clear()
            self._members[user_id] = known
        return known

    def _read(self, user: dict[str, object], now: float) -> _Member:
        return _Member(
            name=_name(user),
            is_admin=bool(user.get("is_admin") or user.get("is_owner") or user.get("is_primary_owner")),
            is_guest=bool(user.get("is_restricted") or user.get("is_ultra_restricted")),
            is_outsider=bool(
                user.get("deleted")
                or user.get("is_bot")
                or user.get("is_stranger")
                or user.get("team_id", self._team_id) != self._team_id
            ),
            seen=now,
        )


def _name(user: Mapping[str, object]) -> str:
    """What people chose to be called, else their full name, else the name of their account."""
    profile = user.get("profile")
    chosen = profile if isinstance(profile, Mapping) else {}
    return str(chosen.get("display_name") or chosen.get("real_name") or user.get("real_name") or user.get("name") or "")


def _why_nobody(error: SlackError) -> str:
    """For the person who asked: what is wrong, and whether trying again helps."""
    match error:
        case PersonUnreachable():
            return "Slack does not know you as a member of this workspace"
        case NotGranted():
            lacks = f" (it lacks {error.needed})" if error.needed else ""
            return f"Slack does not tell me who you are, so nothing is allowed until the app{lacks} is installed anew"
        case _:
            return "Slack could not say who you are, so nothing is allowed; try again in a minute"
