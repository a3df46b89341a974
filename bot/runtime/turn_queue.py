"""Steps of many jobs, one in each turn of the event loop: whoever waits for a turn of their own waits for one step.

Hundreds of paintings that begin or end together would all go on in the same turn, which took 50 ms and more: so long a
message that had just come in, and is shown after a dozen turns, waited for each of them. Knows nothing of jobs.
"""

import asyncio
from collections import deque
from collections.abc import Callable


class TurnQueue:
    """A queue whose first step runs at once, and each further one in the next turn of the loop."""

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_taken = False  # a step has run in this turn

    def __len__(self) -> int:
        """Number of steps that wait."""
        return len(self._waiting)

    def call(self, step: Callable[[], None]) -> None:
        """Runs a step: now, or in a later turn after those that came before. What it raises is the event loop's."""
        if self._is_taken:
            self._waiting.append(step)
            return
        self._is_taken = True
        asyncio.get_running_loop().call_soon(self._end_turn)
        step()

    async def wait_turn(self) -> None:
        """Returns when it is the caller's turn: at once where nobody had one in this turn of the loop."""
        if not self._is_taken:
            self._is_taken = True
            asyncio.get_running_loop().call_soon(self._end_turn)
            return
        turn = asyncio.get_running_loop().create_future()
        self._waiting.append(lambda: None if turn.done() else turn.set_result(None))
        await turn

    def _end_turn(self) -> None:
        if not self._waiting:
            self._is_taken = False
            return
        asyncio.get_running_loop().call_soon(self._end_turn)
        self._waiting.popleft()()
