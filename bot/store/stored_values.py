"""Reads values that were stored as JSON back into dataclasses, checking the type of every field.

Pure. A row of another version, or a damaged one, is distinguished from a sound one before anybody relies on it.
"""

import json
from dataclasses import fields, is_dataclass
from typing import Any, Generic, TypeVar, cast

from pydantic import TypeAdapter

T = TypeVar("T")


class StoredReader(Generic[T]):
    """Reads values of one type. Made where a module is imported: the first look at a type reads files."""

    def __init__(self, kind: Any) -> None:
        """`kind`: T, a dataclass or a container of some."""
        self._adapter: TypeAdapter[T] = TypeAdapter(kind)
        self._name = getattr(kind, "__name__", str(kind))
        self._fields = {each.name for each in fields(kind)} if is_dataclass(kind) else None

    def read(self, value: object) -> T:
        """The value of that type that was stored as `value`, parsed JSON.

        Raises ValueError for anything else: another type, a missing field, one that the type does not have.
        """
        if self._fields is not None and isinstance(value, dict):
            unknown = cast("dict[str, Any]", value).keys() - self._fields
            if unknown:
                raise ValueError(f"{self._name} has no {', '.join(sorted(unknown))}")
        return self._adapter.validate_json(json.dumps(value), strict=True)
