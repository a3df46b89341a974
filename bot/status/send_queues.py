"""Who stands where while waiting for a slot. Pure.

Knows ranks, times and budgets' answers; what a job wants, and how its calls go, is `pacing`'s.

Jobs whose lanes draw on the same budgets of a chat's own, at the same cost, stand in one line. Lines that draw
on the same shared budgets form a pool. A line sleeps while its own budgets have nothing for its first job, a
pool's first awake line is asked against the shared budgets at each look: so a look costs O(log n) however many
jobs and chats there are.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from math import inf

from bot.chat import Budget, Lane
from bot.status.budgets import Urgency
from bot.status.priority_queue import Heap, Rank

Opens = Callable[[Iterable[Budget], Urgency, float, int], float]
Keys = tuple[str, ...]
Place = tuple[Keys, Keys, int]  # own budgets, shared budgets, cost


@dataclass(slots=True, eq=False, kw_only=True)
class Pool:
    """Lines that could start their first call as far as their own budgets go, and lines to look at in
    time."""

    shared: tuple[Budget, ...]
    lines: int = 0
    awake: "Heap[Line]" = field(default_factory=lambda: Heap[Line]())
    asleep: "Heap[Line]" = field(default_factory=lambda: Heap[Line]())


@dataclass(slots=True, eq=False, kw_only=True)
class Line:
    """Jobs by rank that may go, and jobs by time (then rank) that have to wait for it."""

    keys: Place
    own: tuple[Budget, ...]
    pool: Pool
    ready: Heap[str] = field(default_factory=Heap[str])
    later: Heap[str] = field(default_factory=Heap[str])


class Lines:
    """All lines. A rank begins with the urgency, and no two jobs have the same."""

    def __init__(self, opens: Opens) -> None:
        self._opens = opens
        self._lines: dict[Place, Line] = {}
        self._pools: dict[Keys, Pool] = {}
        self._drawing: dict[str, dict[Line, None]] = {}  # budget of a chat's own -> lines that draw on it
        self._changed: dict[Line, None] = {}  # to be looked at anew; a dict keeps their order

    def __len__(self) -> int:
        return len(self._lines) + len(self._pools) + len(self._drawing) + len(self._changed)

    def join(self, job: str, lane: Lane, rank: Rank, not_before: float) -> None:
        """The job waits for a call in this lane. It must not stand in any line."""
        line = self._line(lane)
        line.later.put(job, (not_before, *rank))
        self._changed[line] = None

    def leave(self, job: str, lane: Lane) -> None:
        """The job waits no more; `lane` as it joined."""
        line = self._line(lane)
        line.ready.discard(job)
        line.later.discard(job)
        self._changed[line] = None

    def touch(self, lane: Lane) -> None:
        """The lane's own budgets may have more to give, or less, for another reason than that time passed."""
        for budget in lane.budgets:
            self._changed.update(self._drawing.get(budget.key, {}))

    def best(self, now: float) -> str | float:
        """Whose call may start: the smallest rank of all. If there is none: when to look again, maybe
        infinite."""
        self._look(now)
        able: list[tuple[Rank, str]] = []
        wake = inf
        for pool in self._pools.values():
            if (sleeper := pool.asleep.top()) is not None:
                wake = min(wake, sleeper[0][0])
            if (awake := pool.awake.top()) is None:
                continue
            first = awake[1].ready.top()
            assert first is not None  # or the line would not be awake
            opens = self._opens(pool.shared, Urgency(int(first[0][0])), now, awake[1].keys[2])
            if opens > now:
                wake = min(wake, opens)
            else:
                able.append(first)
        return min(able)[1] if able else wake

    def _look(self, now: float) -> None:
        """Brings every line that changed, or whose time has come, up to date."""
        for pool in self._pools.values():
            while (sleeper := pool.asleep.top()) is not None and sleeper[0][0] <= now:
                pool.asleep.discard(sleeper[1])
                self._changed[sleeper[1]] = None
        changed, self._changed = self._changed, {}
        for line in changed:
            self._place(line, now)

    def _place(self, line: Line, now: float) -> None:
        """Where a line stands in its pool: awake, asleep, neither (until a call ends), or nowhere any
        more."""
        while (due := line.later.top()) is not None and due[0][0] <= now:
            line.later.discard(due[1])
            line.ready.put(due[1], due[0][1:])
        wake = inf if due is None else due[0][0]
        first = line.ready.top()
        line.pool.awake.discard(line)
        if first is not None:
            opens = self._opens(line.own, Urgency(int(first[0][0])), now, line.keys[2])
            if opens > now:
                wake = min(wake, opens)
            else:
                line.pool.awake.put(line, first[0])
        line.pool.asleep.discard(line)
        if wake < inf:
            line.pool.asleep.put(line, (wake,))
        elif first is None:
            self._close(line)

    # ------------------------------------------------------------ opening and closing

    def _line(self, lane: Lane) -> Line:
        own = tuple(budget for budget in lane.budgets if not budget.shared)
        shared = tuple(budget for budget in lane.budgets if budget.shared)
        keys = tuple(budget.key for budget in own), tuple(budget.key for budget in shared), lane.slots_per_call
        if (line := self._lines.get(keys)) is None:
            pool = self._pools.setdefault(keys[1], Pool(shared=shared))
            pool.lines += 1
            line = self._lines[keys] = Line(keys=keys, own=own, pool=pool)
            for key in keys[0]:
                self._drawing.setdefault(key, {})[line] = None
        return line

    def _close(self, line: Line) -> None:
        """Forgets a line in which nobody stands."""
        own, shared, _ = line.keys
        del self._lines[line.keys]
        for key in own:
            del self._drawing[key][line]
            if not self._drawing[key]:
                del self._drawing[key]
        line.pool.lines -= 1
        if line.pool.lines == 0:
            del self._pools[shared]
