"""Paces calls to chat platforms: decides which message is sent next, and when. Pure: no asyncio, no clock, no text.

`now` is a monotonic time in seconds, never falling. A message has at most one pending request (final state, first or
further post, progress) and at most one call in flight. A call may start when every budget of its lane has a slot for
its urgency (`budgets` says what is reserved, and why). Of all that may start, final states go first, then first posts,
then further posts, each the longest waiting first; then progress, the stalest message first.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import count
from math import inf
from types import MappingProxyType

from bot.chat import Lane
from bot.status.budgets import RateWindows, Urgency
from bot.status.priority_queue import Rank
from bot.status.send_queues import SendQueues

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
        request = self._messages[found].request
        assert request is not None  # a message in a queue has a request
        return SendGrant(key=found, urgency=request.urgency, lane=request.lane)

    # ------------------------------------------------------------ outcomes of calls

    def start_call(self, grant: SendGrant, now: float) -> None:
        """Takes the slots of the call that `next_call` just offered, and its request.

        The message gets no other call until `finish_call`, `fail_call` or `reject_call` says how this one ended.
        """
        message = self._messages[grant.key]
        request = message.request
        self._withdraw_request(grant.key, message)
        message.in_flight = _CallInFlight(request=request)
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

    def _end_call(self, grant: SendGrant, now: float, retry_at: float | None = None) -> None:
        """Ends a call; its request returns at `retry_at`, if given."""
        message = self._messages[grant.key]
        call, message.in_flight = message.in_flight, None
        assert call is not None  # only started calls end
        message.last_call = now
        self._queues.mark_changed(grant.lane)
        if not message.is_open:
            del self._messages[grant.key]
            return
        if retry_at is not None and call.request is not None:
            message.request = _merge_requests(replace(call.request, not_before=retry_at), message.request)
        self._enqueue(grant.key, message)

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
