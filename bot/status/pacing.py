"""Paces calls to chat platforms: decides which message is sent next, and when. Pure: no asyncio, no clock, no text.

`now` is a monotonic time in seconds, never falling. A message has at most one pending request (final state, first or
further post, progress) and at most one call in flight. A call may start when every budget of its lane has a slot for
its urgency (`budgets` says what is reserved, and why). Of all that may start, final states go first, then first posts,
then further posts, each the longest waiting first; then progress, the stalest message first.

While several processes draw on the budgets (`share_budgets`), what is known here of their slots may be outdated: calls
that may start as far as is known are asked for in a `SlotRequest`, and made when the answer grants them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from itertools import count
from math import inf
from types import MappingProxyType

from bot.chat import Lane
from bot.status.budget_use import BudgetUse, Urgency
from bot.status.budgets import RateWindows
from bot.status.priority_queue import Rank
from bot.status.send_queues import SendQueues
from bot.status.shared_windows import SlotAnswer, SlotRequest

LOOK_AGAIN_S = 0.5  # that what other processes do is taken for granted; below every period but that of progress
MAX_ASKED_CALLS = 64  # in one request: more than all processes may make in a second

NO_RESETS: Mapping[str, float] = MappingProxyType({})

__all__ = ["Pacer", "SendGrant", "Urgency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class SendGrant:
    """Permission to make a call now."""

    key: str
    """Key of the message."""

    urgency: Urgency
    """What it is sent for."""

    lane: Lane
    """The budgets that the call draws on."""

    since: float = field(default=inf, compare=False)
    """When it was requested; of progress, when the message's last call started or ended. Monotonic, seconds."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _SendRequest:
    """What a message waits to be sent for."""

    urgency: Urgency
    lane: Lane
    requested_at: float  # monotonic, seconds
    order: int  # breaks ties
    not_before: float = -inf  # monotonic, seconds; after a failed or rejected call


@dataclass(slots=True, kw_only=True)
class _CallInFlight:
    """A call in flight, and the request it serves; None when the message was dropped meanwhile."""

    request: _SendRequest | None
    previous_call: float
    """`_PacedMessage.last_call` before it."""


@dataclass(slots=True, kw_only=True)
class _PacedMessage:
    """What is known of one message."""

    request: _SendRequest | None = None
    in_flight: _CallInFlight | None = None
    expected_lane: Lane | None = None  # where slots are reserved for its final state
    last_call: float = -inf  # monotonic time at which its last call started or ended
    is_open: bool = True


