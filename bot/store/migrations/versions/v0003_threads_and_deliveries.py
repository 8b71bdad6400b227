"""Cards that stand in threads, requests that are done once even when they come again after a restart, and channels
where the bot cannot post."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("inbox", sa.Column("thread_ts", sa.Text()))
    op.add_column("card", sa.Column("thread_ts", sa.Text()))
    op.create_index("ix_card_ts", "card", ["channel_id", "ts"])
    op.create_index("ix_card_thread", "card", ["channel_id", "thread_ts"])
    op.add_column("attempt", sa.Column("under", sa.Text()))
    op.add_column("attempt", sa.Column("delivery", sa.Text()))
    op.create_index("ix_attempt_delivery", "attempt", ["team_id", "delivery"], unique=True)
    op.create_table(
        "closure",
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("channel_id", sa.Text(), nullable=False),
        sa.Column("user_id", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("found_at", sa.BigInteger(), nullable=False),
        sa.Column("told_at", sa.BigInteger()),
        sa.PrimaryKeyConstraint("team_id", "channel_id", "user_id", "reason", name="pk_closure"),
    )
