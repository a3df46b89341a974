"""Queues of messages that wait for a slot of their rate limits. Pure.

Knows ranks, times and what the budgets answer; what a message asks for, and how its calls end, is `pacing`'s.

Messages whose lanes draw on the same budgets of one chat, with the same slots per call, share a queue. Queues that
draw on the same shared budgets form a group. A queue sleeps while its own budgets have nothing for its first message;
of a group, the first ready queue of each urgency is checked against the shared budgets at each look, and one that must
wait holds up the less urgent; only a first post need not wait behind final states, which leave it some slots. So a
look costs O(log n) however many messages and chats there are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf

from bot.chat import Budget, Lane
from bot.status.budget_use import Urgency, WaitingCall
from bot.status.priority_queue import PriorityQueue, Rank

MAX_WAITING = 32  # calls that other processes know of, for each budget: more than any window that can be full has

EarliestStart = Callable[[Iterable[Budget], Urgency, float, int, float], float]
BudgetKeys = tuple[str, ...]
LaneKey = tuple[BudgetKeys, BudgetKeys, int]  # keys of own budgets, keys of shared budgets, slots per call


@dataclass(slots=True, eq=False, kw_only=True)
class QueueGroup:
    """Queues that draw on the same shared budgets."""

    shared_budgets: tuple[Budget, ...]
    """The budgets that they share."""

    queue_count: int = 0
    """Queues in the group, also those neither ready nor sleeping."""

    ready: "dict[Urgency, PriorityQueue[SendQueue]]" = field(
        default_factory=lambda: {urgency: PriorityQueue["SendQueue"]() for urgency in Urgency}
    )
    """Queues whose own budgets let their first message start, by that message's urgency and rank."""

    sleeping: "PriorityQueue[SendQueue]" = field(default_factory=lambda: PriorityQueue[SendQueue]())
    """Queues to look at again, by monotonic time in seconds."""


@dataclass(slots=True, eq=False, kw_only=True)
class SendQueue:
    """Messages whose lanes draw on the same budgets with the same slots per call."""

    lane_key: LaneKey
    own_budgets: tuple[Budget, ...]
    group: QueueGroup
    ready: PriorityQueue[str] = field(default_factory=PriorityQueue[str])
    """Keys of messages that may be sent now, by rank."""

    delayed: PriorityQueue[str] = field(default_factory=PriorityQueue[str])
    """Keys of messages that must wait, by the monotonic time until which they do, then by rank."""


