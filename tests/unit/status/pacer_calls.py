"""Budgets, lanes and single calls for the tests of the pacer."""

from bot.chat import Budget, Lane
from bot.status.pacing import Pacer, SendGrant, Urgency

FINAL, FIRST, FURTHER, PROGRESS = Urgency
CHAT = Budget(key="chat", slots=4, period_s=10.0)
UPLOADS = Budget(key="uploads", slots=1, period_s=10.0)
BOT = Budget(key="bot", slots=2, period_s=1.0, shared=True)


def lane(*budgets: Budget, gap: float = 1.0) -> Lane:
    return Lane(budgets=budgets, edit_gap_s=gap)


def start_next_call(pacer: Pacer, now: float, job: str, urgency: Urgency) -> SendGrant:
    """Starts the next call, and asserts that it is this one."""
    grant = pacer.next_call(now)
    assert isinstance(grant, SendGrant)
    assert (grant.key, grant.urgency) == (job, urgency)
    pacer.start_call(grant, now)
    return grant


def make_next_call(pacer: Pacer, now: float, job: str, urgency: Urgency) -> None:
    pacer.finish_call(start_next_call(pacer, now, job, urgency), now)
