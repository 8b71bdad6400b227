"""The first tables. Times are whole microseconds since the epoch in UTC."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    _inbox()
    _thing()
    _card()
    _note()
    _subscription()
    _attempt()
    _pending_action()
    _setting()
    _identity()


def _inbox() -> None:
    op.create_table(
        "inbox",
        _number("id"),
        _text("team_id"),
        _text("provider"),
        _text("event_key"),
        _text("kind"),
        _text("source"),
        _time("received_at"),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _text("channel_id", nullable=True),
        _text("user_id", nullable=True),
        _time("folded_at", nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        _text("error", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_inbox"),
        sa.UniqueConstraint("provider", "event_key", name="uq_inbox_provider_event_key"),
        sqlite_autoincrement=True,
    )
    _partial_index("ix_inbox_unfolded", "inbox", ["id"], sa.text("folded_at IS NULL"))


def _thing() -> None:
    op.create_table(
        "thing",
        _number("id"),
        _text("team_id"),
        _text("provider"),
        _text("kind"),
        _text("server_id"),
        _text("name"),
        _text("channel_id", nullable=True),
        _text("made_by", nullable=True),
        _text("status"),
        sa.Column("terminal", sa.Boolean(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        _time("seen_at"),
        _text("state"),
        sa.PrimaryKeyConstraint("id", name="pk_thing"),
        sa.UniqueConstraint("provider", "kind", "server_id", name="uq_thing_provider_kind_server_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_thing_name", "thing", ["provider", "kind", "name"])
    _partial_index("ix_thing_live", "thing", ["provider", "kind"], sa.not_(sa.column("terminal", sa.Boolean())))


def _card() -> None:
    op.create_table(
        "card",
        _number("id"),
        _text("team_id"),
        _number("thing_id"),
        _text("channel_id"),
        _text("ts", nullable=True),
        sa.Column("wanted", sa.BigInteger(), nullable=False),
        sa.Column("delivered", sa.BigInteger(), nullable=False),
        _text("hash", nullable=True),
        sa.Column("generation", sa.Integer(), nullable=False),
        _text("post_key", nullable=True),
        _time("dirty_at"),
        _number("digest_id", nullable=True),
        _text("blocked", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_card"),
        sa.UniqueConstraint("thing_id", "team_id", "channel_id", name="uq_card_thing_id_team_id_channel_id"),
        sa.ForeignKeyConstraint(["thing_id"], ["thing.id"], name="fk_card_thing_id", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    dirty = sa.text("wanted > delivered AND blocked IS NULL")
    _partial_index("ix_card_dirty", "card", ["team_id", "channel_id", "dirty_at"], dirty)


def _note() -> None:
    op.create_table(
        "note",
        _number("id"),
        _text("team_id"),
        _number("card_id"),
        _number("inbox_id"),
        _text("kind"),
        sa.Column("broadcast", sa.Boolean(), nullable=False),
        _text("ts", nullable=True),
        _text("post_key", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_note"),
        sa.UniqueConstraint("card_id", "inbox_id", "kind", name="uq_note_card_id_inbox_id_kind"),
        sa.ForeignKeyConstraint(["card_id"], ["card.id"], name="fk_note_card_id", ondelete="CASCADE"),
        sa.ForeignKeyConstraint(["inbox_id"], ["inbox.id"], name="fk_note_inbox_id", ondelete="CASCADE"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_note_inbox", "note", ["inbox_id"])
    _partial_index("ix_note_due", "note", ["id"], sa.text("ts IS NULL"))


def _subscription() -> None:
    op.create_table(
        "subscription",
        _number("id"),
        _text("team_id"),
        _text("channel_id", nullable=True),
        _text("user_id", nullable=True),
        _text("provider", nullable=True),
        _text("kinds"),
        _text("room_glob"),
        _text("severity", nullable=True),
        _time("muted_until", nullable=True),
        _text("created_by"),
        _time("created_at"),
        sa.PrimaryKeyConstraint("id", name="pk_subscription"),
        sa.CheckConstraint("channel_id IS NOT NULL OR user_id IS NOT NULL", name="ck_subscription_addressed"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_subscription_channel", "subscription", ["team_id", "channel_id"])


def _attempt() -> None:
    op.create_table(
        "attempt",
        _number("id"),
        _text("team_id"),
        _text("user_id"),
        _text("channel_id"),
        _text("thread_ts", nullable=True),
        sa.Column("is_direct", sa.Boolean(), nullable=False),
        _text("door"),
        _text("path"),
        _text("words"),
        _text("provider", nullable=True),
        sa.Column("response_url", sa.LargeBinary()),
        _text("reference", nullable=True),
        _text("outcome", nullable=True),
        _text("detail", nullable=True),
        _time("opened_at"),
        _time("closed_at", nullable=True),
        _time("answered_at", nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_attempt"),
        sqlite_autoincrement=True,
    )
    _partial_index("ix_attempt_unanswered", "attempt", ["id"], sa.text("answered_at IS NULL"))


def _pending_action() -> None:
    op.create_table(
        "pending_action",
        _text("token"),
        _text("team_id"),
        _text("user_id", nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        _time("created_at"),
        _time("expires_at"),
        _time("used_at", nullable=True),
        sa.PrimaryKeyConstraint("token", name="pk_pending_action"),
    )


def _setting() -> None:
    op.create_table(
        "setting",
        _text("team_id"),
        _text("channel_id"),
        _text("key"),
        _text("value"),
        _text("set_by"),
        _time("set_at"),
        sa.PrimaryKeyConstraint("team_id", "channel_id", "key", name="pk_setting"),
    )


def _identity() -> None:
    op.create_table(
        "identity",
        _text("team_id"),
        _text("team_name"),
        _text("url"),
        _text("bot_user_id"),
        _text("bot_id"),
        _time("kept_at"),
        sa.PrimaryKeyConstraint("team_id", name="pk_identity"),
    )


def _number(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _text(name: str, nullable: bool = False) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=nullable)


def _time(name: str, nullable: bool = False) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=nullable)


def _partial_index(name: str, table: str, columns: list[str], where: Any) -> None:
    op.create_index(name, table, columns, sqlite_where=where, postgresql_where=where)
