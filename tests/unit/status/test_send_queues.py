"""The queues of the pacer look at few budgets, however many chats wait."""

from collections.abc import Iterable

from bot.chat import Budget
from bot.status.pacing import Urgency
from bot.status.send_queues import SendQueues
from tests.unit.status.pacer_calls import BOT, lane


def test_a_look_asks_a_handful_of_budgets_however_many_chats_wait() -> None:
    asked: list[str] = []
    full = True

    def opens(budgets: Iterable[Budget], urgency: Urgency, now: float, cost: int, since: float) -> float:
        asked.extend(budget.key for budget in budgets)
        return now + 1.0 if full and any(budget.shared for budget in budgets) else now

    lines = SendQueues(opens)
    for number in range(2000):
        lines.enqueue(
            f"job-{number}",
            lane(Budget(key=f"chat-{number}", slots=1, period_s=1.0), BOT),
            (0.0, 0.0, number),
            0.0,
        )
    assert lines.next_key(0.0) == 1.0
    asked.clear()
    for number in range(100):
        assert lines.next_key(number / 200) == number / 200 + 1.0
    assert asked == ["bot"] * 100
    full = False
    asked.clear()
    assert lines.next_key(1.0) == "job-0"
    assert asked == ["bot"]
