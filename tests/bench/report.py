"""Reports of figures: a Markdown table, JSON, a plot for each scenario, and the table in a README."""

import json
import math
from collections.abc import Sequence
from dataclasses import asdict
from importlib import import_module
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure

BEGIN, END = "<!-- bench: begin -->", "<!-- bench: end -->"
HEADS = ("", "case", "measured", "Easel", "bare", "ratio", "to reach", "")


def table(figures: Sequence[Figure]) -> str:
    """The figures as a Markdown table."""
    rows = [HEADS, *(_row(each) for each in figures)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADS))]
    padded = ([cell.ljust(width) for cell, width in zip(row, widths, strict=True)] for row in rows)
    lines = [f"| {' | '.join(row)} |" for row in padded]
    lines.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(lines)


def _row(each: Figure) -> tuple[str, ...]:
    ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
    sign = "≥" if each.at_least else "≤"
    reach = "" if each.limit is None else f"{sign} {number(each.limit)}"
    met = {True: "yes", False: "**no**", None: ""}[each.met]
    baseline = "" if each.baseline is None else number(each.baseline)
    return (each.scenario, each.case, each.quantity, f"{number(each.easel)} {each.unit}", baseline, ratio, reach, met)


def number(value: float) -> str:
    """A number with three significant digits; a dash for NaN."""
    if math.isnan(value):
        return "–"
    if value == 0 or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.{max(0, 2 - math.floor(math.log10(abs(value))))}f}"


def write_results(figures: Sequence[Figure], folder: Path, command: str) -> None:
    """Writes `bench.json` and one PNG for each scenario into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    rows = [{**asdict(each), "ratio": each.ratio, "met": each.met} for each in figures]
    (folder / "bench.json").write_text(json.dumps({"command": command, "figures": rows}, indent=1, ensure_ascii=False))
    for scenario in dict.fromkeys(each.scenario for each in figures):
        _plot([each for each in figures if each.scenario == scenario], folder / f"{scenario}.png")


def _plot(figures: Sequence[Figure], path: Path) -> None:
    """Bars of Easel and bare in units of the limit, or of the baseline where there is none."""
    shown = [each for each in figures if (each.limit or each.baseline) and not math.isnan(each.easel)]
    if not shown:
        return
    # here and by name: whoever only reads the table, or the types, needs no plots
    import_module("matplotlib").use("Agg")
    untyped: Any = import_module("matplotlib.pyplot")
    _, axes = untyped.subplots(figsize=(9, 0.5 + 0.45 * len(shown)), layout="constrained")
    for at, each in enumerate(shown):
        unit = each.limit or each.baseline or 1.0
        axes.barh(at - 0.2, each.easel / unit, height=0.36, color="#2a9d8f", label="Easel" if at == 0 else None)
        if each.baseline is not None:
            axes.barh(at + 0.2, each.baseline / unit, height=0.36, color="#bbbbbb", label="bare" if at == 0 else None)
    axes.axvline(1.0, color="#e76f51", linewidth=1)
    names = [f"{each.case}: {each.quantity} ({number(each.easel)} {each.unit})" for each in shown]
    axes.set_yticks(range(len(shown)), names, fontsize=8)
    axes.invert_yaxis()
    axes.set_xlabel("in parts of what is to be reached, or of bare")
    axes.legend(loc="lower right")
    untyped.savefig(path, dpi=110)
    untyped.close()


def replace_table(path: Path, figures: Sequence[Figure], command: str) -> None:
    """Replaces the table between the marks of a README."""
    text = path.read_text()
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    path.write_text(f"{before}{BEGIN}\n`{command}`\n\n{table(figures)}\n{END}{after}")
