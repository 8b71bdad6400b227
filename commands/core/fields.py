"""A command's fields as grammar, help and forms see them."""

from collections.abc import Iterable, Mapping
from types import NoneType, UnionType
from typing import Any, Final, Literal, Union, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from commands.core.base import Command, Internal, Offered, Offers, RoomName, WorkspacePerson, has, marks
from commands.core.errors import Problem

_PEOPLE: Final = frozenset({Offered.PARTICIPANT, Offered.GRANTEE})
_WHO: Final = frozenset({"who", "identity"})
"""Fields that no form can offer people for: who was kept out is in no room, and who gets a token not yet."""


def field_type(info: FieldInfo) -> Any:
    """The type without `None`."""
    return _without_none(info.annotation)


def _without_none(annotation: Any) -> Any:
    if get_origin(annotation) in (Union, UnionType):
        kept = [arg for arg in get_args(annotation) if arg is not NoneType]
        return _bare(kept[0]) if len(kept) == 1 else annotation
    return _bare(annotation)


def _bare(annotation: Any) -> Any:
    """Without `Annotated`."""
    return annotation.__origin__ if hasattr(annotation, "__metadata__") else annotation


def is_flag(info: FieldInfo) -> bool:
    return field_type(info) is bool


def is_tristate(info: FieldInfo) -> bool:
    """A flag that may be left open: yes, no, or nothing said."""
    return is_flag(info) and NoneType in get_args(info.annotation)


def is_pairs(info: FieldInfo) -> bool:
    return get_origin(field_type(info)) is Mapping


def is_many(info: FieldInfo) -> bool:
    """Given several times: a tuple, or pairs."""
    return get_origin(field_type(info)) is tuple or is_pairs(info)


def choices(info: FieldInfo) -> tuple[str, ...]:
    """Of a field that is one of some words, or several of them; empty for any other."""
    kind = field_type(info)
    one = get_args(kind)[0] if get_origin(kind) is tuple else kind
    return tuple(str(choice) for choice in get_args(one)) if get_origin(one) is Literal else ()


def is_hidden(info: FieldInfo) -> bool:
    return has(info, Internal)


def names_people(model: type[Command], name: str) -> bool:
    """`name` is what others see of the person whom another field names; elsewhere it is a room's or a server's."""
    info = model.model_fields[name]
    offered = any(mark.what in _PEOPLE for mark in marks(info, Offers))
    is_shown = name == "name" and not _WHO.isdisjoint(model.model_fields)
    return offered or is_shown or name in _WHO or has(info, WorkspacePerson)


def names_room(model: type[Command], name: str) -> bool:
    info = model.model_fields[name]
    return has(info, RoomName) or any(mark.what is Offered.ROOM for mark in marks(info, Offers))


def held_secrets(given: Mapping[str, object], model: type[Command]) -> list[str]:
    """The fields of a secret's type that hold something."""
    return [name for name, value in given.items() if value and name in model.model_fields and is_secret(model, name)]


def is_secret(model: type[Command], name: str) -> bool:
    return holds_secret(model.model_fields[name])


def holds_secret(info: FieldInfo) -> bool:
    """Whether it is a secret, or several."""
    kind = field_type(info)
    return kind is SecretStr or (get_origin(kind) is tuple and SecretStr in map(_bare, get_args(kind)))


def known_as(name: str) -> str:
    """A field's name as people know it: `except_` is `except`, a word that Python keeps for itself."""
    return name.rstrip("_")


def option(name: str) -> str:
    return "--" + known_as(name).replace("_", "-")


def label(model: type[Command], name: str | None) -> str:
    """How a field is written in usage: `NAME` for a positional one, `--ttl` for an option."""
    if name is None:
        return " ".join(model.spec.path)
    return known_as(name).upper() if name in model.positionals() else option(name)


def labelled(model: type[Command], problems: Iterable[Problem]) -> list[Problem]:
    """In a line of text each problem says which field it means; a form shows it there."""
    return [Problem(f"{label(model, p.field)}: {p.text}", p.field) if p.field else p for p in problems]
