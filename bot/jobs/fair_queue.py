"""The queue of waiting jobs, fair over users: which job is next, and every job's position.

Pure: knows jobs and users by their ids only; the caller starts the jobs that it returns.
"""

import heapq
from collections import Counter, OrderedDict, deque
from itertools import count


class FairQueue:
    """Round robin over users, fewest running jobs first; one user's jobs run in order."""

    def __init__(self, *, concurrency: int, user_concurrent: int) -> None:
        """`concurrency`: jobs that run at once in all. `user_concurrent`: of them, those of one user."""
        self._concurrency = concurrency
        self.user_concurrent = user_concurrent
        """May be changed; it holds for whoever starts from then on."""
        self._waiting: OrderedDict[str, deque[str]] = OrderedDict()  # user -> jobs; users in the order of their turns
        self._running: dict[str, str] = {}  # job -> user

    def enqueue(self, job: str, user: str) -> None:
        """Queues the job behind the user's other jobs."""
        self._waiting.setdefault(user, deque()).append(job)

    def start_if_next(self, job: str, user: str) -> bool:
        """Counts the job as running from now if it would be next and a slot is free; else it is not queued either."""
        self.enqueue(job, user)
        if self.start_next() == job:  # no other job's: those that wait, wait because no slot is free to them
            return True
        self.remove(job)
        return False

    def start_next(self) -> str | None:
        """Takes the next job that may run, counted as running from now; None when none may."""
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
        """Removes a job that has ended, or waits no longer. Whether it was still waiting."""
        if self._running.pop(job, None) is not None:
            return False
        for user, jobs in self._waiting.items():
            if job in jobs:
                jobs.remove(job)
                if not jobs:
                    del self._waiting[user]
                return True
        return False

    def count(self, user: str) -> int:
        """How many jobs of a user wait or run."""
        return len(self._waiting.get(user, ())) + sum(owner == user for owner in self._running.values())

    def positions(self) -> dict[str, int]:
        """The position of every waiting job, 1 for the next, if no other job came or ended."""
        running = Counter(self._running.values())
        turns = [(running[user], turn, iter(jobs)) for turn, (user, jobs) in enumerate(self._waiting.items())]
        heapq.heapify(turns)
        later = count(len(turns))  # a user who had a turn comes after all who had none
        positions: dict[str, int] = {}
        while turns:
            served, _, jobs = turns[0]
            job = next(jobs, None)
            if job is None:
                heapq.heappop(turns)
            else:
                positions[job] = len(positions) + 1
                heapq.heapreplace(turns, (served + 1, next(later), jobs))
        return positions

    def _next_user(self) -> str | None:
        """The waiting user with the fewest running jobs, below the limit; among equals the one whose turn is first."""
        running = Counter(self._running.values())
        eligible = [user for user in self._waiting if running[user] < self.user_concurrent]
        return min(eligible, key=running.__getitem__, default=None)
