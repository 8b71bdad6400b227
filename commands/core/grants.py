"""Roles that were granted: to whom, where, until when. Who counts by them is for `Roles` to say."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, Self

from commands.core.base import Role
from commands.core.reply import Text


class GranteeKind(StrEnum):
    """`CHANNEL` means everybody who is in it."""

    PERSON = "person"
    GROUP = "group"
    CHANNEL = "channel"


_SIGNS = {GranteeKind.PERSON: "@", GranteeKind.GROUP: "@", GranteeKind.CHANNEL: "#"}


@dataclass(frozen=True, slots=True)
class Grantee:
    """A person, a user group or a channel, by Slack's id."""

    kind: GranteeKind
    id: str

    @classmethod
    def read(cls, text: str) -> Self:
        """From `types.GranteeId`: an id says by its first letter what it is of."""
        kinds = {"U": GranteeKind.PERSON, "W": GranteeKind.PERSON, "S": GranteeKind.GROUP}
        return cls(kinds.get(text[1], GranteeKind.CHANNEL), text[1:])

    @classmethod
    def person(cls, user_id: str) -> Self:
        return cls(GranteeKind.PERSON, user_id)

    def __str__(self) -> str:
        """As it is typed: the inverse of `read`."""
        return f"{_SIGNS[self.kind]}{self.id}"


@dataclass(frozen=True, slots=True)
class Grant:
    """`provider` is the one video server that it is for, None for all; `until` is None where it has no end."""

    id: int
    grantee: Grantee
    role: Role
    provider: str | None
    until: datetime | None
    by: str
    at: datetime


class Grants(Protocol):
    async def give(
        self, team_id: str, grantee: Grantee, role: Role, *, provider: str | None, until: datetime | None, by: str
    ) -> Grant:
        """In place of what the same grantee was granted for the same video server."""

    async def take(self, team_id: str, ids: Sequence[int]) -> None: ...

    async def holding(self, team_id: str) -> list[Grant]:
        """Those that hold at this moment, in the order in which they were granted."""


@dataclass(frozen=True, slots=True)
class KnownGrantee:
    """What the workspace says of a grantee.

    `name` notifies nobody, wherever it is read. `most` is the highest role that a grant can give, NOBODY for somebody
    who is deactivated; `is_open`: anybody of the workspace can join; `is_outsider`: of another organisation, or a bot.
    """

    name: Text
    most: Role = Role.ADMIN
    is_open: bool = False
    is_outsider: bool = False
