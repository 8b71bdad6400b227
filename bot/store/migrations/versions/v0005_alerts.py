"""Alerts that hold: pace and digests of channels, planned stops, mutes, who follows what, and who reconciles."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.add_column("card", sa.Column("changed_at", sa.BigInteger()))
    op.add_column("card", sa.Column("asked_at", sa.BigInteger()))
    op.add_column("note", sa.Column("severity", sa.Text()))
    _index_where("ix_card_digest", "card", "digest_id", "digest_id IS NOT NULL")
    is_live = sa.and_(sa.column("room_id").is_not(None), sa.not_(sa.column("terminal", sa.Boolean())))
    op.create_index(
        "ix_thing_of_room", "thing", ["provider", "room_id"], sqlite_where=is_live, postgresql_where=is_live
    )
    is_page = sa.and_(sa.text("kind = 'digest'"), sa.not_(sa.column("terminal", sa.Boolean())))
    op.create_index("ix_thing_page", "thing", ["team_id", "channel_id"], sqlite_where=is_page, postgresql_where=is_page)
    _index_where("ix_thing_lost", "thing", "provider kind", "status = 'lost'")
    _make_follow()
    _make_mute()
    _make_pace()
    _make_timer()
    _make_lease()


def _index_where(name: str, table: str, columns: str, where: str) -> None:
    op.create_index(name, table, columns.split(), sqlite_where=sa.text(where), postgresql_where=sa.text(where))


def _words(*names: str) -> list[sa.Column[str]]:
    return [sa.Column(name, sa.Text(), nullable=False) for name in names]


def _times(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, sa.BigInteger(), nullable=False) for name in names]


def _make_follow() -> None:
    op.create_table(
        "follow",
        *_words("team_id", "user_id"),
        sa.Column("thing_id", _ID, nullable=False),
        *_words("channel_id"),
        *_times("since"),
        sa.PrimaryKeyConstraint("user_id", "thing_id", name="pk_follow"),
        sa.ForeignKeyConstraint(["thing_id"], ["thing.id"], name="fk_follow_thing_id", ondelete="CASCADE"),
    )
    op.create_index("ix_follow_thing", "follow", ["thing_id"])


def _make_mute() -> None:
    op.create_table(
        "mute",
        sa.Column("id", _ID, nullable=False),
        *_words("team_id", "channel_id"),
        sa.Column("provider", sa.Text()),
        *_words("kinds", "room_glob"),
        *_times("until"),
        *_words("said_by"),
        sa.PrimaryKeyConstraint("id", name="pk_mute"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_mute_until", "mute", ["until"])


def _make_pace() -> None:
    op.create_table(
        "pace",
        *_words("team_id", "key"),
        *_times("next_at"),
        sa.Column("paused_until", sa.BigInteger()),
        sa.Column("digest_since", sa.BigInteger()),
        sa.Column("claim", sa.Text()),
        sa.Column("lease_until", sa.BigInteger()),
        sa.PrimaryKeyConstraint("team_id", "key", name="pk_pace"),
    )


def _make_timer() -> None:
    op.create_table(
        "timer",
        sa.Column("id", _ID, nullable=False),
        *_words("team_id", "provider", "kind", "server_id", "name"),
        *_times("due_at"),
        sa.Column("warn_at", sa.BigInteger()),
        *_times("visible_at"),
        sa.Column("rev", sa.Integer(), nullable=False),
        *_words("state", "said_by"),
        sa.Column("claim", sa.Text()),
        sa.Column("ended_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("id", name="pk_timer"),
        sa.UniqueConstraint("provider", "kind", "server_id", name="uq_timer_provider_kind_server_id"),
        sqlite_autoincrement=True,
    )
    _index_where("ix_timer_visible", "timer", "visible_at", "ended_at IS NULL")


def _make_lease() -> None:
    op.create_table(
        "lease",
        *_words("name", "team_id"),
        *_times("token"),
        sa.Column("claim", sa.Text()),
        sa.Column("lease_until", sa.BigInteger()),
        *_times("next_at"),
        sa.PrimaryKeyConstraint("name", name="pk_lease"),
    )