class SendQueues:
    """All queues. A rank begins with the urgency, and no two messages have the same."""

    def __init__(self, earliest_start: EarliestStart) -> None:
        self._earliest_start = earliest_start
        self._queues: dict[LaneKey, SendQueue] = {}
        self._groups: dict[BudgetKeys, QueueGroup] = {}
        self._queues_by_budget: dict[str, dict[SendQueue, None]] = {}  # key of an own budget -> its queues
        self._dirty: dict[SendQueue, None] = {}  # queues to update at the next look; a dict keeps their order
        self._updated: dict[str, Budget] | None = None  # own budgets of queues that were updated; None: nobody asks

    def __len__(self) -> int:
        return len(self._queues) + len(self._groups) + len(self._queues_by_budget) + len(self._dirty)

    def enqueue(self, key: str, lane: Lane, rank: Rank, not_before: float) -> None:
        """Adds a message to the queue of its lane; it must not be in any queue. `not_before`: monotonic, seconds."""
        queue = self._open_queue(lane)
        queue.delayed.push(key, (not_before, *rank))
        self._dirty[queue] = None

    def dequeue(self, key: str, lane: Lane) -> None:
        """Removes a message from its queue; `lane` as it was enqueued with."""
        queue = self._open_queue(lane)
        queue.ready.discard(key)
        queue.delayed.discard(key)
        self._dirty[queue] = None

    def any_waiting(self, budgets: Iterable[Budget]) -> bool:
        """Whether a message waits for a slot of one of these own budgets."""
        queues = (queue for budget in budgets for queue in self._queues_by_budget.get(budget.key, {}))
        return any(queue.ready.peek() or queue.delayed.peek() for queue in queues)

    def mark_changed(self, lane: Lane) -> None:
        """Has the queues of the lane's own budgets updated: their slots changed by more than the passing of time."""
        for budget in lane.budgets:
            self._dirty.update(self._queues_by_budget.get(budget.key, {}))

    def mark_budget_changed(self, budget: Budget) -> None:
        """As `mark_changed`, for one budget, which other processes may have changed."""
        self._dirty.update(self._queues_by_budget.get(budget.key, {}))
        if self._updated is not None:
            self._updated[budget.key] = budget

    def next_key(self, now: float) -> str | float:
        """Key of the message with the smallest rank whose call may start; else when to look again, maybe infinite."""
        self._update_changed(now)
        startable: list[tuple[Rank, str]] = []
        wake = inf
        for group in self._groups.values():
            if (sleeping := group.sleeping.peek()) is not None:
                wake = min(wake, sleeping[0][0])
            found = self._first_startable(group, now)
            if isinstance(found, tuple):
                startable.append(found)
            else:
                wake = min(wake, found)
        return min(startable)[1] if startable else wake

    def _first_startable(self, group: QueueGroup, now: float) -> tuple[Rank, str] | float:
        """The group's first message whose call may start; else when to look again, maybe infinite."""
        wake = inf
        for urgency, queues in group.ready.items():
            if (ready := queues.peek()) is None:
                continue
            queue = ready[1]
            start = self._earliest_start(group.shared_budgets, urgency, now, queue.lane_key[2], ready[0][1])
            if start <= now:
                first = queue.ready.peek()
                assert first is not None  # or the queue would not be ready
                return first
            wake = min(wake, start)
            if urgency is not Urgency.FINAL:
                break
        return wake

    def _update_changed(self, now: float) -> None:
        """Updates every queue that changed or whose time has come."""
        for group in self._groups.values():
            while (sleeping := group.sleeping.peek()) is not None and sleeping[0][0] <= now:
                group.sleeping.discard(sleeping[1])
                self._dirty[sleeping[1]] = None
        changed, self._dirty = self._dirty, {}
        for queue in changed:
            self._update_queue(queue, now)

    def _update_queue(self, queue: SendQueue, now: float) -> None:
        """Moves a queue within its group: ready, sleeping, or neither until a call ends. An empty one is dropped."""
        while (due := queue.delayed.peek()) is not None and due[0][0] <= now:
            queue.delayed.discard(due[1])
            queue.ready.push(due[1], due[0][1:])
        if self._updated is not None:
            self._updated.update((budget.key, budget) for budget in queue.own_budgets)
        wake = inf if due is None else due[0][0]
        first = queue.ready.peek()
        for ready in queue.group.ready.values():
            ready.discard(queue)
        if first is not None:
            urgency = Urgency(int(first[0][0]))
            start = self._earliest_start(queue.own_budgets, urgency, now, queue.lane_key[2], first[0][1])
            if start > now:
                wake = min(wake, start)
            else:
                queue.group.ready[urgency].push(queue, first[0])
        queue.group.sleeping.discard(queue)
        if wake < inf:
            queue.group.sleeping.push(queue, (wake,))
        elif first is None:
            self._drop_queue(queue)

    # ------------------------------------------------------------ what waits

    def record_updates(self, on: bool) -> None:
        """Whether `take_updated` is to tell anything."""
        self._updated = {} if on else None
        if on:
            self._dirty.update(dict.fromkeys(self._queues.values()))

    def take_updated(self) -> dict[str, Budget]:
        """The budgets, by key, of which other calls may wait than at the last look; the shared ones always."""
        assert self._updated is not None  # they are recorded
        updated, self._updated = self._updated, {}
        for group in self._groups.values():
            updated.update((budget.key, budget) for budget in group.shared_budgets)
        return updated

    def waiting_calls(self, budget: Budget, now: float) -> tuple[WaitingCall, ...]:
        """The first calls that this budget holds back, in order, as of the last look for the next call."""
        found: list[tuple[Rank, int]] = []
        for queue in self._queues_by_budget.get(budget.key, {}):
            first = queue.ready.peek()
            if first is not None and self._holds_back(budget, first[0], queue, now):
                found.extend((rank, queue.lane_key[2]) for rank, _ in queue.ready.first(MAX_WAITING))
        for group in self._groups.values():
            if budget in group.shared_budgets:
                for queues in group.ready.values():
                    ready = queues.peek()
                    if ready is not None and self._holds_back(budget, ready[0], ready[1], now):
                        found.extend((rank, queue.lane_key[2]) for rank, queue in queues.first(MAX_WAITING))
        return tuple(
            WaitingCall(Urgency(int(rank[0])), rank[1], min(slots, budget.slots))
            for rank, slots in sorted(found)[:MAX_WAITING]
        )

    def _holds_back(self, budget: Budget, rank: Rank, queue: SendQueue, now: float) -> bool:
        return self._earliest_start((budget,), Urgency(int(rank[0])), now, queue.lane_key[2], rank[1]) > now

    # ------------------------------------------------------------ adding and dropping queues

    def _open_queue(self, lane: Lane) -> SendQueue:
        """The queue of a lane, created if need be."""
        own = tuple(budget for budget in lane.budgets if not budget.shared)
        shared = tuple(budget for budget in lane.budgets if budget.shared)
        keys = tuple(budget.key for budget in own), tuple(budget.key for budget in shared), lane.slots_per_call
        if (queue := self._queues.get(keys)) is None:
            group = self._groups.setdefault(keys[1], QueueGroup(shared_budgets=shared))
            group.queue_count += 1
            queue = self._queues[keys] = SendQueue(lane_key=keys, own_budgets=own, group=group)
            for key in keys[0]:
                self._queues_by_budget.setdefault(key, {})[queue] = None
        return queue

    def _drop_queue(self, queue: SendQueue) -> None:
        """Drops an empty queue, and its group with the last one."""
        own, shared, _ = queue.lane_key
        del self._queues[queue.lane_key]
        for key in own:
            del self._queues_by_budget[key][queue]
            if not self._queues_by_budget[key]:
                del self._queues_by_budget[key]
        queue.group.queue_count -= 1
        if queue.group.queue_count == 0:
            del self._groups[shared]
