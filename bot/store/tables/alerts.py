"""What happens on video servers, what is to be shown of it, who wants to hear of it, and what is to happen there by
itself."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    Table,
    UniqueConstraint,
    and_,
    false,
    literal_column,
    not_,
    true,
)

from bot.store.tables.columns import ID, Sealed, UtcTime, Words, metadata, partial_index, row_id

inbox = Table(
    "inbox",
    metadata,
    row_id(),
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
partial_index("ix_inbox_unfolded", inbox.c.id, where=inbox.c.folded_at.is_(None))
partial_index("ix_inbox_whole", inbox.c.folded_at, where=inbox.c.has_body.is_(True))
Index("ix_inbox_received", inbox.c.received_at)
Index("ix_inbox_heard", inbox.c.provider, inbox.c.source, inbox.c.id)

thing = Table(
    "thing",
    metadata,
    row_id(),
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
partial_index("ix_thing_live", thing.c.provider, thing.c.kind, where=not_(thing.c.terminal))
_is_of_room = and_(thing.c.room_id.is_not(None), not_(thing.c.terminal))
partial_index("ix_thing_of_room", thing.c.provider, thing.c.room_id, where=_is_of_room)
partial_index("ix_thing_ended", thing.c.seen_at, where=thing.c.terminal.is_(True))
_is_page = and_(thing.c.kind == literal_column("'digest'"), not_(thing.c.terminal))
partial_index("ix_thing_page", thing.c.team_id, thing.c.channel_id, where=_is_page)
partial_index("ix_thing_lost", thing.c.provider, thing.c.kind, where=thing.c.status == literal_column("'lost'"))

card = Table(
    "card",
    metadata,
    row_id(),
    Column("team_id", Words, nullable=False),
    Column("thing_id", ID, ForeignKey("thing.id", ondelete="CASCADE"), nullable=False),
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
    Column("digest_id", ID),
    # When there was last something to draw: how much happens in a channel is counted by it.
    Column("changed_at", UtcTime),
    # When a person last asked for it there, who is not sent away with a line on a page.
    Column("asked_at", UtcTime),
    Column("blocked", Words),
    # Who delivers it at this moment, and until when nobody else does.
    Column("claim", Words),
    Column("lease_until", UtcTime),
    UniqueConstraint("thing_id", "team_id", "channel_id"),
    sqlite_autoincrement=True,
)
partial_index(
    "ix_card_dirty",
    card.c.team_id,
    card.c.channel_id,
    card.c.dirty_at,
    where=and_(card.c.wanted > card.c.delivered, card.c.blocked.is_(None)),
)
Index("ix_card_ts", card.c.channel_id, card.c.ts)
Index("ix_card_thread", card.c.channel_id, card.c.thread_ts)
partial_index("ix_card_digest", card.c.digest_id, where=card.c.digest_id.is_not(None))

note = Table(
    "note",
    metadata,
    row_id(),
    Column("team_id", Words, nullable=False),
    Column("card_id", ID, ForeignKey("card.id", ondelete="CASCADE"), nullable=False),
    Column("inbox_id", ID, ForeignKey("inbox.id", ondelete="CASCADE"), nullable=False),
    Column("kind", Words, nullable=False),
    Column("broadcast", Boolean, nullable=False),
    # How much what it tells matters; null where an earlier version wrote it.
    Column("severity", Words),
    Column("ts", Words),
    Column("post_key", Words),
    # Who delivers it at this moment, and until when nobody else does.
    Column("claim", Words),
    Column("lease_until", UtcTime),
    UniqueConstraint("card_id", "inbox_id", "kind"),
    sqlite_autoincrement=True,
)
Index("ix_note_inbox", note.c.inbox_id)
partial_index("ix_note_due", note.c.id, where=note.c.ts.is_(None))

subscription = Table(
    "subscription",
    metadata,
    row_id(),
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
    Column("thing_id", ID, ForeignKey("thing.id", ondelete="CASCADE"), primary_key=True),
    # That conversation, by Slack's id.
    Column("channel_id", Words, nullable=False),
    Column("since", UtcTime, nullable=False),
)
Index("ix_follow_thing", follow.c.thing_id)

mute = Table(
    "mute",
    metadata,
    row_id(),
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

egress_request = Table(
    "egress_request",
    metadata,
    Column("team_id", Words, primary_key=True),
    Column("provider", Words, primary_key=True),
    Column("egress_id", Words, primary_key=True),
    # Null for a web page.
    Column("room_id", Words),
    Column("room_name", Words),
    # With the keys of where it goes.
    Column("options", Sealed, nullable=False),
    Column("said_by", Words, nullable=False),
    # The egress that this is a part of, and which; its own id and 1 where it stands alone.
    Column("first_id", Words, nullable=False),
    Column("part", Integer, nullable=False),
    Column("kept_at", UtcTime, nullable=False),
)
Index("ix_egress_request_first", egress_request.c.provider, egress_request.c.first_id)
Index("ix_egress_request_kept", egress_request.c.kept_at)

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
    row_id(),
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
partial_index("ix_timer_visible", timer.c.visible_at, where=timer.c.ended_at.is_(None))
