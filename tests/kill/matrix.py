"""The table of what becomes of a job whose process is killed: every step, dialect and platform, one job in each cell.

All jobs of a dialect stop at their steps in one process, which is then killed; the next one has to bring each to its
end. A cell is judged by what stands in its chat, what its books say, and how often the upstream was asked.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from bot.store.store import Store
from tests.kill.house import House, Seat
from tests.kill.steps import DIALECTS, PLATFORMS, STEPS, Step, prompt
from tests.support.waiting import wait_until

WIDTH = max(len(step.about) for step in STEPS)  # of the first column
CELL = 24  # of the others
UNDER_WAY = ("cancel",)
FINAL = {"picture": ("retry", "vary", "edit"), "released": ("retry",)}


@dataclass(slots=True, kw_only=True)
class Cell:
    """One job."""

    step: Step
    platform: str
    seat: Seat

    @property
    def prompt(self) -> str:
        return prompt(self.platform, self.step.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """What has become of a cell. `left`: messages that stay unfinished. `wrong`: what should not be, in words."""

    step: str
    platform: str
    dialect: str
    end: str
    charged: int
    held: int
    asked: int
    left: int
    wrong: tuple[str, ...]


def every(place: House) -> list[Cell]:
    """The whole column of the house's dialect."""
    return [
        _cell(place, step, platform) for step, platform in product(STEPS, PLATFORMS) if place.dialect in step.dialects
    ]


def pairs(place: House) -> list[Cell]:
    """A third of it: over all dialects, each step meets each of them, and each platform, as in a Latin square."""
    shift = DIALECTS.index(place.dialect)
    return [
        _cell(place, step, PLATFORMS[(row + shift) % len(PLATFORMS)])
        for row, step in enumerate(STEPS)
        if place.dialect in step.dialects
    ]


def _cell(place: House, step: Step, platform: str) -> Cell:
    """With a member of its own."""
    return Cell(step=step, platform=platform, seat=place.seat(platform))


async def killed_and_begun_again(place: House, jobs: Sequence[Cell]) -> list[Verdict]:
    """Every cell stops at its step; SIGKILL; a second process runs until all is settled, and ends by SIGTERM."""
    async with place.process(stops=True) as first:
        for cell in jobs:
            cell.seat.say(cell.prompt)
        theirs = {cell.prompt for cell in jobs if not cell.step.by_upstream}
        while not theirs <= first.stopped:
            assert await first.read(), first.log.read_text()

        async def upstream_keeps_quiet() -> bool:
            return all(place.asked(cell.prompt) for cell in jobs if cell.step.by_upstream)

        await wait_until(upstream_keeps_quiet)
        await first.kill()
    async with place.process() as second, place.store() as store:

        async def all_final() -> bool:
            return all(_is_final(place, cell) for cell in jobs)

        await wait_until(all_final)
        await place.settled(store)
        assert await second.stop() == 0
        return [await verdict(place, cell, store) for cell in jobs]


def _is_final(place: House, cell: Cell) -> bool:
    """Whether something final stands there, or nothing is to stand there."""
    nothing = cell.step.end_for(place.dialect, cell.platform) == "nothing"
    return nothing or any(each.actions in FINAL.values() for each in cell.seat.standing())


async def verdict(place: House, cell: Cell, store: Store) -> Verdict:
    """Of a cell whose jobs have ended."""
    expected = cell.step.end_for(place.dialect, cell.platform)
    standing, balance = cell.seat.standing(), await place.balance(store, cell.seat)
    shown = [each for each in standing if each.actions != UNDER_WAY]
    left = len(standing) - len(shown)
    pictures = sum(each.pictures for each in shown)
    end = "nothing" if not shown else "picture" if pictures else "released"
    charged, asked = 50 - balance.available - balance.reserved, place.asked(cell.prompt)
    most = 0 if expected == "nothing" else cell.step.asked
    findings = {
        f"ended as {end}, not {expected}": end != expected,
        f"{left} left behind": left != cell.step.left_behind(cell.platform),
        f"{len(shown)} messages": len(shown) != (expected != "nothing"),
        f"buttons {[each.actions for each in shown]}": any(each.actions != FINAL[end] for each in shown),
        f"{pictures} pictures": pictures > 1,
        f"charged {charged} for {pictures}": charged != pictures,
        f"held {balance.reserved}": balance.reserved != 0,
        f"asked {asked} times, not {most}": asked != most,
    }
    return Verdict(
        step=cell.step.name,
        platform=cell.platform,
        dialect=place.dialect,
        end=end,
        charged=charged,
        held=balance.reserved,
        asked=asked,
        left=left,
        wrong=tuple(words for words, holds in findings.items() if holds),
    )


def table(verdicts: Sequence[Verdict]) -> str:
    """Steps as rows, dialect and platform as columns; `!` marks what is wrong."""
    columns = list(dict.fromkeys((each.dialect, each.platform) for each in verdicts))
    found = {(each.step, each.dialect, each.platform): each for each in verdicts}
    lines = [
        "  ".join([f"{'killed when':<{WIDTH}}", *(f"{f'{dialect}, {on}':<{CELL}}" for dialect, on in columns)]).rstrip()
    ]
    for step in STEPS:
        row = [found.get((step.name, *column)) for column in columns]
        if any(row):
            words = ["-" if each is None else _words(each) for each in row]
            lines.append("  ".join([f"{step.about:<{WIDTH}}", *(f"{word:<{CELL}}" for word in words)]).rstrip())
    return "\n".join(lines)


def _words(cell: Verdict) -> str:
    left = f", {cell.left} left" if cell.left else ""
    return f"{cell.end}, {cell.charged} paid{left}{' !' if cell.wrong else ''}"
