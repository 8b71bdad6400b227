"""Who is to be forgotten, and which words speak of them."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from commands.core.identity import FORGOTTEN, person_of, without_number
from providers.base import ParticipantKind

_NUMBER: Final = re.compile(r"…[0-9]{4}|\+?[0-9]{5,15}")
"""A telephone number, whole or as it is shown."""


@dataclass(frozen=True, slots=True)
class Person:
    """Whom it is about. `user_id` is None for somebody who is none of the workspace.

    `names` are those that they were found to go by, `channels` their own conversations with the bot.
    """

    team_id: str
    identity: str
    user_id: str | None
    names: set[str] = field(default_factory=set)
    channels: frozenset[str] = frozenset()

    @classmethod
    def of(cls, team_id: str, identity: str) -> Self:
        plain = without_number(identity)
        return cls(team_id, plain, person_of(plain, team_id))

    @property
    def needle(self) -> str:
        """Whatever speaks of them has it."""
        return self.user_id or self.identity

    @property
    def shown(self) -> str:
        """Of a telephone number what is kept, which others may share; empty for whoever goes by anything else."""
        return f"…{self.identity[-4:]}" if _NUMBER.fullmatch(self.identity) else ""

    @property
    def needles(self) -> Sequence[str]:
        """Of states and facts: what speaks of them has one of these."""
        return [each for each in (self.needle, self.shown) if each]

    def is_on_telephone(self, value: Mapping[str, Any]) -> bool:
        """Of a call, or of a participant who is on a telephone."""
        if not self.shown:
            return False
        is_phone = value.get("kind") == ParticipantKind.PHONE
        digits = re.sub(r"\D", "", str(value.get("identity", ""))) if is_phone else ""
        return self.shown in (value.get("number"), f"…{digits[-4:]}")

    def is_meant(self, word: object) -> bool:
        return isinstance(word, str) and (word == self.user_id or without_number(word) == self.identity)

    def unique(self, text: str) -> str:
        """Without what can mean nobody else; a word that they chose for themselves may be a room's name as well."""
        return self.without(text) if self.user_id else text

    def without(self, text: str, *, named: bool = False, spared: Collection[str] = ()) -> str:
        """`named`: without the names they went by, too, which others may have. `spared` are words in lower case."""
        names = [name for name in sorted(self.names, key=len, reverse=True) if named and name.casefold() not in spared]
        words = [re.escape(self.identity) + (r"(?:-\d+)?" if self.user_id else "")]
        words = [] if self.identity.casefold() in spared else words
        words += map(re.escape, names)
        alone = rf"(?<![\w-])(?:{'|'.join(words)})(?![\w-])" if words else r"(?!)"
        by_id = rf"|(?<![A-Z0-9])@?{self.user_id}(?![A-Z0-9])" if self.user_id else ""
        return re.sub(alone + by_id, FORGOTTEN, text, flags=re.IGNORECASE)
