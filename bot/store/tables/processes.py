"""Who uses the database."""

from sqlalchemy import (
    BigInteger,
    Column,
    Table,
)

from bot.store.tables.columns import Sealed, UtcTime, Words, metadata

replica = Table(
    "replica",
    metadata,
    Column("id", Words, primary_key=True),
    Column("team_id", Words, nullable=False),
    # Since when it has been there without a gap.
    Column("started_at", UtcTime, nullable=False),
    # When it last said that it is alive.
    Column("seen_at", UtcTime, nullable=False),
)

lease = Table(
    "lease",
    metadata,
    Column("name", Words, primary_key=True),
    Column("team_id", Words, nullable=False),
    # Grows whenever somebody takes it: who writes with an older one has lost it.
    Column("token", BigInteger, nullable=False),
    Column("claim", Words),
    Column("lease_until", UtcTime),
    # When the work is due again.
    Column("next_at", UtcTime, nullable=False),
)

identity = Table(
    "identity",
    metadata,
    Column("team_id", Words, primary_key=True),
    Column("team_name", Words, nullable=False),
    Column("url", Words, nullable=False),
    Column("bot_user_id", Words, nullable=False),
    Column("bot_id", Words, nullable=False),
    Column("kept_at", UtcTime, nullable=False),
    # A word that everybody knows: who cannot open it has another key than the database.
    Column("key_proof", Sealed),
)
