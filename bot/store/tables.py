"""The tables. Every row has a `team_id`: for what a webhook told us, the team that owns the provider.

Work is a row whose wish and fact differ: a card with `wanted > delivered`, an inbox row without `folded_at`. Whoever
sees a difference removes it, so a crash or a doubled wake-up needs no code of its own. `version`, `wanted`,
`delivered` and `generation` only grow.
"""

import re
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
    false,
    literal_column,
    not_,
    true,
)

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_UNTAKEN = re.compile("[\x00\ud800-\udfff]")


class Words(TypeDecorator[str]):
    """Text. What no database takes becomes the sign for what cannot be shown: a NUL, and half of a surrogate pair. JSON
    can spell both."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Dialect) -> str | None:
        return None if value is None else _UNTAKEN.sub("\ufffd", value)


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


class Sealed(TypeDecorator[bytes]):
    """What `SecretBox` sealed; empty for nothing. A column of this type is sealed anew when the keys are changed."""

    impl = LargeBinary
    cache_ok = True


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
    Column("team_id", Words, nullable=False),
    Column("provider", Words, nullable=False),
    Column("event_key", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("source", Words, nullable=False),
    Column("received_at", UtcTime, nullable=False),
    Column("body", LargeBinary, nullable=False),
    # Of a fact from a command: who made the thing, and the channel or thread that wants a card.
    Column("channel_id", Words),
    Column("thread_ts", Words),
    Column("user_id", Words),
    # It was made where not everybody may look.
    Column("is_private", Boolean, nullable=False, server_default=false()),
    # The process that took it in, and folds it.
    Column("replica", Words),
    Column("folded_at", UtcTime),
    # False once `body` is kept no more, and holds no facts.
    Column("has_body", Boolean, nullable=False, server_default=true()),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("error", Words),
    UniqueConstraint("provider", "event_key"),
    sqlite_autoincrement=True,
)
_index("ix_inbox_unfolded", inbox.c.id, where=inbox.c.folded_at.is_(None))
_index("ix_inbox_whole", inbox.c.folded_at, where=inbox.c.has_body.is_(True))
Index("ix_inbox_received", inbox.c.received_at)
Index("ix_inbox_heard", inbox.c.provider, inbox.c.source, inbox.c.id)

thing = Table(
    "thing",
    metadata,
    _id(),
    Column("team_id", Words, nullable=False),
    Column("provider", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("server_id", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("channel_id", Words),
    Column("made_by", Words),
    # Seen in its channel alone, by whoever made it and by admins.
    Column("is_private", Boolean, nullable=False, server_default=false()),
    # Of a recording: the server's id of the room's life.
    Column("room_id", Words),
    Column("status", Words, nullable=False),
    Column("terminal", Boolean, nullable=False),
    Column("version", BigInteger, nullable=False),
    Column("seen_at", UtcTime, nullable=False),
    Column("state", Words, nullable=False),
    UniqueConstraint("provider", "kind", "server_id"),
    sqlite_autoincrement=True,
)
Index("ix_thing_name", thing.c.provider, thing.c.kind, thing.c.name)
_index("ix_thing_live", thing.c.provider, thing.c.kind, where=not_(thing.c.terminal))
_is_of_room = and_(thing.c.room_id.is_not(None), not_(thing.c.terminal))
_index("ix_thing_of_room", thing.c.provider, thing.c.room_id, where=_is_of_room)
_index("ix_thing_ended", thing.c.seen_at, where=thing.c.terminal.is_(True))
_index("ix_thing_lost", thing.c.provider, thing.c.kind, where=thing.c.status == literal_column("'lost'"))

card = Table(
    "card",
    metadata,
    _id(),
    Column("team_id", Words, nullable=False),
    Column("thing_id", _ID, ForeignKey("thing.id", ondelete="CASCADE"), nullable=False),
    Column("channel_id", Words, nullable=False),
    # The thread that the card stands in; null where its message starts one of its own.
    Column("thread_ts", Words),
    Column("ts", Words),
    Column("wanted", BigInteger, nullable=False),
    Column("delivered", BigInteger, nullable=False),
    Column("hash", Words),
    Column("generation", Integer, nullable=False),
    Column("post_key", Words),
    Column("dirty_at", UtcTime, nullable=False),
    # Since when Slack shows less than is known; null where it shows all. `dirty_at` is a place in a queue, and moves.
    Column("untold_since", UtcTime),
    # The thing that is the digest page which shows it, while that does.
    Column("digest_id", _ID),
    # When there was last something to draw: how much happens in a channel is counted by it.
    Column("changed_at", UtcTime),
    Column("blocked", Words),
    # Who delivers it at this moment, and until when nobody else does.
    Column("claim", Words),
    Column("lease_until", UtcTime),
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
_index("ix_card_digest", card.c.digest_id, where=card.c.digest_id.is_not(None))

note = Table(
    "note",
    metadata,
    _id(),
    Column("team_id", Words, nullable=False),
    Column("card_id", _ID, ForeignKey("card.id", ondelete="CASCADE"), nullable=False),
    Column("inbox_id", _ID, ForeignKey("inbox.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Words, nullable=False),
    Column("broadcast", Boolean, nullable=False),
    Column("ts", Words),
    Column("post_key", Words),
    # Who delivers it at this moment, and until when nobody else does.
    Column("claim", Words),
    Column("lease_until", UtcTime),
    UniqueConstraint("card_id", "inbox_id", "kind"),
    sqlite_autoincrement=True,
)
Index("ix_note_inbox", note.c.inbox_id)
_index("ix_note_due", note.c.id, where=note.c.ts.is_(None))

subscription = Table(
    "subscription",
    metadata,
    _id(),
    Column("team_id", Words, nullable=False),
    Column("channel_id", Words),
    # Unused: whom one thing is told of stands in `follow`.
    Column("user_id", Words),
    Column("provider", Words),
    # Kinds in order, comma-separated; empty for all.
    Column("kinds", Words, nullable=False),
    Column("room_glob", Words, nullable=False),
    # The least that it tells of; null for all.
    Column("severity", Words),
    # Unused: what is muted stands in `mute`, as a channel can mute what it did not subscribe to.
    Column("muted_until", UtcTime),
    Column("created_by", Words, nullable=False),
    Column("created_at", UtcTime, nullable=False),
    CheckConstraint("channel_id IS NOT NULL OR user_id IS NOT NULL", name="addressed"),
    sqlite_autoincrement=True,
)
Index("ix_subscription_channel", subscription.c.team_id, subscription.c.channel_id)

follow = Table(
    "follow",
    metadata,
    Column("team_id", Words, nullable=False),
    # Who is told of it in their conversation with the bot.
    Column("user_id", Words, primary_key=True),
    Column("thing_id", _ID, ForeignKey("thing.id", ondelete="CASCADE"), primary_key=True),
    # That conversation, by Slack's id.
    Column("channel_id", Words, nullable=False),
    Column("since", UtcTime, nullable=False),
)
Index("ix_follow_thing", follow.c.thing_id)

mute = Table(
    "mute",
    metadata,
    _id(),
    Column("team_id", Words, nullable=False),
    Column("channel_id", Words, nullable=False),
    Column("provider", Words),
    # As in `subscription`.
    Column("kinds", Words, nullable=False),
    Column("room_glob", Words, nullable=False),
    Column("until", UtcTime, nullable=False),
    Column("said_by", Words, nullable=False),
    sqlite_autoincrement=True,
)
Index("ix_mute_until", mute.c.until)

pace = Table(
    "pace",
    metadata,
    Column("team_id", Words, primary_key=True),
    # What Slack counts: a channel's posts, by its id, or a method over the whole workspace, by its name.
    Column("key", Words, primary_key=True),
    # When the next call would be due, were all calls evenly spread; a burst may run ahead of it.
    Column("next_at", UtcTime, nullable=False),
    # Slack said to wait until then.
    Column("paused_until", UtcTime),
    # Of a channel: since when what happens there is shown on digest pages; null while each thing has its own message.
    Column("digest_since", UtcTime),
    # Who makes a call of it at this moment, and until when nobody else does.
    Column("claim", Words),
    Column("lease_until", UtcTime),
)

timer = Table(
    "timer",
    metadata,
    _id(),
    Column("team_id", Words, nullable=False),
    # What is to be stopped: one life of it.
    Column("provider", Words, nullable=False),
    Column("kind", Words, nullable=False),
    Column("server_id", Words, nullable=False),
    Column("name", Words, nullable=False),
    Column("due_at", UtcTime, nullable=False),
    # Null once people were warned.
    Column("warn_at", UtcTime),
    # When somebody is to look at it: the warning, the stop, or the end of the lease of whoever sees to it.
    Column("visible_at", UtcTime, nullable=False),
    Column("rev", Integer, nullable=False),
    # `waiting`, `firing`, `done` or `cancelled`.
    Column("state", Words, nullable=False),
    Column("said_by", Words, nullable=False),
    Column("claim", Words),
    Column("ended_at", UtcTime),
    UniqueConstraint("provider", "kind", "server_id"),
    sqlite_autoincrement=True,
)
_index("ix_timer_visible", timer.c.visible_at, where=timer.c.ended_at.is_(None))

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

attempt = Table(
    "attempt",
    metadata,
    _id(),
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
_index("ix_attempt_unanswered", attempt.c.id, where=attempt.c.answered_at.is_(None))
Index("ix_attempt_delivery", attempt.c.team_id, attempt.c.delivery, unique=True)
_index("ix_attempt_press", attempt.c.press, attempt.c.pressed_at, where=attempt.c.press.is_not(None))
Index("ix_attempt_user", attempt.c.team_id, attempt.c.user_id, attempt.c.id)
Index("ix_attempt_about", attempt.c.team_id, attempt.c.about, attempt.c.id)
Index("ix_attempt_also_about", attempt.c.team_id, attempt.c.also_about, attempt.c.id)
_index(
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

closure = Table(
    "closure",
    metadata,
    Column("team_id", Words, primary_key=True),
    Column("channel_id", Words, primary_key=True),
    Column("user_id", Words, primary_key=True),
    # Slack's code for why nothing can be posted there.
    Column("reason", Words, primary_key=True),
    Column("found_at", UtcTime, nullable=False),
    # Null: the person does not know yet.
    Column("told_at", UtcTime),
    # Who delivers it at this moment, and until when nobody else does.
    Column("claim", Words),
    Column("lease_until", UtcTime),
)

role_grant = Table(
    "role_grant",
    metadata,
    _id(),
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

draft = Table(
    "draft",
    metadata,
    Column("key", Words, primary_key=True),
    Column("team_id", Words, nullable=False),
    # What people type may be secret.
    Column("payload", Sealed, nullable=False),
    Column("expires_at", UtcTime, nullable=False),
)

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
