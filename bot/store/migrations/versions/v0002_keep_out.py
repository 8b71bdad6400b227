"""Who is kept out of which room. Times are whole microseconds since the epoch in UTC."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "keep_out",
        sa.Column("team_id", sa.Text(), nullable=False),
        sa.Column("provider", sa.Text(), nullable=False),
        sa.Column("room", sa.Text(), nullable=False),
        sa.Column("identity", sa.Text(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("said_by", sa.Text(), nullable=False),
        sa.Column("stays", sa.JSON(), nullable=False),
        sa.PrimaryKeyConstraint("team_id", "provider", "room", "identity", name="pk_keep_out"),
    )
