"""The kill matrix: how a job ends whose process is killed, for each kill point, dialect and platform, one job a cell.

All jobs of a dialect block at their kill points in one process, which gets SIGKILL; a second process finishes them. A
cell is judged by the messages in its chat, its balance, and the number of requests that the upstream received.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from tests.kill.blocking_process import run_blocking
from tests.kill.kill_points import DIALECTS, KILL_POINTS, PLATFORMS, KillPoint, make_prompt
from tests.kill.world import THINKING, KillWorld, PrivateUser, blocked_prompts
from tests.support.waiting import wait_until

FIRST_COLUMN_CHARS = max(len(kill_point.description) for kill_point in KILL_POINTS)  # width of the first column
COLUMN_CHARS = 24  # width of the other columns
UNFINISHED_ACTIONS = (("cancel",), (THINKING,))
FINAL_ACTIONS = {"picture": ("retry", "vary", "edit", "more"), "released": ("retry",)}


@dataclass(slots=True, kw_only=True)
class Cell:
    """One job, of a user of its own."""

    kill_point: KillPoint
    platform: str
    user: PrivateUser

    @property
    def prompt(self) -> str:
        return make_prompt(self.platform, self.kill_point.name)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a cell has ended."""

    kill_point: str
    platform: str
    dialect: str
    outcome: str
    charged: int
    """Credits; a picture costs one."""
    reserved: int
    """Credits still reserved; none may be."""
    requests: int
    """How many requests the upstream received for the job."""
    strays: int
    """Messages that stay unfinished."""
    failures: tuple[str, ...]
    """What is not as expected, in words."""


def all_cells(world: KillWorld) -> list[Cell]:
    """Every kill point on every platform, in the world's dialect."""
    return [
        _make_cell(world, kill_point, platform)
        for kill_point, platform in product(KILL_POINTS, PLATFORMS)
        if world.dialect in kill_point.dialects
    ]


def latin_square_cells(world: KillWorld) -> list[Cell]:
    """A third of all cells: over the three dialects each kill point meets each dialect and each platform once."""
    shift = DIALECTS.index(world.dialect)
    return [
        _make_cell(world, kill_point, PLATFORMS[(row + shift) % len(PLATFORMS)])
        for row, kill_point in enumerate(KILL_POINTS)
        if world.dialect in kill_point.dialects
    ]


def _make_cell(world: KillWorld, kill_point: KillPoint, platform: str) -> Cell:
    return Cell(kill_point=kill_point, platform=platform, user=world.add_user(platform))


async def kill_and_restart(world: KillWorld, cells: Sequence[Cell]) -> list[Verdict]:
    """Blocks every cell at its kill point, kills the process, and runs a second one until all jobs are settled."""
    async with world.process(run_blocking) as first:
        for cell in cells:
            cell.user.say(cell.prompt)
        blocking = {cell.prompt for cell in cells if not cell.kill_point.blocked_by_upstream}
        while not blocking <= blocked_prompts(first):
            assert await first.read_report(), first.log.read_text()

        async def requests_received() -> bool:
            return all(world.request_count(cell.prompt) for cell in cells if cell.kill_point.blocked_by_upstream)

        await wait_until(requests_received)
        await first.kill()
    async with world.process() as second:

        async def all_final() -> bool:
            return all(_is_final(cell) for cell in cells)

        await wait_until(all_final)
        await world.wait_until_settled()
        assert await second.stop() == 0
        return [await judge_cell(world, cell) for cell in cells]


def _is_final(cell: Cell) -> bool:
    """Whether the chat shows a final message."""
    return any(each.actions in FINAL_ACTIONS.values() for each in cell.user.messages())


async def judge_cell(world: KillWorld, cell: Cell) -> Verdict:
    """The verdict on a cell whose job has ended."""
    expected = cell.kill_point.expected_outcome(world.dialect)
    messages, balance = cell.user.messages(), await world.balance(cell.user.key)
    final = [each for each in messages if each.actions not in UNFINISHED_ACTIONS]
    strays = len(messages) - len(final)
    pictures = sum(each.pictures for each in final)
    outcome = "picture" if pictures else "released"
    charged, requests = 50 - balance.available - balance.reserved, world.request_count(cell.prompt)
    findings = {
        f"ended as {outcome}, not {expected}": outcome != expected,
        f"{strays} strays": strays != 0,
        f"{len(final)} messages": len(final) != 1,
        f"buttons {[each.actions for each in final]}": any(each.actions != FINAL_ACTIONS[outcome] for each in final),
        f"{pictures} pictures": pictures > 1,
        f"charged {charged} for {pictures}": charged != pictures,
        f"reserved {balance.reserved}": balance.reserved != 0,
        f"{requests} requests, not {cell.kill_point.requests}": requests != cell.kill_point.requests,
    }
    return Verdict(
        kill_point=cell.kill_point.name,
        platform=cell.platform,
        dialect=world.dialect,
        outcome=outcome,
        charged=charged,
        reserved=balance.reserved,
        requests=requests,
        strays=strays,
        failures=tuple(finding for finding, applies in findings.items() if applies),
    )


def format_table(verdicts: Sequence[Verdict]) -> str:
    """Kill points as rows, dialect and platform as columns; `!` marks a failure."""
    columns = list(dict.fromkeys((each.dialect, each.platform) for each in verdicts))
    by_cell = {(each.kill_point, each.dialect, each.platform): each for each in verdicts}
    lines = [
        "  ".join(
            [
                f"{'killed at':<{FIRST_COLUMN_CHARS}}",
                *(f"{f'{dialect}, {on}':<{COLUMN_CHARS}}" for dialect, on in columns),
            ]
        ).rstrip()
    ]
    for kill_point in KILL_POINTS:
        row = [by_cell.get((kill_point.name, *column)) for column in columns]
        if any(row):
            texts = ["-" if each is None else _format_cell(each) for each in row]
            lines.append(
                "  ".join(
                    [f"{kill_point.description:<{FIRST_COLUMN_CHARS}}", *(f"{text:<{COLUMN_CHARS}}" for text in texts)]
                ).rstrip()
            )
    return "\n".join(lines)


def _format_cell(cell: Verdict) -> str:
    strays = f", {cell.strays} stray" if cell.strays else ""
    return f"{cell.outcome}, {cell.charged} charged{strays}{' !' if cell.failures else ''}"
