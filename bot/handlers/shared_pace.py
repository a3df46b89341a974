"""How many requests users have sent lately, passed on to the processes that handle their other chats.

A limit of a user counts over all chats; of a chat over one, whose events one process handles.
"""

from collections import Counter
from collections.abc import Mapping
from typing import cast

import structlog

from bot.errors import StoreFailed
from bot.handlers.admission import Admission
from bot.ports import Bus, Membership
from bot.runtime.clock import Clock
from bot.runtime.supervision import Supervisor

log = structlog.get_logger()

TOPIC = "requests of users"  # on the bus, with counts by the users' keys
MAX_USERS = 100  # in one message: keys have up to 50 bytes, a message 7,000


class SharedPace:
    """Tells of each counted request, those of a moment together."""

    def __init__(self, admission: Admission, membership: Membership, bus: Bus, clock: Clock) -> None:
        self._admission = admission
        self._membership = membership
        self._bus = bus
        self._counted: Counter[str] = Counter()
        self._supervisor = Supervisor(clock)
        self._teller = self._supervisor.add_worker("requests of users", self._tell)
        admission.on_counted = self._note
        bus.subscribe(TOPIC, self._hear)

    def problem(self) -> str | None:
        """Why the others are not notified right now; None while they are."""
        return self._supervisor.problem()

    async def close(self) -> None:
        await self._supervisor.stop()

    def _note(self, user_key: str) -> None:
        if not self._membership.alone():
            self._counted[user_key] += 1
            self._teller.start()

    async def _tell(self) -> None:
        """A count that cannot be passed on is lost: it is good for a minute."""
        while self._counted:
            users = list(self._counted)[:MAX_USERS]
            counts = {user: self._counted.pop(user) for user in users}
            try:
                await self._bus.publish(TOPIC, counts)
            except StoreFailed as failed:
                log.warning("other processes not notified of requests", detail=failed.detail)

    def _hear(self, payload: object) -> None:
        if not isinstance(payload, Mapping):
            return
        for user_key, count in cast("Mapping[str, object]", payload).items():
            if isinstance(count, int):
                self._admission.count_elsewhere(user_key, count)
