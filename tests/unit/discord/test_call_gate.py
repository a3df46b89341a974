"""Who has to wait for a rate limit of Discord's, and for how long; invalid requests never come near a ban."""

import math
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from adapters.discord.call_gate import (
    DEFAULT_RETRY_AFTER_S,
    EDGE_RETRY_AFTER_S,
    INVALID_WINDOW_S,
    MAX_RETRY_AFTER_S,
    MIN_RETRY_AFTER_S,
    SLOW_FROM,
    SLOW_PAUSE_S,
    CallGate,
    RateLimit,
    Scope,
    read_rate_limit,
)

NOW = datetime(2026, 11, 29, 12, 0, 0, tzinfo=UTC)
BAN_AT = 10_000  # invalid requests in INVALID_WINDOW_S


class Time:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("status", "headers", "body", "limit"),
    [
        (429, {}, {"retry_after": 1.5, "global": False}, (Scope.USER, 1.5)),
        (429, {"X-RateLimit-Scope": "shared"}, {"retry_after": 2}, (Scope.SHARED, 2.0)),
        (429, {"X-RateLimit-Scope": "user"}, {"retry_after": 12, "global": True}, (Scope.GLOBAL, 12.0)),
        (429, {"X-RateLimit-Scope": "global"}, {"retry_after": 12}, (Scope.GLOBAL, 12.0)),
        (429, {"X-RateLimit-Global": "True"}, {"retry_after": 12}, (Scope.GLOBAL, 12.0)),
        (429, {"Retry-After": "120"}, None, (Scope.EDGE, 120.0)),
        (429, {"Retry-After": "Sun, 29 Nov 2026 12:02:00 GMT"}, None, (Scope.EDGE, 120.0)),
        (429, {"Retry-After": "Sun, 29 Nov 2026 12:02:00 -0000"}, None, (Scope.EDGE, EDGE_RETRY_AFTER_S)),
        (429, {"Retry-After": "Sun, 29 Nov 2026 11:00:00 GMT"}, None, (Scope.EDGE, MIN_RETRY_AFTER_S)),
        (429, {"Retry-After": "soon"}, None, (Scope.EDGE, EDGE_RETRY_AFTER_S)),
        (429, {}, None, (Scope.EDGE, EDGE_RETRY_AFTER_S)),
        (403, {"Content-Type": "text/html; charset=UTF-8"}, None, (Scope.EDGE, EDGE_RETRY_AFTER_S)),
        (403, {"Content-Type": "text/plain"}, None, None),
        (403, {}, {"code": 50013}, None),
        (502, {"Content-Type": "text/html"}, None, None),
        (429, {"Retry-After": "7"}, {"retry_after": "soon"}, (Scope.USER, 7.0)),
        (429, {"Retry-After": "7"}, {"retry_after": True}, (Scope.USER, 7.0)),
        (429, {}, {}, (Scope.USER, DEFAULT_RETRY_AFTER_S)),
        (429, {}, {"retry_after": math.nan}, (Scope.USER, DEFAULT_RETRY_AFTER_S)),
        (429, {}, {"retry_after": -4}, (Scope.USER, MIN_RETRY_AFTER_S)),
        (429, {}, {"retry_after": math.inf}, (Scope.USER, MAX_RETRY_AFTER_S)),
        (429, {}, {"retry_after": 10**400}, (Scope.USER, MAX_RETRY_AFTER_S)),
        (429, {}, {"retry_after": 1e12}, (Scope.USER, MAX_RETRY_AFTER_S)),
    ],
)
def test_a_response_tells_who_waits_and_how_long(
    status: int, headers: Mapping[str, str], body: Mapping[str, Any] | None, limit: tuple[Scope, float] | None
) -> None:
    found = read_rate_limit(status, headers, body, NOW)
    assert (None if found is None else (found.scope, found.retry_after_s)) == limit


def test_the_gate_is_closed_by_limits_that_are_everybodys_and_opens_again() -> None:
    time = Time()
    gate = CallGate(time)
    for scope in (Scope.USER, Scope.SHARED):
        gate.record_response(429, RateLimit(scope=scope, retry_after_s=9.0))
        assert gate.wait_s() == 0
    gate.record_response(429, RateLimit(scope=Scope.EDGE, retry_after_s=120.0))
    gate.record_response(429, RateLimit(scope=Scope.GLOBAL, retry_after_s=12.0))
    assert gate.wait_s() == 120.0
    time.now += 119.0
    gate.record_response(200, None)
    assert gate.wait_s() == 1.0
    time.now += 1.0
    assert gate.wait_s() == 0


def test_invalid_requests_are_counted_for_ten_minutes_and_shared_limits_are_none() -> None:
    time = Time()
    gate = CallGate(time)
    shared = RateLimit(scope=Scope.SHARED, retry_after_s=1.0)
    counted = [gate.record_response(status, None) for status in (200, 204, 400, 401, 403, 404, 429, 500)]
    assert counted == [False, False, False, True, True, True, True, False]
    assert not gate.record_response(429, shared)
    assert gate.invalid_requests() == 4
    time.now += INVALID_WINDOW_S
    gate.record_response(401, None)
    assert gate.invalid_requests() == 5  # rather a second too long than too short
    time.now += 1.0
    assert gate.invalid_requests() == 1


def test_whoever_calls_whenever_the_gate_is_open_is_never_banned() -> None:
    time = Time()
    gate = CallGate(time)
    most = 0
    for _ in range(2 * SLOW_FROM):
        time.now += gate.wait_s()
        gate.record_response(401, None)
        most = max(most, gate.invalid_requests())
    assert SLOW_FROM < most <= SLOW_FROM + INVALID_WINDOW_S / SLOW_PAUSE_S + 10 < BAN_AT


def test_processes_that_call_whenever_their_gates_are_open_are_not_banned_together() -> None:
    time = Time()
    gates = [CallGate(time, processes=lambda: 3) for _ in range(3)]
    most = 0
    for number in range(SLOW_FROM):
        time.now += min(gate.wait_s() for gate in gates)
        for gate in gates:
            if gate.wait_s() == 0:
                gate.record_response(401, None)
        if number % 50 == 0:
            most = max(most, sum(gate.invalid_requests() for gate in gates))
    assert SLOW_FROM < most < BAN_AT


def test_what_closes_the_gate_of_one_process_is_told_and_closes_that_of_another() -> None:
    time, told = Time(), list[float]()
    gate, other = CallGate(time, on_closed=told.append), CallGate(time)
    gate.record_response(429, RateLimit(scope=Scope.USER, retry_after_s=9.0))
    gate.record_response(429, RateLimit(scope=Scope.GLOBAL, retry_after_s=12.0))
    assert told == [12.0]
    other.close_for(told[0])
    other.close_for(1.0)
    assert other.wait_s() == 12.0
