"""For how long upstreams ask to wait, in their own words."""

import pytest

from bot.providers.http.waits import parse_span, wait_from_words


@pytest.mark.parametrize(
    ("words", "seconds"),
    [
        ("Please try again in 12s.", 12),
        ("Limit 5, Used 5, Requested 1. Please try again in 6.2s. Visit https://x.example", 6.2),
        ("Please try again in 1m30s", 90),
        ("try again in 1h2m3s", 3723),
        ("try again in 450ms", 0.45),
        ("Please retry after 1 minute and 5 seconds.", 65),
        ("Please retry in 52.912s.", 52.912),
        ("retry after 30 seconds", 30),
        ("retry after: 30", 30),
        ("retry-after 5", 5),
        ("in 2 minutes: retry in 2 minutes", 120),
        ("Request was throttled. Expected available in 7 seconds.", 7),
        ("Please wait for about 20 seconds before another request", 20),
        ("retry in 10s or wait 20s", 10),
        ("try again in 24 hours", 86_400),
        ("请在 20 秒后重试", 20),
        ("请 3 分钟后再试", 180),
        ("Повторите через 15 секунд", 15),
        ("try again later", None),
        ("try again in a few minutes", None),
        ("try again in 5 attempts", None),
        ("try again in 3 days", None),
        ("12s have passed", None),
    ],
)
def test_a_time_to_wait_in_words(words: str, seconds: float | None) -> None:
    assert wait_from_words(words) == seconds


@pytest.mark.parametrize(("text", "seconds"), [("12s", 12), ("30", 30), ("in 5s", None), ("soon", None), ("", None)])
def test_a_span(text: str, seconds: float | None) -> None:
    assert parse_span(text) == seconds
