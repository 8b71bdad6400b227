"""All commands by path, found by importing the noun modules that lie directly in `commands/`."""

import importlib
import pkgutil
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import MappingProxyType

import commands
from commands.core.base import Command

Path = tuple[str, ...]

NOUN_ALIASES = MappingProxyType(
    {"session": "room", "connection": "participant", "archive": "recording", "broadcast": "stream"}
)
"""The vendors' words for our nouns, understood when typed."""

SWITCHES: Mapping[Path, tuple[Path, str]] = MappingProxyType(
    {
        ("ingress", "enable"): (("ingress", "update"), "--enabled"),
        ("ingress", "disable"): (("ingress", "update"), "--no-enabled"),
    }
)
"""What people type for a command with a switch: suggested when typed."""


class DuplicatePath(Exception):
    """Two commands claim one path."""


class Commands(Mapping[Path, type[Command]]):
    """Commands by path, in alphabetical order. `spellings` has the aliases too: every way to name one."""

    def __init__(self, types: Iterable[type[Command]]) -> None:
        """Raises `DuplicatePath`."""
        self.spellings: dict[Path, type[Command]] = {}
        self._by_path: dict[Path, type[Command]] = {}
        for command in sorted(types, key=lambda c: c.spec.path):
            self._by_path[command.spec.path] = command
            for path in (command.spec.path, *command.spec.aliases):
                if (other := self.spellings.setdefault(path, command)) is not command:
                    raise DuplicatePath(f"{' '.join(path)}: {other.__name__} and {command.__name__}")

    def __getitem__(self, path: Path) -> type[Command]:
        return self._by_path[path]

    def __iter__(self) -> Iterator[Path]:
        return iter(self._by_path)

    def __len__(self) -> int:
        return len(self._by_path)


@cache
def all_commands() -> Commands:
    """Import every noun module once and freeze the table. A base class without a path of its own is no command."""
    for module in pkgutil.iter_modules(commands.__path__):
        if not module.ispkg:
            importlib.import_module(f"commands.{module.name}")
    return Commands(command for command in _subclasses(Command) if "spec" in vars(command))


def _subclasses(base: type[Command]) -> Iterator[type[Command]]:
    for child in base.__subclasses__():
        if child.__module__.startswith("commands."):
            yield child
        yield from _subclasses(child)
