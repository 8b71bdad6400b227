"""Between two versions that break with each other, a step only adds, so that the code of before can go on.

That is what lets two versions run side by side while a deploy rolls, and lets one go back.
"""

import re
from collections.abc import Iterator

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import MigrateOperation, Operations, ops
from alembic.script import Script
from sqlalchemy import Column, MetaData, Table, create_engine, text

from bot.store.engine import Store
from tests.bot.store import schema

STEPS = schema.steps()


def _recorded(step: Script, monkeypatch: pytest.MonkeyPatch) -> list[MigrateOperation]:
    """What a step would do. Nothing is done."""
    seen: list[MigrateOperation] = []
    nowhere = MigrationContext.configure(dialect=create_engine("sqlite://").dialect)
    with Operations.context(nowhere) as operations:
        monkeypatch.setattr(operations, "invoke", seen.append)
        step.module.upgrade()
    return seen


def _harms(operations: list[MigrateOperation]) -> Iterator[str]:
    """What of it the code of before cannot live with."""
    tables = {made.table_name for made in operations if isinstance(made, ops.CreateTableOp)}
    columns = {(added.table_name, added.column.name) for added in operations if isinstance(added, ops.AddColumnOp)}
    for operation in operations:
        match operation:
            case ops.CreateTableOp():
                continue
            case ops.AddColumnOp(column=column) if column.nullable or column.server_default is not None:
                continue
            case ops.CreateIndexOp(table_name=table, columns=over) if (
                not operation.unique or table in tables or any((table, name) in columns for name in over)
            ):
                continue
            case ops.ExecuteSQLOp() if _written(str(operation.sqltext)) in columns:
                continue
        yield f"{type(operation).__name__} {vars(operation)}"


def _written(statement: str) -> tuple[str, str] | None:
    """The table and column that an UPDATE of one column writes."""
    found = re.match(r"UPDATE (\w+) SET (\w+) = (?!.*, *\w+ =)", statement)
    return (found[1], found[2]) if found else None


@pytest.mark.parametrize("number", STEPS[1:])
def test_a_step_only_adds(number: str, monkeypatch: pytest.MonkeyPatch) -> None:
    operations = _recorded(schema.scripts().get_revision(number), monkeypatch)

    assert operations
    assert list(_harms(operations)) == []


def _bad_steps() -> list[MigrateOperation]:
    old = Table("thing", MetaData(), Column("name", sa.Text()))
    return [
        ops.DropColumnOp("thing", "name"),
        ops.DropTableOp("thing"),
        ops.AddColumnOp("thing", Column("owner", sa.Text(), nullable=False)),
        ops.CreateIndexOp("ix_only_one", "thing", ["name"], unique=True),
        ops.CreateUniqueConstraintOp("uq_only_one", "thing", ["name"]),
        ops.AlterColumnOp("thing", "name", modify_nullable=False),
        ops.RenameTableOp("thing", "object"),
        ops.ExecuteSQLOp("UPDATE thing SET name = 'x'"),
        ops.ExecuteSQLOp("UPDATE thing SET owner = 'x', name = 'y'"),
        ops.ExecuteSQLOp("DELETE FROM thing"),
        ops.DropIndexOp("ix_thing_name", old.name),
    ]


@pytest.mark.parametrize("operation", _bad_steps(), ids=lambda operation: type(operation).__name__)
def test_a_step_that_does_more_is_found(operation: MigrateOperation) -> None:
    new = ops.AddColumnOp("thing", Column("owner", sa.Text()))

    assert len(list(_harms([new, operation]))) == 1


@pytest.mark.parametrize("number", STEPS[:-1])
async def test_what_the_code_of_an_earlier_step_says_is_still_understood(empty_url: str, number: str) -> None:
    """Rows with the columns of that step alone are added, read, changed and deleted."""
    await schema.make_as_of(empty_url, number)
    old = MetaData()
    async with schema.connected(empty_url) as conn:
        await conn.run_sync(old.reflect)
    tables = [table for table in old.sorted_tables if table.name != "alembic_version"]
    store = await Store.open(empty_url)
    await store.close()

    async with schema.connected(empty_url) as conn:
        for table in tables:
            row = {column.name: _value(column) for column in table.columns}
            await conn.execute(table.insert().values(row))
            assert dict((await conn.execute(table.select())).mappings().one()) == row
            await conn.execute(table.update().values(team_id="T2"))
        assert len(tables) > 8
        for table in reversed(tables):
            assert (await conn.execute(table.delete())).rowcount == 1
        assert (await conn.execute(text("SELECT version_num FROM alembic_version"))).scalar_one() == STEPS[-1]


def _value(column: Column[object]) -> object:
    match column.type:
        case sa.Integer():
            return 1
        case sa.Boolean():
            return False
        case sa.LargeBinary():
            return b"{}"
        case sa.JSON():
            return []
    return column.name
