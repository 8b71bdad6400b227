"""The tables. Every row has a `team_id`: for what a webhook told us, the team that owns the provider.

Work is a row whose wish and fact differ: a card with `wanted > delivered`, an inbox row without `folded_at`. Whoever
sees a difference removes it, so a crash or a doubled wake-up needs no code of its own. `version`, `wanted`,
`delivered` and `generation` only grow.
"""

from bot.store.tables.alerts import (
    card,
    closure,
    egress_request,
    follow,
    inbox,
    mute,
    note,
    pace,
    subscription,
    thing,
    timer,
)
from bot.store.tables.columns import Sealed, UtcTime, Words, metadata
from bot.store.tables.commands import (
    attempt,
    draft,
    keep_out,
    pending_action,
    reserved_name,
    role_grant,
    setting,
)
from bot.store.tables.processes import (
    identity,
    lease,
    replica,
)

__all__ = [
    "Sealed",
    "UtcTime",
    "Words",
    "attempt",
    "card",
    "closure",
    "draft",
    "egress_request",
    "follow",
    "identity",
    "inbox",
    "keep_out",
    "lease",
    "metadata",
    "mute",
    "note",
    "pace",
    "pending_action",
    "replica",
    "reserved_name",
    "role_grant",
    "setting",
    "subscription",
    "thing",
    "timer",
]
