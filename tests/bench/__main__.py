"""`python -m tests.bench`: which scenarios, how thoroughly, and where the results go. Measures nothing itself."""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from tests.bench import report
from tests.bench.figures import Figure
from tests.bench.process import ROOT
from tests.bench.scenarios import (
    abuse,
    admin_page,
    costs,
    crowd,
    engines,
    history,
    ledger,
    many_chats,
    one_by_one,
    page,
    processes,
    references,
    start,
    text,
)

SCENARIOS = {
    "A": one_by_one.run,
    "B": crowd.run,
    "C": many_chats.run,
    "D": references.run,
    "E": history.run,
    "F": ledger.run,
    "G": text.run,
    "H": start.run,
    "I": abuse.run,
    "J": processes.run,
    "K": page.run,
    "L": costs.run,
    "M": engines.run,
    "N": admin_page.run,
}
README = ROOT / "tests" / "README.md"


async def bench(letters: list[str], folder: Path, *, quick: bool) -> list[Figure]:
    """The figures of the scenarios, one after the other."""
    figures: list[Figure] = []
    for letter in letters:
        begun = time.monotonic()
        found = await SCENARIOS[letter](folder / letter, quick=quick)
        print(f"{report.table(found)}\n{letter}: {time.monotonic() - begun:.0f} s\n", flush=True)
        figures += found
    return figures


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description="Easel beside the bare libraries.")
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="letters from A to N; all by default")
    parser.add_argument("--quick", action="store_true", help="fewer jobs, smaller sizes")
    parser.add_argument("--out", type=Path, help="folder for bench.json, the plots and the subjects' logs")
    parser.add_argument("--readme", action="store_true", help="put the table into tests/README.md")
    given = parser.parse_args()
    letters = [each.upper() for each in given.scenarios] or list(SCENARIOS)
    if unknown := [each for each in letters if each not in SCENARIOS]:
        parser.error(f"no such scenario: {', '.join(unknown)}")
    command = " ".join(["python -m tests.bench", *letters, *(["--quick"] if given.quick else [])])
    with tempfile.TemporaryDirectory(prefix="bench") as made:
        folder = given.out or Path(made)
        figures = asyncio.run(bench(letters, folder.resolve(), quick=given.quick))
        if given.out is not None:
            report.write_results(figures, folder, command)
    if given.readme:
        report.replace_table(README, figures, command)
    if len(letters) > 1:
        print(report.table(figures))


if __name__ == "__main__":
    sys.exit(main())
