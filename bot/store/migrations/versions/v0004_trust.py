"""Roles that are granted, what is private, several processes on one database, and an audit that can be searched."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

_CLAIMED = ("card", "note", "closure")


def upgrade() -> None:
    _add_columns()
    _make_tables()
    for column, index in (("user_id", "user"), ("about", "about"), ("also_about", "also_about")):
        op.create_index(f"ix_attempt_{index}", "attempt", ["team_id", column, "id"])
    _index_what_is_pruned()
    is_press = sa.text("press IS NOT NULL")
    op.create_index(
        "ix_attempt_press", "attempt", ["press", "pressed_at"], sqlite_where=is_press, postgresql_where=is_press
    )
    failed = sa.text("outcome IN ('failed', 'refused', 'unknown')")
    op.create_index("ix_attempt_failed", "attempt", ["team_id", "id"], sqlite_where=failed, postgresql_where=failed)
    # Slack's ids of conversations with the bot begin with D: what was made there so far is private from now on.
    op.execute(sa.text("UPDATE thing SET is_private = :yes WHERE channel_id LIKE 'D%'").bindparams(yes=True))


def _index_what_is_pruned() -> None:
    op.create_index("ix_inbox_received", "inbox", ["received_at"])
    op.create_index("ix_inbox_heard", "inbox", ["provider", "source", "id"])
    op.create_index("ix_attempt_opened", "attempt", ["team_id", "opened_at"])
    partial = (
        ("ix_inbox_whole", "inbox", "folded_at", sa.column("has_body", sa.Boolean()).is_(True)),
        ("ix_thing_ended", "thing", "seen_at", sa.column("terminal", sa.Boolean()).is_(True)),
    )
    for name, table, column, where in partial:
        op.create_index(name, table, [column], sqlite_where=where, postgresql_where=where)


def _add_columns() -> None:
    op.add_column("inbox", sa.Column("is_private", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("inbox", sa.Column("has_body", sa.Boolean(), server_default=sa.true(), nullable=False))
    op.add_column("thing", sa.Column("is_private", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column("thing", sa.Column("room_id", sa.Text()))
    for table in _CLAIMED:
        op.add_column(table, sa.Column("claim", sa.Text()))
        op.add_column(table, sa.Column("lease_until", sa.BigInteger()))
    op.add_column("inbox", sa.Column("replica", sa.Text()))
    op.add_column("pending_action", sa.Column("press", sa.Text()))
    op.add_column("keep_out", sa.Column("private_to", sa.Text()))
    op.add_column("card", sa.Column("untold_since", sa.BigInteger()))
    for name in ("about", "also_about", "request_id", "replica", "press"):
        op.add_column("attempt", sa.Column(name, sa.Text()))
    op.add_column("attempt", sa.Column("pressed_at", sa.BigInteger()))
    op.add_column("identity", sa.Column("key_proof", sa.LargeBinary()))


def _make_tables() -> None:
    op.create_table(
        "role_grant",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("team_id", "kind", "subject", "role", "provider")),
        sa.Column("until", sa.BigInteger()),
        sa.Column("granted_by", sa.Text(), nullable=False),
        sa.Column("granted_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_role_grant"),
        sa.UniqueConstraint(
            "team_id", "kind", "subject", "provider", name="uq_role_grant_team_id_kind_subject_provider"
        ),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "reserved_name",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("team_id", "provider", "kind", "name", "channel_id")),
        sa.Column("made_by", sa.Text()),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "provider", "kind", "name", name="pk_reserved_name"),
    )
    op.create_table(
        "draft",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_draft"),
    )
    op.create_table(
        "replica",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("started_at", sa.BigInteger(), nullable=False),
        sa.Column("seen_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_replica"),
    )
