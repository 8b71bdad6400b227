"""A line of the record without one person: only the values of fields that name people give way.

A word that somebody is called by is many a room's name, and a command's. What the record says was done stays readable.
"""

import re
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Final

from commands.core.errors import HelpWanted, UsageError
from commands.core.fields import names_people
from commands.core.identity import FORGOTTEN
from commands.core.parsing import Here, parse
from commands.core.registry import all_commands
from commands.core.spelling import spell

_WHOLE_WORD: Final = r'(?<![^\s="])(?<!--provider )(?<!--provider=)(?:{})(?![^\s"])'


@dataclass(frozen=True, slots=True)
class Unnamed:
    """A line without them, and the words of it that name something else and so are to be left in what it led to.

    `names_people`: whether it says somebody at all.
    """

    words: str
    others: frozenset[str]
    names_people: bool


@dataclass(frozen=True, slots=True)
class Names:
    """What somebody goes by. `is_meant` knows their identities and their mention, `called` are display names.

    `unique` takes out of a text what can mean nobody else, such as the workspace's id of them.
    """

    identity: str
    is_meant: Callable[[str], bool]
    called: Collection[str]
    unique: Callable[[str], str]


def unnamed(words: str, path: str, provider: str | None, names: Names) -> Unnamed:
    """`words` as `spell` wrote them; those that this version does not read lose whole words after the path."""
    try:
        command = parse(words, all_commands(), Here(provider or ""))
    except (UsageError, HelpWanted):
        return Unnamed(_without_words(words, path, names), frozenset(), names_people=False)
    fields = {name: value for name in type(command).model_fields if (value := getattr(command, name))}
    people = {name for name in type(command).model_fields if names_people(type(command), name)}
    changed = {
        name: now
        for name, value in fields.items()
        if (now := _blank(value, names) if name in people else _each(value, names.unique)) != value
    }
    others = [text for name, value in fields.items() if name not in people for text in _texts(value)]
    line = spell(command.model_copy(update=changed), redacted=True) if changed else words
    return Unnamed(line, frozenset(map(str.casefold, others)), names_people=not people.isdisjoint(fields))


def _blank(value: object, names: Names) -> object:
    called = {name.casefold() for name in names.called}

    def without(text: str) -> str:
        is_them = names.is_meant(text.removeprefix("@")) or text.casefold() in called
        return FORGOTTEN if is_them else names.unique(text)

    return _each(value, without)


def _each(value: object, change: Callable[[str], str]) -> object:
    match value:
        case str():
            return change(value)
        case tuple():
            return tuple(_each(entry, change) for entry in value)
        case _:
            return value


def _texts(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case tuple():
            return [text for entry in value for text in _texts(entry)]
        case _:
            return []


def _without_words(words: str, path: str, names: Names) -> str:
    head = path if words.startswith(path) else ""
    whole = re.compile(_WHOLE_WORD.format(re.escape(names.identity)))
    return head + names.unique(whole.sub(FORGOTTEN, words[len(head) :]))
