"""What is changed of a trunk or a rule."""

from dataclasses import fields
from typing import Any

from commands.core.reply import Text, parts
from providers.base import RuleChanges, TrunkChanges

Facts = tuple[tuple[str, Text], ...]


def named(changes: TrunkChanges | RuleChanges) -> dict[str, Any]:
    """What is said, by name."""
    values = {each.name: getattr(changes, each.name) for each in fields(changes)}
    return {name: value for name, value in values.items() if value is not None}


def differences(before: Facts, after: Facts, *, replaced: dict[str, bool]) -> Facts:
    """What is otherwise than it was, each from what to what. `replaced`: whether something was, of which no fact tells
    what it is."""
    was, now = dict(before), dict(after)
    told: list[tuple[str, Text]] = [
        (label, (*_value(was, label), " → ", *_value(now, label)))
        for label in dict.fromkeys([*was, *now])
        if was.get(label) != now.get(label)
    ]
    return (
        *told,
        *((label, "replaced") for label, is_new in replaced.items() if is_new and was.get(label) == now.get(label)),
    )


def _value(facts: dict[str, Text], label: str) -> Text:
    return parts(facts.get(label) or "none")
