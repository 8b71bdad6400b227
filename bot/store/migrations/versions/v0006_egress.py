"""Recordings and streams that can be done again: what was asked for, sealed."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.create_table(
        "egress_request",
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("team_id", "provider", "egress_id")),
        sa.Column("room_id", sa.Text()),
        sa.Column("room_name", sa.Text()),
        sa.Column("options", sa.LargeBinary(), nullable=False),
        *(sa.Column(name, sa.Text(), nullable=False) for name in ("said_by", "first_id")),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("kept_at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "provider", "egress_id", name="pk_egress_request"),
    )
    op.create_index("ix_egress_request_first", "egress_request", ["provider", "first_id"])
    op.create_index("ix_egress_request_kept", "egress_request", ["kept_at"])
