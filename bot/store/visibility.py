"""Who may see which things, as a condition on rows of `thing`: decided here and nowhere else."""

from sqlalchemy import ColumnElement, and_, false, not_, or_, select, true
from sqlalchemy.sql.selectable import NamedFromClause

from bot.store.tables import thing
from commands.core.ports import Viewer
from providers.facts import ThingKind


def visible_to(viewer: Viewer) -> ColumnElement[bool]:
    """What is private is seen in its own channel, by whoever made it and by those who see all.

    A recording can be seen, too, where its room can.
    """
    if viewer.sees_all:
        return true()
    room = thing.alias()
    of_visible_room = (
        select(room.c.id)
        .where(
            room.c.provider == thing.c.provider,
            room.c.kind == ThingKind.ROOM,
            room.c.server_id == thing.c.room_id,
            _is_own(viewer, room),
        )
        .correlate(thing)
        .exists()
    )
    return or_(not_(thing.c.is_private), _is_own(viewer, thing), and_(thing.c.kind != ThingKind.ROOM, of_visible_room))


def _is_own(viewer: Viewer, row: NamedFromClause) -> ColumnElement[bool]:
    """Made there or by them. What nobody is known to have made is nobody's."""
    here = row.c.channel_id == viewer.channel_id if viewer.channel_id else false()
    mine = row.c.made_by == viewer.user_id if viewer.user_id else false()
    return or_(here, mine)
