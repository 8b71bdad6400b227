"""Trunks and rules by LiveKit's SIP service: records in Redis, which need no service that telephones.

Every answer has the passwords in clear. Nothing tells when a record was made, so lists are in the order of the ids.
"""

import asyncio
from collections.abc import Collection
from dataclasses import fields, replace
from datetime import timedelta
from typing import TypeVar

from livekit.api import (
    CreateSIPDispatchRuleRequest,
    CreateSIPInboundTrunkRequest,
    CreateSIPOutboundTrunkRequest,
    DeleteSIPDispatchRuleRequest,
    DeleteSIPTrunkRequest,
    ListSIPDispatchRuleRequest,
    ListSIPInboundTrunkRequest,
    ListSIPOutboundTrunkRequest,
    LiveKitAPI,
    SIPDispatchRuleInfo,
    SIPInboundTrunkInfo,
)
from pydantic import SecretStr

from providers.base import (
    Rule,
    RuleChanges,
    RuleOptions,
    RuleRef,
    Trunk,
    TrunkChanges,
    TrunkDirection,
    TrunkOptions,
    TrunkRef,
)
from providers.errors import Conflict, Malformed
from providers.livekit import sip_mapping
from providers.livekit.backend import LiveKitBackend
from providers.livekit.client import DEADLINE
from providers.livekit.settings import LiveKitSettings
from providers.livekit.sip_mapping import TrunkMessage
from providers.sip_rules import rule_problem, trunk_problem, trunks_share_calls

T = TypeVar("T", Trunk, Rule)


