"""What waits while its channel is shown on digest pages, and what does not wait for the calm."""

from collections.abc import Sequence
from datetime import timedelta

from sqlalchemy import ColumnElement, FromClause, and_, exists, false, not_, or_

from bot.alerts.state import LOST
from bot.store.leases import now
from bot.store.pace import in_digest
from bot.store.tables import card, inbox, note
from commands.core.alerts import Severity

_ALARMING = [severity for severity in Severity if severity.reaches(Severity.WARNING)]

_OWED, _HEARD, _PAGE = note.alias("owed"), inbox.alias("heard"), card.alias("page")


def is_owed() -> ColumnElement[bool]:
    """Of a card: somebody has asked for it, or the channel is to hear of something that a line does not tell. Of what
    was lost sight of it does."""
    return or_(is_asked_for(), exists().where(*_alarms(_OWED)).correlate(card))


def is_asked_for() -> ColumnElement[bool]:
    """Of a card: a person waits for its message."""
    return and_(card.c.asked_at.is_not(None), card.c.ts.is_(None))


def is_overdue(after: timedelta) -> ColumnElement[bool]:
    """Of a card: the channel has been owed that for so long."""
    heard = (_HEARD.c.id == _OWED.c.inbox_id, _HEARD.c.received_at <= now(-after))
    return exists().where(*_alarms(_OWED), *heard).correlate(card)


def waits_for_calm(overdue: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
    """Of a card: a page shows it meanwhile. It does not wait where a person asked for it, it is `overdue`, or its page
    was given up."""
    given_up = exists().where(_PAGE.c.thing_id == card.c.digest_id, _PAGE.c.blocked.is_not(None)).correlate(card)
    return and_(in_digest(card), not_(is_asked_for()), not_(given_up), not_(false() if overdue is None else overdue))


def _alarms(of: FromClause) -> Sequence[ColumnElement[bool]]:
    grave = or_(of.c.severity.in_(_ALARMING), of.c.severity.is_(None))
    return of.c.card_id == card.c.id, of.c.ts.is_(None), of.c.broadcast, of.c.kind != LOST, grave
