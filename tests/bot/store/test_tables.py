"""Rules that hold for every table."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Table, create_engine

from bot.store.tables import UtcTime, metadata

_DIALECT = create_engine("sqlite://").dialect


@pytest.mark.parametrize("table", metadata.sorted_tables, ids=lambda table: table.name)
def test_every_row_belongs_to_a_team(table: Table) -> None:
    assert not table.c.team_id.nullable


@pytest.mark.parametrize(
    "at",
    [
        datetime(2026, 11, 20, 12, 0, 0, 999_999, tzinfo=UTC),
        datetime(2026, 11, 20, 1, 0, tzinfo=timezone(timedelta(hours=5, minutes=45))),
        datetime(1969, 12, 31, 23, 59, 59, 1, tzinfo=UTC),
        datetime(9999, 12, 31, tzinfo=UTC),
    ],
)
def test_a_time_is_kept_exactly_and_comes_back_in_utc(at: datetime) -> None:
    kept = UtcTime().process_bind_param(at, _DIALECT)
    back = UtcTime().process_result_value(kept, _DIALECT)

    assert back == at
    assert back is not None
    assert back.tzinfo is UTC


def test_a_naive_time_is_refused() -> None:
    with pytest.raises(ValueError, match="aware"):
        UtcTime().process_bind_param(datetime(2026, 1, 1), _DIALECT)
