"""What is said of one recording, stream or egress, whichever it is, and to whom it belongs."""

from collections.abc import Sequence
from datetime import datetime

from commands.core.base import Role
from commands.core.context import Context
from commands.core.egress_words import about_words
from commands.core.reply import Mark
from commands.core.words import parts
from providers.base import Egress, Recording, Stream

Feed = Recording | Stream | Egress


def name_of(feed: Feed) -> str:
    """What people call it: its room, or the page that it is of."""
    return feed.room.name or feed.source.url or feed.ref.id


def subject(feed: Feed) -> Sequence[str | Mark]:
    """What it is of, to follow "the recording of"."""
    return parts(about_words(feed.room.name, feed.source))


def begun(feed: Feed, now: datetime) -> str:
    """For a button, whose words cannot show a time in the reader's zone: it is that of `now`."""
    if feed.started_at is None:
        return "not begun yet"
    began = feed.started_at.astimezone(now.tzinfo)
    day = "" if began.date() == now.date() else f"{began:%b} {began.day}, "
    return f"since {day}{began:%H:%M %Z}"


async def is_makers(ctx: Context, feed: Feed) -> bool:
    """Whether the asker has started it, or made the room that it is of."""
    rooms, me = ctx.ports.rooms, ctx.caller.user_id
    if await rooms.made_by(ctx.caller.team_id, feed.ref.provider, feed.ref.id) == me:
        return True
    room = await ctx.known_room(feed.room) if feed.room.id else None
    return room is not None and room.made_by == me


def other_servers(ctx: Context, provider: str) -> list[str]:
    """Where else the asker may look for it."""
    others = [name for name in ctx.ports.providers.names if name != provider]
    return [name for name in others if ctx.standing.on(name).role > Role.NOBODY]
