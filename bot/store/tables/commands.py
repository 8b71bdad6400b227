"""What people asked for, and what counts from then on."""

from sqlalchemy import (
    JSON,
    Boolean,
    Column,
    Index,
    Table,
    UniqueConstraint,
    literal_column,
)

from bot.store.tables.columns import Sealed, UtcTime, Words, metadata, partial_index, row_id

attempt = Table(
    "attempt",
    metadata,
    row_id(),
    Column("team_id", Words, nullable=False),
    Column("user_id", Words, nullable=False),
    Column("channel_id", Words, nullable=False),
    Column("thread_ts", Words),
    Column("is_direct", Boolean, nullable=False),
    Column("door", Words, nullable=False),
    Column("path", Words, nullable=False),
    Column("words", Words, nullable=False),
    Column("provider", Words),
    # The room or recording that it is about, by name or id as it was asked for.
    Column("about", Words),
    # What else it turned out to be about: the room of a recording, or the room that somebody was taken to.
    Column("also_about", Words),
    # What finds the lines of the log that belong to it.
    Column("request_id", Words),
    # The process that saw to it.
    Column("replica", Words),
    # Gone when the asker was answered.
    Column("response_url", Sealed),
    # The message that asked aloud, and is answered under.
    Column("under", Words),
    # What the request is known by, so that one that comes again is not done again.
    Column("delivery", Words),
    # The button that was pressed and by whom, as a digest, and when, by Slack's clock: so that a double click is one.
    Column("press", Words),
    Column("pressed_at", UtcTime),
    Column("reference", Words),
    Column("outcome", Words),
    Column("detail", Words),
    Column("opened_at", UtcTime, nullable=False),
    Column("closed_at", UtcTime),
    # Null: the asker does not know how it ended.
    Column("answered_at", UtcTime),
    sqlite_autoincrement=True,
)
partial_index("ix_attempt_unanswered", attempt.c.id, where=attempt.c.answered_at.is_(None))
Index("ix_attempt_delivery", attempt.c.team_id, attempt.c.delivery, unique=True)
partial_index("ix_attempt_press", attempt.c.press, attempt.c.pressed_at, where=attempt.c.press.is_not(None))
Index("ix_attempt_user", attempt.c.team_id, attempt.c.user_id, attempt.c.id)
Index("ix_attempt_about", attempt.c.team_id, attempt.c.about, attempt.c.id)
Index("ix_attempt_also_about", attempt.c.team_id, attempt.c.also_about, attempt.c.id)
partial_index(
    "ix_attempt_failed",
    attempt.c.team_id,
    attempt.c.id,
    where=attempt.c.outcome.in_([literal_column(f"'{word}'") for word in ("failed", "refused", "unknown")]),
)
Index("ix_attempt_opened", attempt.c.team_id, attempt.c.opened_at)

pending_action = Table(
    "pending_action",
    metadata,
    Column("token", Words, primary_key=True),
    Column("team_id", Words, nullable=False),
    # Whose press counts; anybody's of the team where it is null.
    Column("user_id", Words),
    # Emptied when the action is used.
    Column("payload", Sealed, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
    Column("used_at", UtcTime),
    # The press that used it: see `attempt.press`.
    Column("press", Words),
)

draft = Table(
    "draft",
    metadata,
    Column("key", Words, primary_key=True),
    Column("team_id", Words, nullable=False),
    # What people type may be secret.
    Column("payload", Sealed, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

setting = Table(
    "setting",
    metadata,
    Column("team_id", Words, primary_key=True),
    Column("channel_id", Words, primary_key=True),
    Column("key", Words, primary_key=True),
    Column("value", Words, nullable=False),
    Column("set_by", Words, nullable=False),
    Column("set_at", UtcTime, nullable=False),
)

role_grant = Table(
    "role_grant",
    metadata,
    row_id(),
    Column("team_id", Words, nullable=False),
    # A person, a user group or a channel, by Slack's id.
    Column("kind", Words, nullable=False),
    Column("subject", Words, nullable=False),
    Column("role", Words, nullable=False),
    # On one video server; empty for all of them.
    Column("provider", Words, nullable=False),
    Column("until", UtcTime),
    Column("granted_by", Words, nullable=False),
    Column("granted_at", UtcTime, nullable=False),
    UniqueConstraint("team_id", "kind", "subject", "provider"),
    sqlite_autoincrement=True,
)

keep_out = Table(
    "keep_out",
    metadata,
    Column("team_id", Words, primary_key=True),
    Column("provider", Words, primary_key=True),
    Column("room", Words, primary_key=True),
    Column("identity", Words, primary_key=True),
    Column("until", UtcTime, nullable=False),
    Column("said_by", Words, nullable=False),
    # The server's ids of those who were in the room then, as JSON.
    Column("stays", JSON, nullable=False),
    # The channel of the private room that it was said of, and holds for; null for rooms that everybody sees.
    Column("private_to", Words),
)

reserved_name = Table(
    "reserved_name",
    metadata,
    Column("team_id", Words, primary_key=True),
    Column("provider", Words, primary_key=True),
    Column("kind", Words, primary_key=True),
    # Of the room, or of the room that is recorded.
    Column("name", Words, primary_key=True),
    # What comes up by that name before `until` is private to this channel and this person.
    Column("channel_id", Words, nullable=False),
    Column("made_by", Words),
    Column("until", UtcTime, nullable=False),
)
