"""The alerts and the dashboard in deploy/ ask for metrics that Easel exports, with labels that these have."""

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY
from prometheus_client.metrics import MetricWrapperBase

from bot import errors
from bot.observability import metrics
from tests.support import PROJECT

DEPLOY = PROJECT / "deploy"
SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "gauge": ("",)}
ADDED_LABELS = {"le", "instance", "job"}  # by a histogram, and by Prometheus
FROM_THE_PROCESS = {"process_resident_memory_bytes", "process_cpu_seconds_total", "process_open_fds", "up"}


def exported() -> dict[str, set[str]]:
    """Labels by the name of each series."""
    labels: dict[str, set[str]] = {}
    for collector in vars(metrics).values():
        if isinstance(collector, MetricWrapperBase):
            [family] = collector.describe()
            names: tuple[str, ...] = getattr(collector, "_labelnames")  # noqa: B009 - the library tells them nowhere else
            for suffix in SUFFIXES[family.type]:
                labels[family.name + suffix] = set(names)
    return labels


def dashboard() -> dict[str, Any]:
    return json.loads((DEPLOY / "grafana-dashboard.json").read_text("utf-8"))


def alerts() -> list[dict[str, Any]]:
    [group] = yaml.safe_load((DEPLOY / "alerts.yaml").read_text("utf-8"))["groups"]
    return group["rules"]


def expressions() -> Iterator[str]:
    for rule in alerts():
        yield rule["expr"]
    for panel in dashboard()["panels"]:
        for target in panel.get("targets", ()):
            yield target["expr"]


def names_in(expression: str) -> set[str]:
    return set(re.findall(r"\beasel_\w+", expression))


def test_every_name_is_exported_and_every_metric_is_on_the_dashboard() -> None:
    assert REGISTRY.get_sample_value("easel_jobs_running") is not None
    known = exported()
    for expression in expressions():
        assert names_in(expression) <= known.keys(), expression
        assert names_in(expression) or FROM_THE_PROCESS & set(re.findall(r"\w+", expression)), expression
    shown = {
        name for panel in dashboard()["panels"] for each in panel.get("targets", ()) for name in names_in(each["expr"])
    }
    families = {name for name in known if not name.endswith(("_sum", "_count"))}
    assert families - shown == set()


@pytest.mark.parametrize("expression", list(expressions()))
def test_labels_belong_to_the_metrics(expression: str) -> None:
    known = exported()
    used = {
        label for labels in re.findall(r"(?:by|on|group_left) \(([^)]*)\)", expression) for label in labels.split(", ")
    }
    used |= set(re.findall(r'(\w+)(?:=|!=|=~)"', expression))
    theirs = {label for name in names_in(expression) for label in known[name]}
    assert used <= theirs | ADDED_LABELS


def test_outcomes_in_alerts_are_failures() -> None:
    named = [each for rule in alerts() for each in re.findall(r'outcome=~"([^"]*)"', rule["expr"])]
    assert named
    for each in "|".join(named).split("|"):
        assert issubclass(getattr(errors, each), errors.PaintFailed)


def test_the_guide_says_what_each_alert_means() -> None:
    guide = (DEPLOY / "WATCHING.md").read_text("utf-8")
    for rule in alerts():
        assert f"| `{rule['alert']}` |" in guide
    assert set(re.findall(r"\| `(Easel\w+)` \|", guide)) == {rule["alert"] for rule in alerts()}


def test_panels_do_not_cover_each_other() -> None:
    cells: set[tuple[int, int]] = set()
    for panel in dashboard()["panels"]:
        at = panel["gridPos"]
        covered = {(x, y) for x in range(at["x"], at["x"] + at["w"]) for y in range(at["y"], at["y"] + at["h"])}
        assert at["x"] + at["w"] <= 24
        assert not covered & cells
        cells |= covered
