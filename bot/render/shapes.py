"""How the rules of a payload are written: small checks that combine into the shape of a whole object.

A rule takes a value and where it stands, and yields one sentence for each thing that is wrong with it.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

_ENTITY = re.compile(r"&(?:amp|lt|gt);")


class Surface(StrEnum):
    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


def length(text: str) -> int:
    """The length that the limits are about."""
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def cut(text: str, limit: int) -> str:
    """`text`, or as much of it as fits in `limit` with an ellipsis. An escaped `&amp;` stays whole or goes."""
    if length(text) <= limit:
        return text
    end = min(len(text), limit - 1)
    while length(text[:end]) > limit - 1:
        end -= 1
    for entity in _ENTITY.finditer(text, max(0, end - len("&amp;"))):
        if entity.start() < end < entity.end():
            end = entity.start()
    return text[: max(end, 0)] + "…"


@dataclass(frozen=True, slots=True)
class At:
    """Where in the payload a rule looks."""

    path: str
    surface: Surface

    def key(self, name: str) -> "At":
        return replace(self, path=f"{self.path}.{name}")

    def item(self, index: int) -> "At":
        return replace(self, path=f"{self.path}[{index}]")


Rule = Callable[[object, At], Iterator[str]]
EVERYWHERE = frozenset(Surface)


def string(most: int, least: int = 1, pattern: str = "") -> Rule:
    def check(value: object, at: At) -> Iterator[str]:
        if not isinstance(value, str):
            yield f"{at.path}: must be a string"
        elif not least <= length(value) <= most:
            yield f"{at.path}: {length(value)} characters, must be {least} to {most}"
        elif pattern and not re.fullmatch(pattern, value):
            yield f"{at.path}: {value!r} has the wrong form"

    return check


def number(least: float, most: float) -> Rule:
    def check(value: object, at: At) -> Iterator[str]:
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            yield f"{at.path}: must be a number from {least} to {most}"

    return check


def flag(value: object, at: At) -> Iterator[str]:
    if not isinstance(value, bool):
        yield f"{at.path}: must be true or false"


def word(*words: str) -> Rule:
    def check(value: object, at: At) -> Iterator[str]:
        if value not in words:
            yield f"{at.path}: {value!r} is none of {', '.join(words)}"

    return check


def many(rule: Rule, most: int, least: int = 1) -> Rule:
    def check(value: object, at: At) -> Iterator[str]:
        if not isinstance(value, list | tuple):
            yield f"{at.path}: must be a list"
            return
        if not least <= len(value) <= most:
            yield f"{at.path}: {len(value)} items, must be {least} to {most}"
        for index, item in enumerate(value):
            yield from rule(item, at.item(index))

    return check


class Shape:
    """An object: its keys, which of them are required, and groups of which exactly (or at least) one is."""

    def __init__(
        self,
        keys: Mapping[str, Rule],
        required: str = "",
        *,
        exactly_one: str = "",
        at_least_one: str = "",
        surfaces: frozenset[Surface] = EVERYWHERE,
    ) -> None:
        self.keys = keys
        self.required = required.split()
        self.exactly_one = exactly_one.split()
        self.at_least_one = at_least_one.split()
        self.surfaces = surfaces

    def __call__(self, value: object, at: At) -> Iterator[str]:
        if not isinstance(value, Mapping):
            yield f"{at.path}: must be an object"
            return
        yield from (f"{at.path}.{key}: required" for key in self.required if key not in value)
        if self.exactly_one and sum(key in value for key in self.exactly_one) != 1:
            yield f"{at.path}: needs exactly one of {', '.join(self.exactly_one)}"
        if self.at_least_one and not any(key in value for key in self.at_least_one):
            yield f"{at.path}: needs {' or '.join(self.at_least_one)}"
        for key, inner in value.items():
            if key in self.keys:
                yield from self.keys[key](inner, at.key(key))
            else:
                yield f"{at.path}.{key}: unknown key"


def typed(what: str, shapes: Mapping[str, Shape]) -> Rule:
    """An object that says by its `type` which of several shapes it has."""

    def check(value: object, at: At) -> Iterator[str]:
        kind = value.get("type") if isinstance(value, Mapping) else None
        shape = shapes.get(kind) if isinstance(kind, str) else None
        if shape is None or not isinstance(value, Mapping):
            yield f"{at.path}: unknown {what} type {kind!r}"
            return
        if at.surface not in shape.surfaces:
            yield f"{at.path}: {kind} is not allowed in a {at.surface}"
        yield from shape({key: inner for key, inner in value.items() if key != "type"}, at)

    return check
