"""Which job the work under way is about: every log line within names it, also those of libraries and of threads.

A context follows its task and the tasks that it starts. Whatever outlives a job must not be started within one:
`bot.runtime.supervision` starts its tasks in a context of their own.
"""

from collections.abc import Generator
from contextlib import contextmanager

from structlog.contextvars import bind_contextvars, bound_contextvars, get_contextvars


def bind_job(job_id: str) -> None:
    """The current task is about a job until it ends."""
    bind_contextvars(job=job_id)


@contextmanager
def about_job(job_id: str | None) -> Generator[None]:
    """The block, and each task that it starts, is about a job; None: about whatever it was before."""
    if job_id is None:
        yield
        return
    with bound_contextvars(job=job_id):
        yield


def current_job() -> str | None:
    """The job that the work under way is about; None: none."""
    return get_contextvars().get("job")
