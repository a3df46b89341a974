"""The rules that every failure of a generation must keep, walked over the whole tree: a new class is not forgotten."""

import re
from collections.abc import Iterator

import pytest

import bot.errors
from bot.errors import EaselError, Lost, PaintFailed, Retry
from bot.providers.breaker import Breaker, Circuit
from bot.providers.diagnostics import REMEDIES, remedy
from bot.providers.http.error_bodies import ErrorBody
from bot.providers.http.failures import failure_in_success, make_failure
from bot.providers.parallel import failure_to_report
from tests.support import PROJECT


def tree(root: type[EaselError]) -> Iterator[type[EaselError]]:
    yield root
    for child in root.__subclasses__():
        yield from tree(child)


PAINT_FAILURES = [kind for kind in tree(PaintFailed) if issubclass(kind, PaintFailed)]


def test_every_class_is_exported_and_drawn_in_the_tree() -> None:
    names = {kind.__name__ for kind in tree(EaselError) if kind.__module__.startswith("bot.errors")}
    assert names <= set(bot.errors.__all__)
    assert all(name in (bot.errors.__doc__ or "") for name in names)


FOLLOWS = {
    Retry.NEVER: "stop",
    Retry.ELSEWHERE: "next provider",
    Retry.LATER: "wait, next provider",
    Retry.SMALLER: "once more with smaller pictures, stop",
}


def test_the_table_of_failures_says_of_every_failure_what_its_class_does() -> None:
    rows = [line.strip("| ").split(" | ") for line in (PROJECT / "deploy/PROVIDERS.md").read_text("utf-8").splitlines()]
    told = {name: row for row in rows if len(row) == 5 for name in re.findall(r"`([A-Z]\w+[a-z])`", row[0])}
    kinds = {kind.__name__: kind for kind in PAINT_FAILURES if kind is not PaintFailed}
    assert kinds.keys() == {name for name in told if name in kinds}
    for name, kind in kinds.items():
        _, _, user, operator, follows = told[name]
        assert follows == ("its next model, " if kind.concerns_model else "") + FOLLOWS[kind.retry], name
        assert operator.startswith("an error") == kind.lasting, name
        assert not kind.quotes_upstream or user == "the upstream's sentence", name


@pytest.mark.forms(64)
@pytest.mark.parametrize("first", PAINT_FAILURES)
def test_of_two_failures_one_after_which_nothing_may_be_painted_again_is_reported(first: type[PaintFailed]) -> None:
    for second in PAINT_FAILURES:
        reported = failure_to_report([first(), second()])
        assert (reported.retry is Retry.NEVER) == (Retry.NEVER in (first.retry, second.retry)), second


@pytest.mark.parametrize("kind", PAINT_FAILURES)
def test_a_failure_that_may_have_cost_money_is_never_tried_again(kind: type[PaintFailed]) -> None:
    assert not issubclass(kind, Lost) or kind.retry is Retry.NEVER
    assert not kind.lasting or kind.retry is Retry.ELSEWHERE
    assert not kind.refused_upfront or kind.retry is not Retry.NEVER
    assert kind().transient == (kind.retry in (Retry.ELSEWHERE, Retry.LATER) and not kind.lasting)


@pytest.mark.parametrize("kind", PAINT_FAILURES)
def test_a_failure_that_lasts_opens_the_circuit_at_once(kind: type[PaintFailed]) -> None:
    breaker = Breaker()
    breaker.record(kind(), 0.0)
    assert (breaker.circuit(0.0) is Circuit.OPEN) == kind.lasting


@pytest.mark.parametrize("kind", PAINT_FAILURES)
def test_the_operator_finds_a_remedy_or_the_table_says_that_there_is_none(kind: type[PaintFailed]) -> None:
    assert kind is PaintFailed or any(parent in REMEDIES for parent in kind.__mro__)
    assert remedy(kind()) == next((REMEDIES[each] for each in kind.__mro__ if each in REMEDIES), None)


@pytest.mark.parametrize("kind", PAINT_FAILURES)
@pytest.mark.parametrize("begun", [False, True])
def test_an_error_inside_a_success_is_tried_again_only_where_nothing_was_begun(
    kind: type[PaintFailed], begun: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.providers.http.failures.classify_error", lambda *_, **__: kind)  # pyright: ignore[reportUnknownLambdaType, reportUnknownArgumentType] - whatever it is asked
    failure = failure_in_success(ErrorBody(message="words"), begun=begun)
    assert failure.retry is Retry.NEVER or (kind.refused_upfront and not begun)


@pytest.mark.parametrize("kind", PAINT_FAILURES)
def test_the_upstreams_words_go_to_the_user_where_the_class_says_so(kind: type[PaintFailed]) -> None:
    assert ("quote" in make_failure(kind, ErrorBody(message="words")).facts) == kind.quotes_upstream
