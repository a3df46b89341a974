"""Deadlines of Easel that a busy machine would miss, longer: nothing is measured by them."""

from bot.pictures import worker_pool

PICTURE_DEADLINE_S = 120.0  # of a call in a picture worker, which yields to all that a busy machine does besides


def pool_defaults() -> dict[str, object]:
    """The defaults of a pool of picture workers; its deadline is `deadline_s`."""
    defaults = worker_pool.WorkerPool.__init__.__kwdefaults__
    assert defaults is not None
    return defaults


def be_patient() -> None:
    """From now on, for the whole of this process."""
    pool_defaults()["deadline_s"] = PICTURE_DEADLINE_S
