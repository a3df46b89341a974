"""What a migration does, without a database; and whether it may be done while the version before it works.

The rule itself stands in `bot/store/migrations/__init__.py`.
"""

from collections.abc import Sequence
from types import ModuleType
from typing import Any

from alembic.operations import Operations, ops
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Index

BACKFILLS = ("UPDATE ", "INSERT ")  # what SQL of an expanding migration may begin with


def operations(migration: ModuleType) -> list[Any]:
    """The operations of a migration's `upgrade`, in order."""
    seen: list[Any] = []
    with Operations.context(MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True})) as recorder:
        vars(recorder)["invoke"] = seen.append
        migration.upgrade()
    return seen


def problems(migration: ModuleType, revisions: Sequence[str]) -> list[str]:
    """Why a migration breaks the rule; empty when it holds. `revisions`: all there are, in order."""
    phase = getattr(migration, "phase", None)
    if phase == "contract":
        return _contract_problems(migration, revisions)
    if phase != "expand":
        return ['phase: must be "expand" or "contract"']
    made: set[str] = set()
    found: list[str] = []
    for operation in operations(migration):
        if isinstance(operation, ops.CreateTableOp):
            made.add(operation.table_name)
        elif (why := _refused(operation, made)) is not None:
            found.append(f"{type(operation).__name__}: {why}; a contract of a later release may do it")
    return found


def _refused(operation: Any, made: set[str]) -> str | None:
    """Why the version before could not go on; `made`: tables that are new, which it does not know."""
    if getattr(operation, "table_name", None) in made:
        return None
    match operation:
        case ops.AddColumnOp(column=column) if column.nullable or column.server_default is not None:
            return None
        case ops.AddColumnOp(column=column):
            return f"older code writes no {column.name}, which must not be NULL and has no server default"
        case ops.CreateIndexOp():
            index = operation.to_index()
            assert isinstance(index, Index)
            return "older code may write equal rows" if index.unique else None
        case ops.ExecuteSQLOp(sqltext=sql) if str(sql).lstrip().upper().startswith(BACKFILLS):
            return None
        case ops.ExecuteSQLOp(sqltext=sql) if " SET STORAGE " in str(sql):
            return None  # how bytes lie on the disk concerns no code
        case _:
            return "older code still needs what it takes away, or is refused what it writes"


def _contract_problems(migration: ModuleType, revisions: Sequence[str]) -> list[str]:
    oldest = getattr(migration, "oldest_code", None)
    before = revisions[: revisions.index(migration.revision)]
    if oldest in before[1:]:
        return []
    return ["oldest_code: must be a revision between the first one and this one, whose release works without it"]
