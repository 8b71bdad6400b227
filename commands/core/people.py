"""From what people call somebody in a room to that participant, and the base of the commands for one of them."""

import difflib
import re
from collections.abc import Sequence
from typing import Annotated

from pydantic import Field

from commands.core.base import Internal, Offered, Offers, Positional, RoomCommand, RoomPin, pin
from commands.core.context import Context
from commands.core.errors import MOST_OFFERED, CommandError, NothingHere
from commands.core.identity import person_of, stable_identity, without_number
from commands.core.phone_numbers import veiled, without_numbers
from commands.core.reply import Action, Code, Mark, Person, Strong
from commands.core.types import Name
from commands.core.words import a_few, in_natural_order
from providers.base import Participant, ParticipantKind, RoomRef

_MENTION = re.compile(r"@([UW][A-Z0-9]+)")


class NotInRoom(NothingHere):
    """Nobody in the room is called like that."""


class PersonCommand(RoomCommand):
    """A command for one participant.

    `exact` pins it to one identity. Buttons and questions carry it: whoever was meant may have left, and somebody else
    may be in the room whose display name is that identity.
    """

    who: Annotated[Name, Positional(), Offers(Offered.PARTICIPANT)] = Field(
        description="Who is meant: identity, display name or @mention"
    )
    exact: Annotated[bool, Internal(of="who")] = Field(False, description="Take WHO for an identity and nothing else")

    async def find_who(self, ctx: Context, room: RoomRef) -> Participant:
        return choose(ctx, await ctx.participants(room), room, self.who, self)


class Pin(RoomPin):
    """The fields of a `PersonCommand` for one identity in one life of a room."""

    who: str
    exact: bool


def pinned(room: RoomRef, identity: str) -> Pin:
    """What a button means."""
    return {**pin(room), "who": identity, "exact": True}


def choose(
    ctx: Context, present: Sequence[Participant], room: RoomRef, who: str, command: RoomCommand, *, field: str = "who"
) -> Participant:
    """Who is meant by an identity, a participant's id, a display name in any case, or a mention in Slack.

    Raises `NotInRoom` where nobody is meant and `NothingHere` where more than one is: those that could be are offered
    as `command` with another `field`, in which one of several may be `who`.
    """
    is_exact = isinstance(command, PersonCommand) and command.exact
    found = _exactly(present, who) if is_exact else meant(present, who, ctx.caller.team_id)
    if len(found) == 1:
        return found[0]
    if found:
        raise NothingHere(
            (f"{len(found)} in ", Code(room.name), " go by the name ", shown(who, ctx.caller.team_id), "."),
            "Say which one, by identity.",
            actions=_offers(found, room, who, command, field),
        )
    what = (shown(who, ctx.caller.team_id), " is not in ", Code(room.name), ".")
    remedy = _who_is_in(present) or "Nobody is; somebody who was may have left a moment ago."
    raise NotInRoom(what, remedy, actions=_offers(_close(present, who), room, who, command, field))


async def has_left(ctx: Context, room: RoomRef, person: Participant) -> CommandError:
    """What to tell the asker when the server did not know somebody who was in the room a moment ago."""
    present = await ctx.participants(room)
    if any(p.identity == person.identity for p in present):
        return CommandError(("The video server was not sure about ", Strong(person.shown_name), "."), "Try again.")
    return NotInRoom(
        (Strong(person.shown_name), " has just left ", Code(room.name), "."), _who_is_in(present) or "Nobody is in it."
    )


def as_identity(who: str, team_id: str) -> str:
    """The identity of somebody who is not in a room: as typed, or that of the person mentioned."""
    mention = _MENTION.fullmatch(who)
    return stable_identity(team_id, mention[1]) if mention else who


def shown(who: str, team_id: str) -> Mark:
    """A mention, or the identity of somebody of the workspace, as that person; another word as it was typed, but for
    a telephone number in it."""
    mention = _MENTION.fullmatch(who)
    user_id = mention[1] if mention else person_of(who, team_id)
    return Code(without_numbers(who)) if user_id is None else Person(user_id)


def meant(present: Sequence[Participant], who: str, team_id: str) -> list[Participant]:
    """All whom `who` fits. An identity is unique, so it comes first, then an id."""
    for exact in (_exactly(present, who), [p for p in present if p.id == who]):
        if exact:
            return exact
    if _MENTION.fullmatch(who):
        own = as_identity(who, team_id)
        return [p for p in present if without_number(p.identity) == own]
    return [p for p in present if who and who.casefold() in (p.name.casefold(), p.identity.casefold())]


def handle(person: Participant) -> str:
    """What buttons and forms mean somebody by. Servers make identities of whole telephone numbers, so there an id."""
    return person.id if person.kind is ParticipantKind.PHONE else person.identity


def shown_identity(person: Participant) -> str:
    """As others may read it."""
    return veiled(person.identity) if person.kind is ParticipantKind.PHONE else person.identity


def _exactly(present: Sequence[Participant], who: str) -> list[Participant]:
    """By identity, else, on the telephone, by id or by as much of the identity as a record keeps: several can have
    that."""
    by_identity = [p for p in present if p.identity == who]
    return by_identity or [p for p in present if p.kind is ParticipantKind.PHONE and who in (p.id, veiled(p.identity))]


def _who_is_in(present: Sequence[Participant]) -> str:
    names = sorted((p.shown_name for p in present if p.is_person), key=in_natural_order)
    return f"In it: {a_few(names, MOST_OFFERED)}." if names else ""


def _close(present: Sequence[Participant], who: str) -> list[Participant]:
    by_word = {word.casefold(): p for p in present for word in (p.identity, p.name) if word}
    close = difflib.get_close_matches(who.casefold(), by_word, n=MOST_OFFERED, cutoff=0.7)
    return list({by_word[word].id: by_word[word] for word in close}.values())


def _offers(people: Sequence[Participant], room: RoomRef, who: str, command: RoomCommand, field: str) -> list[Action]:
    pin = {"room_id": room.id or None, **({"exact": True} if isinstance(command, PersonCommand) else {})}
    given = getattr(command, field)
    return [
        Action(
            shown_identity(p) if p.name in ("", p.identity) else f"{p.name} ({shown_identity(p)})",
            command.model_copy(update={**pin, field: _instead(given, who, handle(p))}),
        )
        for p in people[:MOST_OFFERED]
    ]


def _instead(given: object, who: str, identity: str) -> object:
    """Of several only the one that was not understood is replaced."""
    return tuple(identity if each == who else each for each in given) if isinstance(given, tuple) else identity
