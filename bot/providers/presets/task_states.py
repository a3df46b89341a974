"""What the status words of task upstreams mean. Values only."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType


class TaskState(StrEnum):
    """Meaning of an upstream's status word for a task. A word in no table counts as WORKING."""

    QUEUED = "queued"
    WORKING = "working"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


STATES: Mapping[str, TaskState] = MappingProxyType(
    {
        "pending": TaskState.QUEUED,
        "queued": TaskState.QUEUED,
        "submitted": TaskState.QUEUED,
        "processing": TaskState.WORKING,
        "in_progress": TaskState.WORKING,
        "running": TaskState.WORKING,
        "completed": TaskState.DONE,
        "complete": TaskState.DONE,
        "finished": TaskState.DONE,
        "done": TaskState.DONE,
        "succeeded": TaskState.DONE,
        "succeed": TaskState.DONE,
        "success": TaskState.DONE,
        "failed": TaskState.FAILED,
        "failure": TaskState.FAILED,
        "fail": TaskState.FAILED,
        "error": TaskState.FAILED,
        "expired": TaskState.FAILED,
        "cancelled": TaskState.CANCELLED,
        "canceled": TaskState.CANCELLED,
        "ready": TaskState.DONE,  # Black Forest Labs
        "排队中": TaskState.QUEUED,
        "生成中": TaskState.WORKING,
        "处理中": TaskState.WORKING,
        "成功": TaskState.DONE,
        "已完成": TaskState.DONE,
        "完成": TaskState.DONE,
        "失败": TaskState.FAILED,
    }
)
"""Words in lower case. The generic wire has all of them; no two upstreams mean different things by one."""
