"""From a command back to the line that says it: the exact inverse of `parsing.parse`."""

from collections.abc import Collection, Mapping
from datetime import timedelta

from pydantic import SecretStr

from commands.core.base import Command, Private, has
from commands.core.fields import names_people, names_room, option
from commands.core.phone_numbers import without_numbers
from commands.core.repeating import repeated
from commands.core.tokens import quote
from commands.core.types import REDACTED, spell_duration


def spell(command: Command, *, redacted: bool = False, without: Collection[str] = ()) -> str:
    """The line that `parse` reads as this command.

    `redacted` hides what is secret or private, for audit and logs, and the telephone numbers that people, and the
    rooms of callers, are called by.

    `without` leaves options out of a line for people to read and type, where the channel lends them anyway.
    """
    fields = type(command).model_fields
    words = [*command.spec.path]
    stood_in_for = _stood_in_for(command)
    in_order = True
    for name in type(command).positionals():
        value = _shown(command, name, redacted)
        if value is None or value == () or (name == stood_in_for and value == ""):
            in_order = False
        elif in_order:
            words += [quote(text) for text in _texts(value, redacted)]
        else:
            words += _as_option(name, value, redacted)
    for name in fields:
        if name not in (*type(command).positionals(), *without) and name in command.changed_fields():
            words += _as_option(name, _shown(command, name, redacted), redacted)
    return " ".join(words)


def _stood_in_for(command: Command) -> str | None:
    """The field of the room, where something else takes its place."""
    return type(command).room_field() if type(command).instead_of_room in command.changed_fields() else None


def _shown(command: Command, name: str, redacted: bool) -> object:
    """The value of a field. Of private pairs the keys are kept, so that the line still reads back."""
    value = getattr(command, name)
    if value is None or not redacted:
        return value
    if has(type(command).model_fields[name], Private):
        return dict.fromkeys(value, REDACTED) if isinstance(value, Mapping) else REDACTED
    if type(command).may_meet_keys and isinstance(value, str):
        value = repeated(value)
    may_have_numbers = names_people(type(command), name) or names_room(type(command), name)
    return _without_numbers(value) if may_have_numbers else value


def _without_numbers(value: object) -> object:
    match value:
        case str():
            return without_numbers(value)
        case tuple():
            return tuple(_without_numbers(entry) for entry in value)
        case _:
            return value


def _as_option(name: str, value: object, redacted: bool) -> list[str]:
    if value is True:
        return [option(name)]
    if value is False:
        return [option("no_" + name)]
    return [word for text in _texts(value, redacted) for word in (option(name), quote(text))]


def _texts(value: object, redacted: bool) -> list[str]:
    """The words that make up a value, before quoting."""
    match value:
        case SecretStr():
            return [REDACTED if redacted else value.get_secret_value()]
        case tuple():
            return [text for entry in value for text in _texts(entry, redacted)]
        case Mapping():
            return [f"{key}={text}" for key, text in value.items()]
        case timedelta():
            return [spell_duration(value)]
        case _:
            return [str(value)]
