"""By which ways calls come to the in-memory server and leave it, and what its rules do with those that come."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

from providers.base import (
    Limits,
    Rule,
    RuleChanges,
    RuleOptions,
    RuleRef,
    Trunk,
    TrunkChanges,
    TrunkOptions,
    TrunkRef,
)
from providers.errors import Conflict, NotFound
from providers.facts import Fact
from providers.memory.lives import new_id
from providers.memory.rooms import Rooms
from providers.memory.settings import MemorySettings
from providers.sip_rules import rule_problem, rules_share_calls, trunk_problem, trunks_share_calls


class Trunks(Rooms):
    """What LiveKit refuses of them, this server does too."""

    def __init__(self, name: str, settings: MemorySettings, limits: Limits, tell: Callable[[Fact], None]) -> None:
        super().__init__(name, settings, limits, tell)
        self._trunks: dict[str, Trunk] = {}
        self._rules: dict[str, Rule] = {}

    def create_trunk(self, options: TrunkOptions) -> Trunk:
        return self._keep_trunk(Trunk(TrunkRef(self.name, new_id("ST")), **_values(options)))

    def list_trunks(self) -> list[Trunk]:
        return [*self._trunks.values()]

    def update_trunk(self, trunk_id: str, changes: TrunkChanges) -> Trunk:
        return self._keep_trunk(replace(self._trunk(trunk_id), **_values(changes)))

    def delete_trunk(self, trunk_id: str) -> None:
        del self._trunks[self._trunk(trunk_id).ref.id]

    def create_rule(self, options: RuleOptions) -> Rule:
        return self._keep_rule(Rule(RuleRef(self.name, new_id("SDR")), **_values(options)))

    def list_rules(self) -> list[Rule]:
        return [*self._rules.values()]

    def update_rule(self, rule_id: str, changes: RuleChanges) -> Rule:
        return self._keep_rule(replace(self._rule(rule_id), **_values(changes)))

    def delete_rule(self, rule_id: str) -> None:
        del self._rules[self._rule(rule_id).ref.id]

    def _trunk(self, trunk_id: str) -> Trunk:
        try:
            return self._trunks[trunk_id]
        except KeyError:
            raise NotFound(f"there is no {trunk_id}", provider=self.name) from None

    def _rule(self, rule_id: str) -> Rule:
        try:
            return self._rules[rule_id]
        except KeyError:
            raise NotFound(f"there is no {rule_id}", provider=self.name) from None

    def _keep_trunk(self, trunk: Trunk) -> Trunk:
        self._require_fit(trunk_problem(trunk))
        others = [other for id, other in self._trunks.items() if id != trunk.ref.id]
        if any(trunks_share_calls(trunk, other) for other in others):
            raise Conflict("another trunk has this number", provider=self.name)
        self._trunks[trunk.ref.id] = trunk = replace(trunk, password=trunk.password or None)
        return trunk

    def _keep_rule(self, rule: Rule) -> Rule:
        self._require_fit(rule_problem(rule))
        self._require_fit(self._limits.room_name_problem(rule.room) if rule.room else None)
        others = [other for id, other in self._rules.items() if id != rule.ref.id]
        if any(rules_share_calls(rule, other) for other in others):
            raise Conflict("another rule is about these calls", provider=self.name)
        self._rules[rule.ref.id] = rule = replace(rule, pin=rule.pin or None)
        return rule


def _values(asked: TrunkOptions | TrunkChanges | RuleOptions | RuleChanges) -> dict[str, Any]:
    """What is said, by name."""
    return {each.name: value for each in fields(asked) if (value := getattr(asked, each.name)) is not None}
