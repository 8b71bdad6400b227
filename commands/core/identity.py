"""What people of the workspace are called in rooms."""

import re
from typing import Final

_OF_A_PERSON = re.compile(r"slack-([A-Z0-9]+)-([UW][A-Z0-9]+)(?:-\d+)?")
_NUMBERED = re.compile(r"(slack-[A-Z0-9]+-[UW][A-Z0-9]+)-\d+")

FORGOTTEN: Final = "forgotten"
"""Stands in the records for whoever was forgotten: in the place of an identity, a name and a user's id."""


def stable_identity(team_id: str, user_id: str) -> str:
    """What somebody of the workspace is called in a room, so that others recognise them from one time to the next."""
    return f"slack-{team_id}-{user_id}"


def person_of(identity: str, team_id: str) -> str | None:
    """Whose of the workspace it is, by id; None for any other identity."""
    match = _OF_A_PERSON.fullmatch(identity)
    return match[2] if match and match[1] == team_id else None


def numbered(plain: str, number: int) -> str:
    """For whoever is in the room `number` times. The first has no number."""
    return plain if number == 1 else f"{plain}-{number}"


def without_number(identity: str) -> str:
    """One for all identities of a person of the workspace: `slack-T1-U1` for `slack-T1-U1-2`; others as they are."""
    match = _NUMBERED.fullmatch(identity)
    return match[1] if match else identity
