"""The costs that the guide names are those that the command prints."""

from tests.bench.upstream_prices import cost_usd, table
from tests.support.pages import PAGES


def test_the_guide_has_the_table_as_it_is_printed() -> None:
    assert table() in PAGES["deploy/COSTS.md"]


def test_what_a_members_day_costs_at_most_is_a_sum_of_it() -> None:
    credits, low = 50, cost_usd("low", pictures=1)
    assert f"${credits * low:.2f} a day at most" in PAGES["deploy/COSTS.md"]
