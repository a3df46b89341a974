"""Where the next page of a list begins: a position in its order, as an opaque text. Pure.

A page begins after the last row of the one before, whatever has come or gone meanwhile.
"""

import base64
import json
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from bot.ports.admin_views import Page

RowT = TypeVar("RowT")


def encode_position(order: str, values: Sequence[str | int]) -> str:
    """`order`: names list and order; `values`: of the last row, by which it is found again."""
    plain = json.dumps([order, *values], separators=(",", ":"), ensure_ascii=True)
    return base64.urlsafe_b64encode(plain.encode()).decode().rstrip("=")


def decode_position(order: str, after: str | None, kinds: Sequence[type]) -> list[Any] | None:
    """The values of `encode_position`, of these types; None: from the beginning.

    Raises ValueError for what no page of this order has given.
    """
    if after is None:
        return None
    try:
        found: Any = json.loads(base64.b64decode(after + "=" * (-len(after) % 4), altchars=b"-_", validate=True))
    except ValueError as malformed:
        raise ValueError("no position in a list") from malformed
    match found:
        case [str(named), *values] if named == order and [type(each) for each in values] == list(kinds):
            return values
        case _:
            raise ValueError("a position in another list")


def make_page(rows: Sequence[RowT], limit: int, position: Callable[[RowT], str]) -> Page[RowT]:
    """A page of at most `limit` of the rows, of which one more was asked for."""
    shown = tuple(rows[:limit])
    return Page(rows=shown, next=position(shown[-1]) if len(rows) > limit else None)
