"""Who sees to what, where several processes use one database: a claim for each try, a lease for as long as it takes.

Leases are in the time of the database, as the clocks of processes differ. A lease keeps others away; it does not stop
one that was frozen and goes on when it is over. So whoever writes down what came of a try does it where its claim still
stands, and mends what it finds otherwise.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import BigInteger, ColumnElement, FromClause, or_, type_coerce
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from bot.store.tables import UtcTime

LEASE = timedelta(seconds=15)
"""Longer than a call of Slack may take, and the moment before it."""

RELEASED: dict[str, None] = {"claim": None, "lease_until": None}


class _Now(FunctionElement[datetime]):
    type = UtcTime()
    inherit_cache = True


@compiles(_Now, "postgresql")
def _on_postgresql(element: _Now, compiler: SQLCompiler, **options: Any) -> str:
    return "(extract(epoch FROM clock_timestamp()) * 1000000)::bigint"


@compiles(_Now, "sqlite")
def _on_sqlite(element: _Now, compiler: SQLCompiler, **options: Any) -> str:
    return "CAST((julianday('now') - 2440587.5) * 86400000000 AS INTEGER)"


def now(later: timedelta = timedelta()) -> ColumnElement[datetime]:
    """The time as the database has it, and so much `later`."""
    moment = type_coerce(_Now(), BigInteger) + later // timedelta(microseconds=1)
    return type_coerce(moment, UtcTime)


def claimed() -> dict[str, object]:
    """The values of a row that is claimed from this moment on."""
    return {"claim": uuid4().hex, "lease_until": now(LEASE)}


def is_free(row: FromClause) -> ColumnElement[bool]:
    """Nobody sees to it at this moment."""
    return or_(row.c.lease_until.is_(None), row.c.lease_until <= now())
