"""The audit log: who with rights has changed what, and when. An entry is never changed, and stays.

Holds no prompt and no secret. Works inside the transaction it is given.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, or_, select

from bot.job import new_id
from bot.ports.admin_views import AuditRow, Page
from bot.store.administration.pages import decode_position, encode_position, make_page
from bot.store.engine import insert_once
from bot.store.readable_rows import read_rows
from bot.store.schema import audit_entry

ORDER = "audit"
NOTHING: Mapping[str, Any] = {}


def add_entry(
    conn: Connection,
    who: str,
    action: str,
    target: str,
    now: datetime,
    details: Mapping[str, Any] = NOTHING,
    *,
    entry_id: str | None = None,
) -> None:
    """Adds an entry. `entry_id`: of a change that may be repeated, which is noted once."""
    values = {"id": entry_id or new_id(), "at": now, "who": who, "action": action, "target": target}
    insert_once(conn, audit_entry, values | {"details": dict(details)}, key="id")


def list_entries(conn: Connection, target: str | None, after: str | None, limit: int) -> Page[AuditRow]:
    """As of `AdminReads.audit`."""
    table = audit_entry.c
    query = select(audit_entry).order_by(table.at.desc(), table.id.desc())
    if target is not None:
        query = query.where(table.target == target)
    if (position := decode_position(ORDER, after, (str, str))) is not None:
        at, entry_id = datetime.fromisoformat(position[0]), position[1]
        query = query.where(or_(table.at < at, and_(table.at == at, table.id < entry_id)))
    rows = read_rows(conn, query, _audit_row, most=limit + 1)
    return make_page(rows, limit, lambda row: encode_position(ORDER, (row.at.isoformat(), row.id)))


def _audit_row(row: RowMapping) -> AuditRow:
    values: dict[str, Any] = {**row, "details": dict(row["details"])}
    return AuditRow(**values)
