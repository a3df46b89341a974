"""What the benchmark makes of its numbers; no number of a run is asserted anywhere."""

import json
import math
from pathlib import Path

import pytest

from tests.bench import report
from tests.bench.figures import Figure, mean, median, percentile, relative_limit
from tests.bench.jobs import JobRegistry, MeasuredJob


def figure(easel: float, *, limit: float | None = None, least: bool = False, baseline: float | None = None) -> Figure:
    return Figure(
        scenario="A",
        case="telegram",
        quantity="first",
        unit="ms",
        easel=easel,
        baseline=baseline,
        limit=limit,
        at_least=least,
    )


def test_percentiles_lie_between_neighbours_in_proportion():
    assert percentile([4, 1, 3, 2, 5], 0.5) == 3
    assert percentile([0, 10], 0.95) == pytest.approx(9.5)
    assert percentile([7], 0.95) == 7
    assert all(math.isnan(each) for each in (percentile([], 0.5), median([]), mean([])))


def test_a_limit_is_relative_or_a_little_more_whichever_is_kinder():
    assert relative_limit(10.0, 1.25, 4.0) == 14.0
    assert relative_limit(100.0, 1.25, 4.0) == 125.0


@pytest.mark.parametrize(
    ("easel", "limit", "least", "met"),
    [(1, 2, False, True), (3, 2, False, False), (3, 2, True, True), (1, 2, True, False), (1, None, False, None)],
)
def test_a_figure_is_met_below_its_limit_or_above_it(easel: float, limit: float | None, least: bool, met: bool | None):
    assert figure(easel, limit=limit, least=least).met is met


def test_a_ratio_needs_a_baseline_that_is_something():
    assert figure(3, baseline=2).ratio == 1.5
    assert [figure(3, baseline=each).ratio for each in (None, 0, math.nan)] == [None, None, None]


@pytest.mark.parametrize(
    ("value", "told"),
    [(0, "0"), (0.0123, "0.0123"), (1.234, "1.23"), (45.67, "45.7"), (1234.5, "1234"), (math.nan, "–")],
)
def test_numbers_are_told_with_three_digits_that_count(value: float, told: str):
    assert report.number(value) == told


def test_the_table_of_a_readme_takes_the_place_of_the_last_one(tmp_path: Path):
    readme = tmp_path / "README.md"
    readme.write_text(f"before\n{report.BEGIN}\nold\n{report.END}\nafter\n")
    report.replace_table(readme, [figure(1, limit=2, baseline=3)], "python -m tests.bench A")
    text = readme.read_text()
    assert "old" not in text
    assert text.startswith("before\n")
    assert text.endswith(f"{report.END}\nafter\n")
    assert "| A | telegram | first    | 1.00 ms | 3.00 | 0.33  | ≤ 2.00   | yes |" in text


def test_results_are_written_as_json_with_ratio_and_verdict(tmp_path: Path):
    report.write_results([figure(math.nan, baseline=1)], tmp_path, "python -m tests.bench A")  # nothing to plot
    told = json.loads((tmp_path / "bench.json").read_text())
    assert told["command"] == "python -m tests.bench A"
    assert told["figures"][0]["met"] is None


def test_a_job_is_known_by_its_prompt_and_ends_with_its_first_picture():
    watch = JobRegistry()
    job = watch.add("easel7")
    assert watch.find_by_prompt(f"/imagine {job.prompt}") is job
    assert watch.find_by_prompt("a red fox") is None
    job.record_message("painting … 51.8 %", picture=False)
    assert [percent for _, percent in job.shown_percents] == [51.8]
    assert job.lost
    job.record_message("", picture=True)
    seen = job.picture_at
    job.record_message("", picture=True)
    assert not job.lost
    assert job.picture_at == seen


def test_the_distance_is_from_what_was_said_to_what_was_shown():
    job = MeasuredJob("a1", sent_percents=[(0.0, 50.0)], shown_percents=[(0.0, 40.0)], last_byte_at=1.0)
    assert job.mean_percent_error() == pytest.approx(10.0)
    assert math.isnan(MeasuredJob("a2").mean_percent_error())
