"""The line of waiting jobs, fair over users: who is next, and who stands where.

Pure: knows jobs and users by their ids only; whoever holds it starts the jobs it names.
"""

import heapq
from collections import Counter, OrderedDict, deque
from itertools import count


class FairQueue:
    """Users take turns; one user's jobs go in order. A user who has more running comes after one who has fewer."""

    def __init__(self, *, concurrency: int, user_concurrent: int) -> None:
        """`concurrency` jobs run at once in all, `user_concurrent` of them of one user."""
        self._concurrency = concurrency
        self._user_concurrent = user_concurrent
        self._waiting: OrderedDict[str, deque[str]] = OrderedDict()  # user -> jobs; users in the order of their turns
        self._running: dict[str, str] = {}  # job -> user

    def enqueue(self, job: str, user: str) -> None:
        """The job waits behind the user's other jobs."""
        self._waiting.setdefault(user, deque()).append(job)

    def start_if_next(self, job: str, user: str) -> bool:
        """The job counts as running from now if its turn is at once; if not, it is not in line."""
        self.enqueue(job, user)
        if self.start_next() == job:  # nobody else's: whoever waits, waits because no turn is free
            return True
        self.remove(job)
        return False

    def start_next(self) -> str | None:
        """The next job that may run, counted as running from now; None when none may."""
        if len(self._running) >= self._concurrency:
            return None
        user = self._next_user()
        if user is None:
            return None
        job = self._waiting[user].popleft()
        if self._waiting[user]:
            self._waiting.move_to_end(user)
        else:
            del self._waiting[user]
        self._running[job] = user
        return job

    def remove(self, job: str) -> bool:
        """The job is over or gives up waiting. Whether it was still waiting."""
        if self._running.pop(job, None) is not None:
            return False
        for user, jobs in self._waiting.items():
            if job in jobs:
                jobs.remove(job)
                if not jobs:
                    del self._waiting[user]
                return True
        return False

    def positions(self) -> dict[str, int]:
        """Every waiting job with its place, 1 for the next: the order of turns if nothing else came."""
        running = Counter(self._running.values())
        turns = [(running[user], turn, iter(jobs)) for turn, (user, jobs) in enumerate(self._waiting.items())]
        heapq.heapify(turns)
        later = count(len(turns))  # whoever had a turn comes after all who had none
        places: dict[str, int] = {}
        while turns:
            served, _, jobs = turns[0]
            job = next(jobs, None)
            if job is None:
                heapq.heappop(turns)
            else:
                places[job] = len(places) + 1
                heapq.heapreplace(turns, (served + 1, next(later), jobs))
        return places

    def _next_user(self) -> str | None:
        """The waiting user with the fewest running jobs, below the limit; among equals, whose turn came first."""
        running = Counter(self._running.values())
        able = [user for user in self._waiting if running[user] < self._user_concurrent]
        return min(able, key=running.__getitem__, default=None)
