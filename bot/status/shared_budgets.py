"""Slots of budgets that several processes draw on: asked for in the database, and only while there are several.

Decides nothing about who gets a slot (`shared_windows`) or which message is next (`pacing`). A process that is alone
asks nobody. One that is joined by another writes down what it has used, and asks from then on; the other one makes no
call before that. Without the database nobody can be sure of a slot, so calls wait for it, as everything does that leads
to a final state.
"""

from collections.abc import Callable
from dataclasses import replace
from math import inf

import structlog

from bot.errors import StoreFailed
from bot.ports import BudgetStorage, Membership
from bot.runtime.clock import Clock
from bot.status.pacing import Pacer, SendGrant
from bot.status.shared_windows import exchange, read_uses

log = structlog.get_logger()

JOIN_POLL_S = 0.1  # between two looks at whether the others share their budgets yet; they hear of a new one in a second
RETRY_S = 0.5  # pause after the database failed
CLEAN_S = 60.0  # between two deletions of rows that nobody uses
ALONE_POLL_S = 1.0  # between two tries to be alone again
MAX_CLOCK_STEP_S = 1.0  # of the database's clock against ours: beyond it, calls are put in order by the new time


class SharedBudgets:
    """The budgets of this process's pacer, as the processes of one Easel share them.

    `next_calls` is called by one task, in a loop, while `asks_nobody` is False.
    """

    def __init__(
        self,
        pacer: Pacer,
        storage: BudgetStorage,
        membership: Membership,
        clock: Clock,
        wake: Callable[[], None],
    ) -> None:
        """`wake` is called when processes come or go."""
        self._pacer = pacer
        self._storage = storage
        self._membership = membership
        self._clock = clock
        self._process: str | None = None  # under which budgets are shared; None: not yet
        self._is_alone = False
        self._joined = False  # whether all processes ask for their slots, this one included
        self._since_ahead: float | None = None
        self._alone_tried_at = -inf
        self._cleaned_at = clock.monotonic()
        self._failing = False
        membership.subscribe(lambda _change: wake())

    def asks_nobody(self) -> bool:
        """Whether calls may be made without asking for their slots. Local and free."""
        return self._is_alone and self._membership.alone() and self._membership.is_current()

    async def next_calls(self) -> tuple[list[SendGrant], float | None]:
        """Asks for slots. Returns the calls that may be made, and seconds after which to ask again at the latest; None:
        not before something changes here."""
        await self._membership.wait_until_current()
        try:
            result = await self._next_calls()
        except StoreFailed as failed:
            if not self._failing:
                log.warning("no calls to chats: nobody tells whether there are slots", detail=failed.detail)
            self._failing = True
            await self._clock.sleep(RETRY_S)
            return [], 0.0
        self._failing = False
        return result

    async def close(self) -> None:
        """Tells the others what was used last: this process makes no more calls."""
        if not self._joined or self._process != self._membership.id:
            return
        try:
            await self._exchange(calls=False)
        except StoreFailed as failed:
            log.info("budgets not given back", detail=failed.detail)

    # ------------------------------------------------------------ with others and without

    async def _next_calls(self) -> tuple[list[SendGrant], float | None]:
        process = self._membership.id
        if self._is_alone or self._process != process:
            self._begin_to_share(process)
        if not self._joined and not await self._join(process):
            await self._clock.sleep(JOIN_POLL_S)
            return [], 0.0
        now = self._clock.monotonic()
        if self._membership.alone() and now - self._alone_tried_at >= ALONE_POLL_S:
            self._alone_tried_at = now
            if await self._be_alone(process):
                return [], 0.0
        if now - self._cleaned_at >= CLEAN_S:
            self._cleaned_at = now
            await self._storage.delete_free_budgets()
        grants = await self._exchange()
        return ([], self._wait_s()) if grants is None else (grants, 0.0)

    def _wait_s(self) -> float | None:
        now = self._clock.monotonic()
        found = self._pacer.next_call(now)
        if isinstance(found, SendGrant):  # by now it may start
            return 0.0
        waits = [] if found is None else [found - now]
        return min([*waits, ALONE_POLL_S] if self._membership.alone() else waits, default=None)

    def _begin_to_share(self, process: str) -> None:
        """Others are here, or this process goes on as another: all that it uses is to be announced."""
        self._process = process
        self._is_alone = self._joined = False
        self._pacer.share_budgets()

    async def _join(self, process: str) -> bool:
        """Tells what was used until now, and that no call is made any more without asking. False: another process still
        makes such calls."""
        await self._exchange(calls=False)
        others = await self._storage.register_budget_process(process, shares=True)
        self._joined = all(others.values())
        return self._joined

    async def _be_alone(self, process: str) -> bool:
        """Heeds what others have used, and asks nobody from now on. False: somebody has come meanwhile. Who comes later
        sees that this process does not share, and waits until it does; what others have used stays written down until
        then, since this process tells only its own use."""
        self._joined = False
        if await self._storage.register_budget_process(process, shares=False):
            await self._storage.register_budget_process(process, shares=True)
            self._joined = True
            return False
        rows, database_now = await self._storage.leave_budgets(process)
        now = self._clock.monotonic()
        inherited = {key: read_uses(row, database_now) for key, row in rows.items()}
        behind = now - database_now
        self._pacer.unshare_budgets({key: use.shifted(behind) for key, use in inherited.items()}, now)
        self._is_alone = True
        return True

    # ------------------------------------------------------------ slots

    async def _exchange(self, *, calls: bool = True) -> list[SendGrant] | None:
        """Asks for the slots of calls that may start as far as is known here, unless `calls` is False, and tells what
        has changed. None: there was nothing to ask or to tell. Raises StoreFailed."""
        asked = self._pacer.ask_for_slots(self._clock.monotonic(), calls=calls)
        if asked is None:
            return None
        process = self._process
        assert process is not None  # it has begun to share
        request = replace(asked, since_ahead=self._since_ahead)
        try:
            answer = await self._storage.update_budgets(
                request.budgets.keys(), lambda locked: exchange(request, locked, process)
            )
        except BaseException:
            self._pacer.withdraw_request(request)
            raise
        if not self._membership.is_current() or self._membership.id != process:  # no call may be made any more
            self._pacer.withdraw_request(request)
            return []
        if self._since_ahead is None or abs(answer.ahead - self._since_ahead) > MAX_CLOCK_STEP_S:
            self._since_ahead = answer.ahead
        return self._pacer.apply_answer(request, answer, self._clock.monotonic())