class Pacer:
    """All pending requests of all chats, and the budgets they draw on."""

    def __init__(self) -> None:
        self._messages: dict[str, _PacedMessage] = {}
        self._windows = RateWindows()
        self._queues = SendQueues(self._windows.earliest_start)
        self._order = count()
        self._asked: list[SendGrant] = []  # calls that slots are asked for, in order

    def __len__(self) -> int:
        """Number of tracked entries; 0 at the first look after all messages are dropped, their slots free, and no first
        post was asked for in the last `budgets.FIRST_POSTS_S` seconds."""
        return len(self._messages) + len(self._windows) + len(self._queues)

    # ------------------------------------------------------------ requests

    def request_call(self, key: str, urgency: Urgency, lane: Lane, now: float) -> None:
        """Requests a call for a message. Replaces a request that is no more urgent; ignored beside a more urgent one.

        What the call will show is not kept here, so repeating a request keeps its place.
        """
        message = self._open_message(key)
        old = message.request
        if old is not None and old.urgency < urgency:
            return
        request = _SendRequest(urgency=urgency, lane=lane, requested_at=now, order=next(self._order))
        if old is not None and old.urgency == urgency:
            request = replace(request, requested_at=old.requested_at, order=old.order)
        if request == old:
            return
        self._withdraw_request(key, message)
        message.request = request
        if message.expected_lane is not None:
            self._set_expected_lane(message, lane)
        if urgency is Urgency.FIRST:
            self._expect_first_posts(lane, now)
        self._enqueue(key, message)

    def post_urgency(self, lane: Lane, now: float) -> Urgency:
        """The urgency of a new message: FIRST in a chat that is at rest, FURTHER in one whose own budgets are in use,
        or where another message waits for them already."""
        own = [budget for budget in lane.budgets if not budget.shared]
        busy = self._queues.any_waiting(own) or self._windows.any_in_use(own, now)
        return Urgency.FURTHER if busy else Urgency.FIRST

    def posts_at_once(self, lane: Lane, now: float) -> bool:
        """Whether a new message could be posted now: its chat is at rest, and every budget has a slot."""
        if self.post_urgency(lane, now) is not Urgency.FIRST:
            return False
        return self._windows.earliest_start(lane.budgets, Urgency.FIRST, now, lane.slots_per_call) <= now

    def expect_final(self, key: str, lane: Lane) -> None:
        """Reserves slots for the message's final state until it is dropped, in this lane or that of a later request."""
        self._set_expected_lane(self._open_message(key), lane)

    def drop_message(self, key: str) -> None:
        """Forgets a message that is over or cancelled, except for the slots of its calls."""
        if (message := self._messages.get(key)) is None:
            return
        self._withdraw_request(key, message)
        self._set_expected_lane(message, None)
        message.is_open = False
        if message.in_flight is None:
            del self._messages[key]
        else:
            message.in_flight.request = None

    # ------------------------------------------------------------ the next call

    def next_call(self, now: float) -> SendGrant | float | None:
        """A call that may start now, offered until it is started; else the monotonic time to look again.

        None: time alone changes nothing, because nothing is requested, or what is waits for a call in flight to end.
        After any other method, too, a look is worthwhile.
        """
        self._windows.drop_idle(now)
        found = self._queues.next_key(now)
        if not isinstance(found, str):
            return found if found < inf else None
        message = self._messages[found]
        request = message.request
        assert request is not None  # a message in a queue has a request
        was_sent = message.last_call > -inf  # else another process has, and the time is said as a number
        since = message.last_call if request.urgency is Urgency.PROGRESS and was_sent else request.requested_at
        return SendGrant(key=found, urgency=request.urgency, lane=request.lane, since=since)

    # ------------------------------------------------------------ outcomes of calls

    def start_call(self, grant: SendGrant, now: float) -> None:
        """Takes the slots of the call that `next_call` just offered, and its request.

        The message gets no other call until `finish_call`, `fail_call` or `reject_call` says how this one ended.
        """
        message = self._messages[grant.key]
        request = message.request
        self._withdraw_request(grant.key, message)
        message.in_flight = _CallInFlight(request=request, previous_call=message.last_call)
        message.last_call = now
        for budget in grant.lane.budgets:
            self._windows.open_window(budget).begin_call(now, grant.lane.slots_per_call)
        self._queues.mark_changed(grant.lane)

    def finish_call(self, grant: SendGrant, now: float, resets: Mapping[str, float] = NO_RESETS) -> None:
        """The call succeeded. `resets`: when the platform says that slots are free, monotonic, by budget key."""
        self._hold_slots(grant, now, resets)
        self._end_call(grant, now)

    def fail_call(self, grant: SendGrant, now: float, retry_in: float) -> None:
        """The call failed but may succeed later: it used its slots, and its request returns after `retry_in` seconds
        unless a newer one, no less urgent, has taken its place."""
        self._hold_slots(grant, now)
        self._end_call(grant, now, retry_at=now + retry_in)

    def reject_call(self, grant: SendGrant, retry_after: float, now: float, *, everywhere: bool = False) -> None:
        """The platform rejected the call (429): it used no slot, the chat's own budgets pause for `retry_after`
        seconds, and its request returns then unless a newer one, no less urgent, has taken its place. `everywhere`:
        the budgets that it shares with other chats pause as well."""
        until = now + retry_after
        for budget in grant.lane.budgets:
            window = self._windows.open_window(budget)
            window.cancel_call(grant.lane.slots_per_call)
            if everywhere or not budget.shared:
                window.pause_until(until)
            self._windows.schedule_idle_check(budget.key, until)
        self._end_call(grant, now, retry_at=until)

    def _hold_slots(self, grant: SendGrant, now: float, resets: Mapping[str, float] = NO_RESETS) -> None:
        """Holds the slots of a call that ended, each budget until its window frees them."""
        for budget in grant.lane.budgets:
            free = self._windows.open_window(budget).end_call(now, grant.lane.slots_per_call, resets.get(budget.key))
            self._windows.schedule_idle_check(budget.key, free)

    def _end_call(self, grant: SendGrant, now: float | None, retry_at: float | None = None) -> None:
        """Ends a call; its request returns at `retry_at`, if given. `now` None: it was not made."""
        message = self._messages[grant.key]
        call, message.in_flight = message.in_flight, None
        assert call is not None  # only started calls end
        message.last_call = call.previous_call if now is None else now
        self._queues.mark_changed(grant.lane)
        if not message.is_open:
            del self._messages[grant.key]
            return
        if retry_at is not None and call.request is not None:
            message.request = _merge_requests(replace(call.request, not_before=retry_at), message.request)
        self._enqueue(grant.key, message)

    # ------------------------------------------------------------ several processes

    def share_budgets(self) -> None:
        """Other processes draw on the budgets from now on: the next SlotRequest tells of all that are in use."""
        self._windows.record_changes()
        self._queues.record_updates(True)

    def unshare_budgets(self, inherited: Mapping[str, BudgetUse], now: float) -> None:
        """No other process draws on the budgets any more. `inherited`: what they have used of them, by budget key."""
        self._queues.record_updates(False)
        self._windows.stop_recording(inherited, now)
        for budget in self._windows.budgets():
            self._queues.mark_budget_changed(budget)

    def ask_for_slots(self, now: float, *, calls: bool = True) -> SlotRequest | None:
        """Starts the calls that may start as far as is known here, and asks for their slots; tells what has changed of
        all else. `apply_answer` or `withdraw_request` must follow. None: there is nothing to ask or to tell. `calls`
        False: starts none."""
        last_starts: dict[str, float] = {}
        slots: dict[str, int] = {}
        found = self.next_call(now)
        while calls and isinstance(found, SendGrant) and len(self._asked) < MAX_ASKED_CALLS:
            for budget in found.lane.budgets:
                last_starts.setdefault(budget.key, self._windows.own_use(budget.key, now).last_start)
                slots[budget.key] = slots.get(budget.key, 0) + found.lane.slots_per_call
            self.start_call(found, now)
            self._asked.append(found)
            found = self.next_call(now)
        self._update_waiting(now)
        budgets = self._windows.take_changes()
        uses = {key: self._windows.own_use(key, now) for key in budgets}
        for key, asked in slots.items():
            left = uses[key].slots_in_flight - asked
            uses[key] = replace(uses[key], slots_in_flight=left, last_start=last_starts[key])
        return SlotRequest(now=now, budgets=budgets, uses=uses, calls=tuple(self._asked)) if budgets else None

    def apply_answer(self, request: SlotRequest, answer: SlotAnswer, now: float) -> list[SendGrant]:
        """Returns the calls that may be made; the others wait in their old places."""
        asked, self._asked = self._asked, []
        for grant, granted in zip(asked, answer.granted, strict=True):
            if not granted:
                self._return_call(grant)
        for key, budget in request.budgets.items():
            self._windows.set_shared(budget, answer.own[key], answer.others[key], now + LOOK_AGAIN_S)
            self._queues.mark_budget_changed(budget)
        return [grant for grant, granted in zip(asked, answer.granted, strict=True) if granted]

    def withdraw_request(self, request: SlotRequest) -> None:
        """Nobody has answered: the next request tells the same again."""
        asked, self._asked = self._asked, []
        for grant in asked:
            self._return_call(grant)
        for key, budget in request.budgets.items():
            self._windows.set_untold(budget, request.uses[key].last_start)

    def _return_call(self, grant: SendGrant) -> None:
        """The call was not made: it used no slot."""
        for budget in grant.lane.budgets:
            self._windows.return_slots(budget, grant.lane.slots_per_call)
        self._end_call(grant, None, retry_at=-inf)

    def _update_waiting(self, now: float) -> None:
        for key, budget in self._queues.take_updated().items():
            waiting = self._queues.waiting_calls(budget, now)
            if waiting != self._windows.own_use(key, now).waiting:
                self._windows.open_window(budget).waiting = waiting
                self._windows.schedule_idle_check(key, -inf)

    # ------------------------------------------------------------ messages

    def _open_message(self, key: str) -> _PacedMessage:
        message = self._messages.setdefault(key, _PacedMessage())
        message.is_open = True
        return message

    def _set_expected_lane(self, message: _PacedMessage, lane: Lane | None) -> None:
        """Moves the slots reserved for the final state to `lane`; None releases them."""
        old, message.expected_lane = message.expected_lane, lane
        if old == lane:
            return
        for place, step in ((old, -1), (lane, 1)):
            if place is not None:
                for budget in place.budgets:
                    self._windows.open_window(budget).expected_finals += step
                    self._windows.schedule_idle_check(budget.key, -inf)
                self._queues.mark_changed(place)

    def _expect_first_posts(self, lane: Lane, now: float) -> None:
        for budget in lane.budgets:
            if budget.shared:
                until = self._windows.open_window(budget).expect_first_posts(now)
                self._windows.schedule_idle_check(budget.key, until)

    def _enqueue(self, key: str, message: _PacedMessage) -> None:
        """Adds the message's request, if any, to its queue, unless a call is in flight."""
        request = message.request
        if request is None or message.in_flight is not None:
            return
        if request.urgency is Urgency.PROGRESS:
            rank: Rank = (request.urgency, message.last_call, request.order)
            not_before = max(request.not_before, message.last_call + request.lane.edit_gap_s)
        else:
            rank, not_before = (request.urgency, request.requested_at, request.order), request.not_before
        self._queues.enqueue(key, request.lane, rank, not_before)

    def _withdraw_request(self, key: str, message: _PacedMessage) -> None:
        """Removes the message's request, if any, also from its queue."""
        request, message.request = message.request, None
        if request is not None and message.in_flight is None:
            self._queues.dequeue(key, request.lane)


def _merge_requests(failed: _SendRequest, newer: _SendRequest | None) -> _SendRequest:
    """The more urgent of a failed call's request and a newer one; of equals the newer, in the older's place."""
    if newer is None or failed.urgency < newer.urgency:
        return failed
    if failed.urgency == newer.urgency:
        return replace(newer, requested_at=failed.requested_at, order=failed.order)
    return newer
