"""The table of conditions: each has its words, and a failure of a provider is the right one of them."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.alerting.channels import describe_notice
from bot.alerting.conditions import CONDITIONS, TELL_EVERY, ConditionName, Notice, Symptom, is_due, provider_condition
from bot.errors import AccountBlocked, BadCredentials, OutOfFunds, PaintFailed, UpstreamDown, WrongEndpoint, WrongModel
from bot.texts import LOCALES

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)


@pytest.mark.parametrize("locale", LOCALES)
def test_each_has_words_and_so_has_its_end(locale: str) -> None:
    assert set(CONDITIONS) == set(ConditionName)
    said: set[str] = set()
    for name, condition in CONDITIONS.items():
        symptom = Symptom(name=name, subject="openai", detail="a detail")
        for is_over in (False, True)[: 1 + condition.is_state]:
            text = describe_notice(Notice(symptom=symptom, is_over=is_over, since=NOW), locale)
            assert is_over or "a detail" in text
            said.add(text)
    assert len(said) == 2 * len(CONDITIONS) - 2 - 1  # two that only happen; one end is the same for two of them


@pytest.mark.parametrize(
    ("failure", "name"),
    [
        (BadCredentials(), ConditionName.PROVIDER_REFUSES),
        (AccountBlocked(), ConditionName.PROVIDER_BLOCKS),
        (OutOfFunds(), ConditionName.PROVIDER_FUNDS),
        (WrongEndpoint(), ConditionName.PROVIDER_SETTINGS),
        (WrongModel(), ConditionName.PROVIDER_SETTINGS),
        (UpstreamDown(), ConditionName.PROVIDER_DOWN),
    ],
)
def test_a_providers_failure_is_a_condition(failure: PaintFailed, name: ConditionName) -> None:
    assert provider_condition(failure) is name


def test_once_an_hour_whatever_the_clock_does() -> None:
    assert is_due(None, NOW)
    assert not is_due(NOW, NOW)
    assert not is_due(NOW, NOW + TELL_EVERY - timedelta(seconds=1))
    assert is_due(NOW, NOW + TELL_EVERY)
    assert not is_due(NOW + timedelta(minutes=5), NOW)  # set back a little
    assert is_due(NOW + timedelta(days=300), NOW)  # it had been far ahead
