"""Rules for calls that come in, in words."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from commands.core.errors import Problem
from commands.core.phone_numbers import twice_problem
from commands.core.reply import Code, Mark, Strong, Text
from commands.core.sip_trunks import trunk_name
from commands.core.words import joined
from providers.base import Limits, Rule, RuleKind, Trunk

_ENDS_UP: Final[Mapping[RuleKind, tuple[str, str]]] = {
    RuleKind.DIRECT: ("in ", ""),
    RuleKind.INDIVIDUAL: ("each in a room of its own, called ", "…"),
    RuleKind.CALLEE: ("in a room for each number of yours, called ", "…"),
}


def rule_name(rule: Rule) -> str:
    """What people call it."""
    return rule.name or rule.room


def where(kind: RuleKind, room: str) -> Sequence[str | Mark]:
    """`in standup`, `each in a room of its own, called call-…`: where its calls end up."""
    before, after = _ENDS_UP[kind]
    return (before, Strong(f"{room}{after}"))


def room_problems(room: str, limits: Limits) -> list[Problem]:
    """`room` is a name, or what names begin with."""
    problem = limits.room_name_problem(room)
    return [Problem(problem, "room")] if problem else []


def list_problems(trunk: Collection[str] | None, caller: Collection[str] | None) -> list[Problem]:
    return [*twice_problem("trunk", trunk), *twice_problem("caller", caller)]


def rule_facts(rule: Rule, trunks: Collection[Trunk]) -> tuple[tuple[str, Text], ...]:
    """All but the PIN and the metadata, of which it is only said whether there are any. `trunks` are all there are."""
    facts: list[tuple[str, Text]] = [
        ("Id", (Code(rule.ref.id),)),
        ("Calls end up", where(rule.kind, rule.room)),
        ("By", by_trunks(rule, trunks)),
        ("From", joined([(Code(number),) for number in rule.callers], ", ") or "anybody"),
        ("PIN", "asked for" if rule.pin else ""),
        ("Numbers", "hidden from the others in the room" if rule.hides_number else ""),
        ("Metadata", "set" if rule.metadata else ""),
    ]
    return tuple((label, value) for label, value in facts if value)


def by_trunks(rule: Rule, trunks: Collection[Trunk]) -> Text:
    names = {trunk.ref.id: trunk_name(trunk) for trunk in trunks}
    said = [(Strong(names[id]),) if id in names else (Code(id), " (gone)") for id in rule.trunks]
    return joined(said, ", ") or "any trunk"
