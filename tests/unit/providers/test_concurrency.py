"""The number of requests that a provider takes at once is learned: doubled, halved once a burst, probed one by one."""

import heapq
from dataclasses import dataclass
from itertools import pairwise

import pytest

from bot.providers.concurrency import RELEARN_AFTER_S, START, TAKEN_AFTER_S, LearnedLimit, PendingRequest


def fill(learned: LearnedLimit, now: float = 0.0) -> list[PendingRequest]:
    """As many requests as may be in progress."""
    begun: list[PendingRequest] = []
    while not learned.is_full:
        begun.append(learned.begin(now))
    return begun


def test_each_wave_that_is_taken_is_followed_by_one_of_twice_its_size() -> None:
    learned = LearnedLimit(start=4, most=100)
    wave = fill(learned)
    for limit in (12, 28):
        following: list[PendingRequest] = []
        for request in wave:
            learned.take(request, 0.0)
            learned.take(request, 0.0)  # an answer goes on
            following += fill(learned)
        assert learned.limit == limit
        wave = following


def test_it_does_not_grow_unless_it_is_needed_or_beyond_the_cap() -> None:
    learned = LearnedLimit(start=4, most=5)
    learned.take(learned.begin(0.0), 0.0)
    assert learned.limit == 4
    for _ in range(2):
        for request in fill(learned):
            learned.take(request, 0.0)
    assert learned.limit == 5
    assert LearnedLimit(start=9, most=3).limit == 3


def test_a_burst_of_refusals_halves_it_once() -> None:
    learned = LearnedLimit(start=16, most=100)
    burst = fill(learned)
    for request in burst:
        learned.refuse(request, 1.0)
        learned.end(request)
    assert learned.limit == 8
    later = fill(learned, 2.0)
    learned.refuse(later[0], 3.0)
    assert learned.limit == 4


def test_it_never_falls_below_one() -> None:
    learned = LearnedLimit(start=3, most=100)
    for _ in range(5):
        refused = learned.begin(0.0)
        learned.refuse(refused, 0.0)
        learned.end(refused)
    assert learned.limit == 1
    assert not learned.is_full


def test_after_a_refusal_it_grows_by_one_for_each_window_and_fast_again_after_a_while() -> None:
    learned = LearnedLimit(start=16, most=100)
    requests = fill(learned)
    learned.refuse(requests[0], 0.0)
    for request in requests[1:]:
        learned.take(request, 0.0)  # of the window that was refused: proves nothing
        learned.end(request)
    learned.end(requests[0])
    assert learned.limit == 8
    for at, grown in ((1.0, 8), (2.0, 9), (3.0, 10)):
        window = fill(learned, at)
        for request in window:
            learned.take(request, at)
        for request in window:
            learned.end(request)
        assert learned.limit == grown
    for request in fill(learned, RELEARN_AFTER_S):
        learned.take(request, RELEARN_AFTER_S)
        fill(learned, RELEARN_AFTER_S)
    assert learned.limit == 12


def test_what_is_silent_for_a_while_was_taken() -> None:
    learned = LearnedLimit(start=2, most=100)
    assert learned.silent_until() is None
    first, second = learned.begin(0.0), learned.begin(1.0)
    assert learned.silent_until() == TAKEN_AFTER_S
    assert learned.silent_since(0.5) == [first]
    learned.take(first, TAKEN_AFTER_S)
    assert learned.silent_since(0.5) == []
    assert (first.is_taken, second.is_taken, learned.limit) == (True, False, 4)
    assert learned.silent_until() == 1.0 + TAKEN_AFTER_S


# ---------------------------------------------------------------- against an upstream with a hidden limit


@dataclass
class Outcome:
    """What became of a crowd."""

    seconds: float
    refused: int
    busy: float
    """Requests in progress at the upstream, on average of the middle half of the time."""


def serve_crowd(
    jobs: int, hidden: int, *, paint_s: float, answer_s: float, retry_s: float, start: int = START
) -> Outcome:
    """A crowd of jobs that come at once, at an upstream that takes `hidden` requests and refuses the others after
    `answer_s`, to come again in `retry_s`."""
    learned = LearnedLimit(start=start, most=500)
    now, waiting, painted, refused, painting, order = 0.0, jobs, 0, 0, 0, 0
    events: list[tuple[float, int, str, PendingRequest | None]] = []
    area: list[tuple[float, int]] = []

    def after(seconds: float, what: str, request: PendingRequest | None) -> None:
        nonlocal order
        order += 1
        heapq.heappush(events, (now + seconds, order, what, request))

    while painted < jobs:
        while waiting and not learned.is_full:
            waiting -= 1
            request = learned.begin(now)
            if painting < hidden:
                painting += 1
                after(answer_s, "taken", request)
                after(paint_s, "painted", request)
            else:
                after(answer_s, "refused", request)
        area.append((now, painting))
        now, _, what, request = heapq.heappop(events)
        match what, request:
            case "taken", PendingRequest():
                learned.take(request, now)
            case "painted", PendingRequest():
                painted, painting = painted + 1, painting - 1
                learned.take(request, now)
                learned.end(request)
            case "refused", PendingRequest():
                refused += 1
                learned.refuse(request, now)
                learned.end(request)
                after(retry_s, "again", None)
            case _:
                waiting += 1
    middle = [(at, count) for at, count in area if now / 4 <= at <= now * 3 / 4]
    spans = [(later - at, count) for (at, count), (later, _) in pairwise(middle)]
    busy = sum(span * count for span, count in spans) / max(sum(span for span, _ in spans), 1.0)
    return Outcome(now, refused, busy)


@pytest.mark.parametrize("hidden", [1, 3, 5, 16, 20, 60, 100])
@pytest.mark.parametrize(("paint_s", "retry_s"), [(20.0, 1.0), (60.0, 20.0), (5.0, 5.0)])
def test_a_crowd_finds_the_limit_that_nobody_named(hidden: int, paint_s: float, retry_s: float) -> None:
    jobs = max(60, hidden * 12)
    crowd = serve_crowd(jobs, hidden, paint_s=paint_s, answer_s=0.3, retry_s=retry_s)
    assert crowd.busy >= 0.5 * hidden
    assert crowd.refused <= 2 * START + 0.15 * jobs


@pytest.mark.parametrize("answer_s", [0.05, 0.5, 1.5])
def test_a_crowd_at_a_healthy_provider_hardly_waits(answer_s: float) -> None:
    crowd = serve_crowd(200, 1000, paint_s=30.0, answer_s=answer_s, retry_s=1.0)
    assert (crowd.refused, crowd.seconds) == (0, pytest.approx(30.0 + 4 * answer_s))
