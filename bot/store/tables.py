"""The tables. Every row has a `team_id`: for what a webhook told us, the team that owns the provider.

Work is a row whose wish and fact differ: a card with `wanted > delivered`, an inbox row without `folded_at`. Whoever
sees a difference removes it, so a crash or a doubled wake-up needs no code of its own. `version`, `wanted`,
`delivered` and `generation` only grow.
"""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    and_,
    not_,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class UtcTime(TypeDecorator[datetime]):
    """An aware datetime, kept as whole microseconds since the epoch in UTC. A naive one is refused."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a stored time must be aware")
        return (value - _EPOCH) // _MICROSECOND

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        return None if value is None else _EPOCH + value * _MICROSECOND


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
    }
)

_ID = BigInteger().with_variant(Integer, "sqlite")


def _id() -> Column[int]:
    """A row's number. Never used again after a deletion, as buttons in old messages hold it."""
    return Column("id", _ID, primary_key=True, autoincrement=True)


def _index(name: str, *columns: Column[Any], where: ColumnElement[bool]) -> None:
    """An index over the open work only, so that a start costs what is open and not what was ever done."""
    Index(name, *columns, sqlite_where=where, postgresql_where=where)


inbox = Table(
    "inbox",
    metadata,
    _id(),
    Column("team_id", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("event_key", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # Of a fact from a command: who made the thing, and the channel or thread that wants a card.
    Column("channel_id", Text),
    Column("thread_ts", Text),
    Column("user_id", Text),
    Column("folded_at", UtcTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Text),
    UniqueConstraint("provider", "event_key"),
    sqlite_autoincrement=True,
)
_index("ix_inbox_unfolded", inbox.c.id, where=inbox.c.folded_at.is_(None))

thing = Table(
    "thing",
    metadata,
    _id(),
    Column("team_id", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("server_id", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("channel_id", Text),
    Column("made_by", Text),
    Column("status", Text, nullable=False),
    Column("terminal", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("state", Text, nullable=False),
    UniqueConstraint("provider", "kind", "server_id"),
    sqlite_autoincrement=True,
)
Index("ix_thing_name", thing.c.provider, thing.c.kind, thing.c.name)
_index("ix_thing_live", thing.c.provider, thing.c.kind, where=not_(thing.c.terminal))

card = Table(
    "card",
    metadata,
    _id(),
    Column("team_id", Text, nullable=False),
    Column("thing_id", _ID, ForeignKey("thing.id", ondelete="CASCADE"), nullable=False),
    Column("channel_id", Text, nullable=False),
    # The thread that the card stands in; null where its message starts one of its own.
    Column("thread_ts", Text),
    Column("ts", Text),
    Column("wanted", BigInteger, nullable=False),
    Column("delivered", BigInteger, nullable=False),
    Column("hash", Text),
    Column("generation", Integer, nullable=False),
    Column("post_key", Text),
    Column("dirty_at", UtcTime, nullable=False),
    # The thing that is the digest page, while this card is shown there only.
    Column("digest_id", _ID),
    Column("blocked", Text),
    UniqueConstraint("thing_id", "team_id", "channel_id"),
    sqlite_autoincrement=True,
)
_index(
    "ix_card_dirty",
    card.c.team_id,
    card.c.channel_id,
    card.c.dirty_at,
    where=and_(card.c.wanted > card.c.delivered, card.c.blocked.is_(None)),
)
Index("ix_card_ts", card.c.channel_id, card.c.ts)
Index("ix_card_thread", card.c.channel_id, card.c.thread_ts)

note = Table(
    "note",
    metadata,
    _id(),
    Column("team_id", Text, nullable=False),
    Column("card_id", _ID, ForeignKey("card.id", ondelete="CASCADE"), nullable=False),
    Column("inbox_id", _ID, ForeignKey("inbox.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Text, nullable=False),
    Column("broadcast", Boolean, nullable=False),
    Column("ts", Text),
    Column("post_key", Text),
    UniqueConstraint("card_id", "inbox_id", "kind"),
    sqlite_autoincrement=True,
)
Index("ix_note_inbox", note.c.inbox_id)
_index("ix_note_due", note.c.id, where=note.c.ts.is_(None))

subscription = Table(
    "subscription",
    metadata,
    _id(),
    Column("team_id", Text, nullable=False),
    # A channel's subscription, or one that a person gets in a direct message.
    Column("channel_id", Text),
    Column("user_id", Text),
    Column("provider", Text),
    # Kinds in order, comma-separated; empty for all.
    Column("kinds", Text, nullable=False),
    Column("room_glob", Text, nullable=False),
    Column("severity", Text),
    Column("muted_until", UtcTime),
    Column("created_by", Text, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("channel_id IS NOT NULL OR user_id IS NOT NULL", name="addressed"),
    sqlite_autoincrement=True,
)
Index("ix_subscription_channel", subscription.c.team_id, subscription.c.channel_id)

attempt = Table(
    "attempt",
    metadata,
    _id(),
    Column("team_id", Text, nullable=False),
    Column("user_id", Text, nullable=False),
    Column("channel_id", Text, nullable=False),
    Column("thread_ts", Text),
    Column("is_direct", Boolean, nullable=False),
    Column("door", Text, nullable=False),
    Column("path", Text, nullable=False),
    Column("words", Text, nullable=False),
    Column("provider", Text),
    # Sealed; gone when the asker was answered.
    Column("response_url", LargeBinary),
    # The message that asked aloud, and is answered under.
    Column("under", Text),
    # What the request is known by, so that one that comes again is not done again.
    Column("delivery", Text),
    Column("reference", Text),
    Column("outcome", Text),
    Column("detail", Text),
    Column("opened_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    # Null: the asker does not know how it ended.
    Column("answered_at", UtcTime),
    sqlite_autoincrement=True,
)
_index("ix_attempt_unanswered", attempt.c.id, where=attempt.c.answered_at.is_(None))
Index("ix_attempt_delivery", attempt.c.team_id, attempt.c.delivery, unique=True)

pending_action = Table(
    "pending_action",
    metadata,
    Column("token", Text, primary_key=True),
    Column("team_id", Text, nullable=False),
    # Whose press counts; anybody's of the team where it is null.
    Column("user_id", Text),
    # Sealed; emptied when the action is used.
    Column("payload", LargeBinary, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
)

setting = Table(
    "setting",
    metadata,
    Column("team_id", Text, primary_key=True),
    Column("channel_id", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("value", Text, nullable=False),
    Column("set_by", Text, nullable=False),
    Column("set_at", UtcTime, nullable=False),
)

keep_out = Table(
    "keep_out",
    metadata,
    Column("team_id", Text, primary_key=True),
    Column("provider", Text, primary_key=True),
    Column("room", Text, primary_key=True),
    Column("identity", Text, primary_key=True),
    Column("until", UtcTime, nullable=False),
    Column("said_by", Text, nullable=False),
    # The server's ids of those who were in the room then, as JSON.
    Column("stays", JSON, nullable=False),
)

closure = Table(
    "closure",
    metadata,
    Column("team_id", Text, primary_key=True),
    Column("channel_id", Text, primary_key=True),
    Column("user_id", Text, primary_key=True),
    # Slack's code for why nothing can be posted there.
    Column("reason", Text, primary_key=True),
    Column("found_at", UtcTime, nullable=False),
    # Null: the person does not know yet.
    Column("told_at", UtcTime),
)

identity = Table(
    "identity",
    metadata,
    Column("team_id", Text, primary_key=True),
    Column("team_name", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("bot_user_id", Text, nullable=False),
    Column("bot_id", Text, nullable=False),
    Column("kept_at", UtcTime, nullable=False),
)
