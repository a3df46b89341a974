"""Values of the administration as JSON, and as cells of a table file. Pure.

Names are those of the values' fields, so that the page speaks of what the port describes. Handles of files, of use to
adapters alone, stay behind.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from math import isfinite
from typing import Any

from bot.job import Job
from bot.ports.admin_views import JobDetails
from bot.texts import translate_or_replace

FORMULA_STARTS = ("=", "+", "-", "@", "＝", "＋", "－", "＠")  # the wide ones are formulas in East Asian Excel
CONTROL_STARTS = ("\t", "\r", "\n")  # which a spreadsheet skips
JOB_FIELDS = (
    *("id", "prompt", "options", "locale", "parent", "is_variation"),
    *("state", "attempt", "created", "started", "finished", "deleted"),
    *("cost", "charged", "provider", "model", "price", "spent", "upstream_id", "trace"),
)


def to_json(value: Any) -> Any:
    """A value as JSON: dataclasses as objects, times as ISO 8601."""
    if isinstance(value, JobDetails):
        return _fields(value) | {"job": encode_job(value.job)}
    if is_dataclass(value):
        return _fields(value)
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, datetime | date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {str(key): to_json(each) for key, each in value.items()}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    if isinstance(value, float) and not isfinite(value):
        return None  # JSON has no word for it
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [to_json(each) for each in value]  # pyright: ignore[reportUnknownVariableType] - JSON
    return value


def encode_job(job: Job) -> dict[str, Any]:
    """What the page shows of a job itself."""
    told = {name: to_json(getattr(job, name)) for name in JOB_FIELDS}
    failure = None if job.failure is None else translate_or_replace("en", job.failure.key, job.failure.facts)
    return told | {
        "user": {"key": job.user.key, "name": job.user.name},
        "chat_key": job.chat.key,
        "references": len(job.references),
        "has_mask": job.mask is not None,
        "failure": None if job.failure is None else {"key": job.failure.key, "words": failure},
        "pictures": len(job.delivered or ()),
    }


def cell(value: Any) -> str:
    """A value in a table file. A text that a spreadsheet would take for a formula begins with an apostrophe."""
    if value is None:
        return ""
    if isinstance(value, Mapping):
        return cell("; ".join(f"{key}={each}" for key, each in value.items()))  # pyright: ignore[reportUnknownVariableType] - JSON
    if isinstance(value, tuple):
        return cell(" ".join(map(str, value)))  # pyright: ignore[reportUnknownArgumentType, reportUnknownVariableType] - ids
    if isinstance(value, datetime):
        return value.isoformat(timespec="seconds")
    if isinstance(value, Enum):
        return str(value.value)
    if isinstance(value, float):
        return f"{value:.3f}"
    if not isinstance(value, str):
        return str(value)
    is_formula = value.lstrip().startswith(FORMULA_STARTS) or value.startswith(CONTROL_STARTS)
    return f"'{value}" if is_formula else value


def _fields(value: Any) -> dict[str, Any]:
    return {each.name: to_json(getattr(value, each.name)) for each in fields(value)}