class Trunks(LiveKitBackend):
    """Our own changes go one by one; another program's, made in between, is lost."""

    def __init__(self, name: str, settings: LiveKitSettings, *, deadline: timedelta = DEADLINE) -> None:
        super().__init__(name, settings, deadline=deadline)
        self._changing = asyncio.Lock()

    async def create_trunk(self, options: TrunkOptions) -> Trunk:
        """Only trunks that calls come in by may not share a number."""
        self._require_fit(trunk_problem(options), "create_trunk")
        made = await self._client.write(
            "create_trunk", lambda api: _create(api, sip_mapping.new_trunk(options)), secrets=_secrets(options.password)
        )
        return sip_mapping.trunk(made, provider=self.name)

    async def list_trunks(self) -> list[Trunk]:
        """Those that calls come in by first."""
        return [sip_mapping.trunk(message, provider=self.name) for message in await self._trunks("list_trunks")]

    async def update_trunk(self, trunk: TrunkRef, changes: TrunkChanges) -> Trunk:
        async with self._changing:
            message = await self._trunk("update_trunk", trunk)
            whole = _changed(sip_mapping.trunk(message, provider=self.name), changes)
            self._require_fit(trunk_problem(whole), "update_trunk")
            await self._require_own_calls("update_trunk", whole)
            written = await self._client.write(
                "update_trunk",
                lambda api: _replace(api, sip_mapping.changed_trunk(message, changes)),
                secrets=_secrets(whole.password),
            )
        return sip_mapping.trunk(written, provider=self.name)

    async def delete_trunk(self, trunk: TrunkRef) -> None:
        """LiveKit says nothing of one that is not there, so we look before. Rules keep the ids of those that go."""
        async with self._changing:
            await self._trunk("delete_trunk", trunk)
            await self._client.write(
                "delete_trunk", lambda api: api.sip.delete_trunk(DeleteSIPTrunkRequest(sip_trunk_id=trunk.id))
            )

    async def create_rule(self, options: RuleOptions) -> Rule:
        """LiveKit does not ask whether its trunks are there."""
        self._require_fit(rule_problem(options), "create_rule")
        made = await self._client.write(
            "create_rule",
            lambda api: api.sip.create_dispatch_rule(
                CreateSIPDispatchRuleRequest(dispatch_rule=sip_mapping.new_rule(options))
            ),
            secrets=_secrets(options.pin),
        )
        return self._known(made, "create_rule")

    async def list_rules(self) -> list[Rule]:
        """Without those of a kind of a later server."""
        rules = (sip_mapping.rule(message, provider=self.name) for message in await self._rules("list_rules"))
        return [rule for rule in rules if rule is not None]

    async def update_rule(self, rule: RuleRef, changes: RuleChanges) -> Rule:
        async with self._changing:
            message = await self._rule("update_rule", rule)
            whole = _changed(self._known(message, "update_rule"), changes)
            self._require_fit(rule_problem(whole), "update_rule")
            written = await self._client.write(
                "update_rule",
                lambda api: api.sip.update_dispatch_rule(rule.id, sip_mapping.changed_rule(message, whole)),
                secrets=_secrets(whole.pin),
            )
        return self._known(written, "update_rule")

    async def delete_rule(self, rule: RuleRef) -> None:
        await self._client.write(
            "delete_rule",
            lambda api: api.sip.delete_dispatch_rule(DeleteSIPDispatchRuleRequest(sip_dispatch_rule_id=rule.id)),
        )

    async def _require_own_calls(self, operation: str, whole: Trunk) -> None:
        """Of two trunks for the same calls livekit-server 1.13.5 takes none, and it does not compare a changed one with
        the others where it has other numbers alone than before."""
        if whole.direction is not TrunkDirection.INBOUND:
            return
        others = [sip_mapping.trunk(message, provider=self.name) for message in await self._trunks(operation)]
        if any(other.ref != whole.ref and trunks_share_calls(whole, other) for other in others):
            raise Conflict("another trunk has this number", provider=self.name, operation=operation)

    async def _trunks(self, operation: str, ids: Collection[str] = ()) -> list[TrunkMessage]:
        came_in = await self._client.read(
            operation, lambda api: api.sip.list_inbound_trunk(ListSIPInboundTrunkRequest(trunk_ids=list(ids)))
        )
        went_out = await self._client.read(
            operation, lambda api: api.sip.list_outbound_trunk(ListSIPOutboundTrunkRequest(trunk_ids=list(ids)))
        )
        return [*came_in.items, *went_out.items]

    async def _trunk(self, operation: str, trunk: TrunkRef) -> TrunkMessage:
        for message in await self._trunks(operation, [trunk.id]):
            if message.sip_trunk_id == trunk.id:
                return message
        raise self._missing(f"no trunk {trunk.id}", operation)

    async def _rules(self, operation: str, ids: Collection[str] = ()) -> list[SIPDispatchRuleInfo]:
        answer = await self._client.read(
            operation,
            lambda api: api.sip.list_dispatch_rule(ListSIPDispatchRuleRequest(dispatch_rule_ids=list(ids))),
        )
        return list(answer.items)

    async def _rule(self, operation: str, rule: RuleRef) -> SIPDispatchRuleInfo:
        for message in await self._rules(operation, [rule.id]):
            if message.sip_dispatch_rule_id == rule.id:
                return message
        raise self._missing(f"no rule {rule.id}", operation)

    def _known(self, message: SIPDispatchRuleInfo, operation: str) -> Rule:
        rule = sip_mapping.rule(message, provider=self.name)
        if rule is None:
            raise Malformed("a rule of an unknown kind", provider=self.name, operation=operation)
        return rule


async def _create(api: LiveKitAPI, message: TrunkMessage) -> TrunkMessage:
    if isinstance(message, SIPInboundTrunkInfo):
        return await api.sip.create_inbound_trunk(CreateSIPInboundTrunkRequest(trunk=message))
    return await api.sip.create_outbound_trunk(CreateSIPOutboundTrunkRequest(trunk=message))


async def _replace(api: LiveKitAPI, message: TrunkMessage) -> TrunkMessage:
    if isinstance(message, SIPInboundTrunkInfo):
        return await api.sip.update_inbound_trunk(message.sip_trunk_id, message)
    return await api.sip.update_outbound_trunk(message.sip_trunk_id, message)


def _changed(value: T, changes: TrunkChanges | RuleChanges) -> T:
    named = {field.name: getattr(changes, field.name) for field in fields(changes)}
    return replace(value, **{name: wanted for name, wanted in named.items() if wanted is not None})


def _secrets(secret: SecretStr | None) -> Collection[str]:
    return [secret.get_secret_value()] if secret is not None and secret.get_secret_value() else []
