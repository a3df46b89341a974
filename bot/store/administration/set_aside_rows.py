"""The quarantine as a list, newest first. Reads alone, inside the transaction it is given."""

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, RowMapping, and_, or_, select

from bot.ports.admin_views import Page, SetAsideRow
from bot.store.administration.pages import decode_position, encode_position, make_page
from bot.store.readable_rows import read_rows
from bot.store.schema import quarantine

ORDER = "set aside"


def list_rows(conn: Connection, after: str | None, limit: int) -> Page[SetAsideRow]:
    """As of `AdminReads.set_aside`."""
    table = quarantine.c
    query = select(quarantine).order_by(table.at.desc(), table.id.desc())
    if (position := decode_position(ORDER, after, (str, str))) is not None:
        at, row_id = datetime.fromisoformat(position[0]), position[1]
        query = query.where(or_(table.at < at, and_(table.at == at, table.id < row_id)))
    rows = read_rows(conn, query, _set_aside_row, most=limit + 1)
    return make_page(rows, limit, lambda row: encode_position(ORDER, (row.at.isoformat(), row.id)))


def _set_aside_row(row: RowMapping) -> SetAsideRow:
    values: dict[str, Any] = {"table" if name == "source" else name: value for name, value in row.items()}
    return SetAsideRow(**values)
