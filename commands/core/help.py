"""Help, made from the models: what one can ask for, one noun, one command."""

from collections.abc import Iterable
from datetime import timedelta
from typing import get_args

from pydantic.fields import FieldInfo

from commands.core.base import Advanced, Command, Needs, Positional, has, marks
from commands.core.dispatch import cannot, examples, missing
from commands.core.fields import field_type, is_flag, is_hidden, is_many, is_pairs, is_tristate, known_as, label, option
from commands.core.registry import NOUN_ALIASES, Commands, Path
from commands.core.reply import Code, Item, Reply, Strong, Text
from commands.core.types import spell_duration
from providers.base import Provider


def overall(commands: Commands, provider: Provider, slash: str) -> Reply:
    """One line for each noun, so that it fits one screen."""
    possible = _possible(commands.values(), provider)
    nouns: dict[str, list[type[Command]]] = {}
    for command in possible:
        nouns.setdefault(command.spec.path[0], []).append(command)
    return Reply(
        text=("What you can ask for. ", Code(f"{slash} help room create"), " shows one command in full."),
        items=tuple(_noun_line(noun, found, slash) for noun, found in nouns.items()),
        hint=_left_out(len(commands) - len(possible), provider),
    )


def of(topic: Path, commands: Commands, provider: Provider, slash: str) -> Reply | None:
    """Help on a path or the beginning of one, however it is typed; None where there is nothing of that name."""
    topic = (NOUN_ALIASES.get(topic[0], topic[0]), *topic[1:])
    if command := commands.spellings.get(topic):
        return _of_command(command, provider, slash)
    found = [c for path, c in commands.items() if path[: len(topic)] == topic]
    if not found:
        return None
    possible = _possible(found, provider)
    return Reply(
        text=("What you can do with ", Strong(" ".join(topic)), ":"),
        items=tuple(Item(title=(Code(_usage(c, provider, slash)),), detail=c.summary()) for c in possible),
        hint=_left_out(len(found) - len(possible), provider),
    )


def _of_command(command: type[Command], provider: Provider, slash: str) -> Reply:
    fields = sorted(command.model_fields.items(), key=lambda named: (named[0] == "provider", has(named[1], Advanced)))
    facts: list[tuple[str, Text]] = [
        (_labels(command, name), _explained(info)) for name, info in fields if _is_shown(info, provider)
    ]
    role = f"For people with the role {command.spec.role}."
    absent = missing(command, provider)
    return Reply(
        text=(Strong(" ".join(command.spec.path)), ": ", command.summary()),
        facts=(("Usage", (Code(_usage(command, provider, slash)),)), *facts),
        items=tuple(Item(title=(Code(f"{slash} {line}"),)) for line in examples(command, provider)),
        hint=(role, " ", *cannot(provider, absent[0])) if absent else role,
    )


def _labels(command: type[Command], name: str) -> str:
    """What may be left open has a word for yes and one for no."""
    shown = label(command, name)
    return f"{shown}, {option(f'no_{name}')}" if is_tristate(command.model_fields[name]) else shown


def _explained(info: FieldInfo) -> str:
    """What the field is, what can be chosen, and what it is when it is left out."""
    words, default = info.description or "", info.get_default(call_default_factory=True)
    kind = field_type(info)
    choices = get_args(get_args(kind)[0] if is_many(info) and not is_pairs(info) else kind)
    if choices and all(isinstance(choice, str) for choice in choices):
        words += f": {', '.join(choices)}"
    if not info.is_required() and isinstance(default, str | timedelta) and default:
        words += f" ({spell_duration(default) if isinstance(default, timedelta) else default} by default)"
    return words


def _usage(command: type[Command], provider: Provider, slash: str) -> str:
    """`/video room create NAME [--ttl TTL]`, the rarely wanted left out."""
    words = [slash, *command.spec.path]
    for name, info in command.model_fields.items():
        if name == "provider" or has(info, Advanced) or not _is_shown(info, provider):
            continue
        shown = label(command, name)
        if not has(info, Positional) and not is_flag(info):
            shown = f"{shown} {known_as(name).upper()}"
        shown += "..." if is_many(info) else ""
        optional = not info.is_required() or (name == command.room_field() and command.room_may_be_left_out())
        words.append(f"[{shown}]" if optional else shown)
    return " ".join(words)


def _is_shown(info: FieldInfo, provider: Provider) -> bool:
    return not is_hidden(info) and all(need.capability in provider.capabilities for need in marks(info, Needs))


def _noun_line(noun: str, found: list[type[Command]], slash: str) -> Item:
    if len(found) == 1 and found[0].spec.path == (noun,):
        return Item(title=(Code(f"{slash} {noun}"),), detail=found[0].summary())
    verbs = ", ".join(" ".join(c.spec.path[1:]) for c in found)
    return Item(title=(Code(f"{slash} {noun}"),), detail=verbs)


def _possible(commands: Iterable[type[Command]], provider: Provider) -> list[type[Command]]:
    return [c for c in commands if not missing(c, provider)]


def _left_out(count: int, provider: Provider) -> str:
    if not count:
        return ""
    return f"{provider.name} cannot do everything: {count} {'command is' if count == 1 else 'commands are'} left out."
