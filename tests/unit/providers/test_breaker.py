"""The circuit breaker: what opens it, for how long, and who may try again."""

import pytest

from bot.errors import (
    BadCredentials,
    Busy,
    CutShort,
    Moderated,
    NoAnswer,
    OutOfFunds,
    PaintFailed,
    Unreachable,
    UpstreamDown,
    WrongEndpoint,
    WrongModel,
)
from bot.providers.breaker import FAILURES_TO_OPEN, FIRST_PAUSE_S, MAX_PAUSE_S, Breaker, Circuit, ModelBreaker


def opened(at: float = 0.0) -> Breaker:
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN):
        assert breaker.circuit(at) is Circuit.CLOSED
        breaker.record(UpstreamDown(), at)
    return breaker


@pytest.mark.parametrize("failure", [Unreachable(), UpstreamDown(), NoAnswer(), CutShort()])
def test_failures_in_a_row_open_it(failure: PaintFailed) -> None:
    breaker = Breaker()
    for _ in range(FAILURES_TO_OPEN - 1):
        breaker.record(failure, 0)
    assert breaker.circuit(0) is Circuit.CLOSED
    breaker.record(failure, 0)
    assert breaker.circuit(FIRST_PAUSE_S - 0.1) is Circuit.OPEN
    assert breaker.circuit(FIRST_PAUSE_S) is Circuit.HALF_OPEN


@pytest.mark.parametrize("failure", [BadCredentials(), OutOfFunds(), WrongEndpoint()])
def test_what_no_waiting_mends_opens_it_at_once(failure: PaintFailed) -> None:
    breaker = Breaker()
    breaker.record(failure, 0)
    assert breaker.circuit(0) is Circuit.OPEN


@pytest.mark.parametrize("sign_of_life", [None, Moderated()])
def test_a_sign_of_life_starts_the_count_anew(sign_of_life: PaintFailed | None) -> None:
    breaker = Breaker()
    for _ in range(3 * FAILURES_TO_OPEN):
        breaker.record(UpstreamDown(), 0)
        breaker.record(sign_of_life, 0)
    assert breaker.circuit(0) is Circuit.CLOSED


def test_a_limit_of_the_moment_says_nothing() -> None:
    breaker = Breaker()
    for _ in range(3 * FAILURES_TO_OPEN):
        breaker.record(Busy(), 0)
    assert breaker.circuit(0) is Circuit.CLOSED


def test_one_probe_at_a_time_and_a_good_one_closes_it() -> None:
    breaker = opened()
    assert not breaker.begin_request(0)
    assert breaker.begin_request(FIRST_PAUSE_S)
    assert breaker.circuit(FIRST_PAUSE_S) is Circuit.OPEN  # to all others
    assert not breaker.begin_request(FIRST_PAUSE_S)
    breaker.record(None, FIRST_PAUSE_S + 5)
    assert breaker.circuit(FIRST_PAUSE_S + 5) is Circuit.CLOSED
    breaker.record(UpstreamDown(), FIRST_PAUSE_S + 5)
    assert breaker.circuit(FIRST_PAUSE_S + 5) is Circuit.CLOSED


def test_each_bad_probe_doubles_the_pause_up_to_its_longest() -> None:
    breaker, now, pause = opened(), FIRST_PAUSE_S, FIRST_PAUSE_S
    for _ in range(8):
        assert breaker.begin_request(now)
        breaker.record(UpstreamDown(), now)
        pause = min(pause * 2, MAX_PAUSE_S)
        assert breaker.circuit(now + pause - 0.1) is Circuit.OPEN
        now += pause
        assert breaker.circuit(now) is Circuit.HALF_OPEN
    assert pause == MAX_PAUSE_S


def test_a_failure_of_one_asked_before_it_opened_does_not_lengthen_the_pause() -> None:
    breaker = opened()
    breaker.record(UpstreamDown(), 1)
    assert breaker.circuit(FIRST_PAUSE_S) is Circuit.HALF_OPEN


def test_a_probe_that_was_given_up_leaves_the_next_one_its_place() -> None:
    breaker = opened()
    assert breaker.begin_request(FIRST_PAUSE_S)
    breaker.abandon_probe()
    assert breaker.begin_request(FIRST_PAUSE_S)


# ---------------------------------------------------------------- of a model


def model_breakers() -> tuple[ModelBreaker, ModelBreaker]:
    """Those of two models of one provider."""
    provider = Breaker()
    return ModelBreaker(provider), ModelBreaker(provider)


def test_a_wrong_model_is_asked_last_and_the_providers_other_models_are_not() -> None:
    wrong, right = model_breakers()
    wrong.record(WrongModel(), 0)
    assert (wrong.circuit(0), wrong.model_circuit(0), right.circuit(0)) == (Circuit.OPEN, Circuit.OPEN, Circuit.CLOSED)
    assert not wrong.begin_request(0)
    assert wrong.begin_request(FIRST_PAUSE_S)
    wrong.record(None, FIRST_PAUSE_S)
    assert wrong.circuit(FIRST_PAUSE_S) is Circuit.CLOSED


def test_an_outage_concerns_all_models_of_a_provider_and_says_nothing_of_one() -> None:
    one, other = model_breakers()
    for _ in range(FAILURES_TO_OPEN):
        one.record(UpstreamDown(), 0)
    assert (one.circuit(0), other.circuit(0), one.model_circuit(0)) == (Circuit.OPEN, Circuit.OPEN, Circuit.CLOSED)


def test_a_model_that_is_unknown_proves_its_provider_alive() -> None:
    wrong, right = model_breakers()
    for _ in range(FAILURES_TO_OPEN):
        right.record(UpstreamDown(), 0)
        wrong.record(WrongModel(), 0)
    assert right.circuit(0) is Circuit.CLOSED


@pytest.mark.parametrize("outcome", ["down", "cancelled"])
def test_a_probe_of_a_model_that_proves_nothing_leaves_the_next_one_its_place(outcome: str) -> None:
    wrong, _ = model_breakers()
    wrong.record(WrongModel(), 0)
    assert wrong.begin_request(FIRST_PAUSE_S)
    assert wrong.circuit(FIRST_PAUSE_S) is Circuit.OPEN
    if outcome == "down":
        wrong.record(UpstreamDown(), FIRST_PAUSE_S)
    else:
        wrong.abandon_probe()
    assert wrong.begin_request(FIRST_PAUSE_S)
