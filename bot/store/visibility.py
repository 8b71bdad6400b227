"""Who may see which things, as a condition on rows of `thing`: decided here and nowhere else."""

from typing import Final

from sqlalchemy import ColumnElement, FromClause, and_, false, not_, or_, select

from bot.store.tables import thing
from commands.core.ports import Viewer
from providers.facts import ThingKind

FEEDS: Final = (ThingKind.RECORDING, ThingKind.STREAM)
"""What leaves a room. One egress may be both, under one id."""

OF_ROOMS: Final = (*FEEDS, ThingKind.INGRESS, ThingKind.CALL)
"""What leaves a room or comes into it."""


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """What is private is seen in its own channel, by whoever made it and by those who see all.

    What is of a room can be seen, too, where that can.
    """
    room = thing.alias()
    of_visible_room = (
        select(room.c.id)
        .where(
            room.c.provider == thing.c.provider,
            room.c.kind == ThingKind.ROOM,
            room.c.server_id == thing.c.room_id,
            is_theirs(viewer, room),
        )
        .correlate(thing)
        .exists()
    )
    return or_(
        not_(thing.c.is_private), is_theirs(viewer, thing), and_(thing.c.kind != ThingKind.ROOM, of_visible_room)
    )


def is_theirs(viewer: Viewer, row: FromClause) -> ColumnElement[bool]:
    """Made there or by them, or on a video server where they see all, of rows of `thing` or `reserved_name`.

    Never NULL, so that its opposite is right too.

    What nobody is known to have made is nobody's.
    """
    here = row.c.channel_id.is_not_distinct_from(viewer.channel_id) if viewer.channel_id else false()
    mine = row.c.made_by.is_not_distinct_from(viewer.user_id) if viewer.user_id else false()
    return or_(here, mine, row.c.provider.in_(viewer.sees_all))
