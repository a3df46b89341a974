"""The kill matrix of what is done with results: edits with masks, marks, regions and larger frames, the way back, and
what costs nothing. One member a cell.

A process prepares the results; a second one blocks every cell at its kill point, and gets SIGKILL; a third one goes on.
A cell is judged by its messages, its balance and ledger, and the requests that the upstream received.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress

from bot.chat import Action
from bot.sandbox import Fault
from bot.sandbox.request_log import RecordedRequest
from tests.kill.blocking_process import run_blocking
from tests.kill.kill_points import (
    FREE_POINTS,
    STRIKE_POINTS,
)
from tests.kill.members import add_member
from tests.kill.studio_cells import PLATFORMS, REFUSAL, Act, Cell, Kind, Prepare
from tests.kill.studio_verdicts import Verdict, count_entries, is_over, judge_cell
from tests.kill.world import KillWorld, blocked_prompts
from tests.support.easel_process import EaselProcess
from tests.support.images import mask_for
from tests.support.marked_copies import encircled
from tests.support.waiting import wait_until

PREPARED_AT_ONCE = 3  # cells: a busy machine has as long for each few as for anything
MAX_WAITS = 4  # each as long as a test waits for anything
CALLS = "a small boat"  # how all prompts begin

# ---------------------------------------------------------------- kinds


async def _paint(cell: Cell) -> None:
    cell.member.say(f"{CALLS} {cell.tag}")
    await cell.member.wait_for_result(1)


async def _paint_branch(cell: Cell) -> None:
    """A result, and two edits of it, each with the tag."""
    await _paint(cell)
    for number, wish in enumerate(("a red sail", "a blue flag"), start=2):
        cell.member.reply_in_words(f"{wish} {cell.tag}")
        await cell.member.wait_for_result(number)


async def _mask(cell: Cell, _process: EaselProcess) -> None:
    cell.member.reply(f"mask: a red sail {cell.tag}", mask_for(cell.member.picture()))


async def _mark(cell: Cell, _process: EaselProcess) -> None:
    cell.member.reply(f"a red sail {cell.tag}", encircled(cell.member.picture()), as_photo=True)


async def _paint_region(cell: Cell, process: EaselProcess) -> None:
    await cell.member.paint_region(process.address, f"a red sail {cell.tag}")


def _pressing(action: Action) -> Act:
    async def press(cell: Cell, _process: EaselProcess) -> None:
        cell.member.press(action)

    return press


def _ready_for(action: Action, prepare: Prepare = _paint) -> Prepare:
    async def prepared(cell: Cell) -> None:
        await prepare(cell)
        await cell.member.open_menu(action)

    return prepared


async def _paint_and_ask_for_page(cell: Cell) -> None:
    await _paint(cell)
    await cell.member.ask_for_page()


async def _zoomed(cell: Cell) -> None:
    await _ready_for(Action.ZOOM_2)(cell)
    cell.member.press(Action.ZOOM_2)
    await cell.member.wait_for_result(2)


async def _marked(cell: Cell) -> None:
    await _paint(cell)
    cell.member.reply(f"a red sail {cell.tag}", encircled(cell.member.picture()), as_photo=True)
    await cell.member.wait_for_result(2)


async def _say_refused(cell: Cell, _process: EaselProcess) -> None:
    cell.member.say(f"[[moderation]] {CALLS} {cell.tag}")


async def _nothing(_cell: Cell) -> None:
    return None


FREE = tuple(FREE_POINTS)
PAID_KINDS = (
    Kind(name="mask", prepare=_paint, act=_mask),
    Kind(name="marks", prepare=_paint, act=_mark),
    Kind(name="region", prepare=_paint_and_ask_for_page, act=_paint_region),
    Kind(name="zoom", prepare=_ready_for(Action.ZOOM_2), act=_pressing(Action.ZOOM_2)),
    Kind(name="pan", prepare=_ready_for(Action.PAN_LEFT), act=_pressing(Action.PAN_LEFT)),
    Kind(name="shape", prepare=_ready_for(Action.SHAPE_3_2), act=_pressing(Action.SHAPE_3_2)),
    Kind(name="original", prepare=_ready_for(Action.ORIGINAL, _paint_branch), act=_pressing(Action.ORIGINAL)),
    Kind(name="retry of zoom", prepare=_zoomed, act=_pressing(Action.RETRY)),
    Kind(name="vary of marks", prepare=_marked, act=_pressing(Action.VARY)),
)
FREE_KINDS = (
    Kind(name="undo", prepare=_paint_branch, act=_pressing(Action.UNDO), is_free=True, points=FREE),
    Kind(
        name="compare",
        prepare=_ready_for(Action.COMPARE, _paint_branch),
        act=_pressing(Action.COMPARE),
        is_free=True,
        messages=(2, 1),
        pictures=2,
        points=FREE,
    ),
    Kind(
        name="tree",
        prepare=_ready_for(Action.TREE, _paint_branch),
        act=_pressing(Action.TREE),
        is_free=True,
        points=FREE,
    ),
    Kind(
        name="details",
        prepare=_ready_for(Action.DETAILS),
        act=_pressing(Action.DETAILS),
        is_free=True,
        messages=(1, 0),
        pictures=0,
        points=FREE[:-1],
    ),
    Kind(
        name="delete",
        prepare=_ready_for(Action.DELETE),
        act=_pressing(Action.DELETE),
        is_free=True,
        messages=(0, 0),
        pictures=0,
        points=FREE,
    ),
)
STRIKE = Kind(name=REFUSAL, prepare=_nothing, act=_say_refused, pictures=0, points=tuple(STRIKE_POINTS))
KINDS = (*PAID_KINDS, *FREE_KINDS, STRIKE)


def all_cells(world: KillWorld, kind: Kind) -> list[Cell]:
    """A kind at every kill point on every platform."""
    return [
        Cell(kind=kind, point=point, platform=platform, member=add_member(world, platform))
        for point in kind.points
        for platform in PLATFORMS
        if not (kind.name == "details" and platform == "discord" and point != "pressed")  # a card of its presser's
    ]


def few_cells(world: KillWorld) -> list[Cell]:
    """One kill point of each kind, others for each, on the platforms in turn; and each that is a kind's own."""
    chosen = [
        *((kind, kind.points[(5 * at) % len(kind.points)]) for at, kind in enumerate(PAID_KINDS)),
        *((kind, kind.points[(at + 1) % len(kind.points)]) for at, kind in enumerate(FREE_KINDS)),
        *((PAID_KINDS[2], point) for point in ("received", "accepted")),
        *((STRIKE, point) for point in STRIKE.points),
    ]
    return [
        Cell(kind=kind, point=point, platform=PLATFORMS[at % 2], member=add_member(world, PLATFORMS[at % 2]))
        for at, (kind, point) in enumerate(chosen)
        if kind.name != "details" or at % 2 == 0
    ]


# ---------------------------------------------------------------- killed and restarted


class FaultsOnce:
    """The first request of a cell meets the fault of its kill point, once the results are prepared."""

    def __init__(self) -> None:
        self.cells: Sequence[Cell] = ()

    def __call__(self, received: RecordedRequest) -> Fault | None:
        cell = next((each for each in self.cells if f"{each.tag} " in f"{received.prompt} ".replace("\n", " ")), None)
        if cell is None or cell.point_data is None or cell.received() > cell.requests + 1:
            return None
        return cell.point_data.fault


async def kill_and_restart(world: KillWorld, cells: Sequence[Cell], faults: FaultsOnce) -> list[Verdict]:
    """Prepares, blocks, kills, and lets another process go on."""
    async with world.process() as first:
        for at in range(0, len(cells), PREPARED_AT_ONCE):
            await asyncio.gather(*(cell.kind.prepare(cell) for cell in cells[at : at + PREPARED_AT_ONCE]))
        await world.wait_until_settled()
        assert await first.stop() == 0
    for cell in cells:
        cell.before = tuple(each.id for each in cell.member.messages())
        cell.requests = cell.received()
        cell.available = (await world.balance(cell.member.key)).available
        cell.entries = await count_entries(world, cell)
    faults.cells = cells
    async with world.process(run_blocking) as second:
        acts = [asyncio.ensure_future(cell.kind.act(cell, second)) for cell in cells]
        blocking = {
            cell.tag: cell for cell in cells if cell.point_data is None or not cell.point_data.blocked_by_upstream
        }
        while any(all(tag not in prompt for prompt in blocked_prompts(second)) for tag in blocking):
            failed = [each.exception() for each in acts if each.done() and each.exception() is not None]
            assert not failed, failed
            assert await second.read_report(), second.log.read_text()

        async def requests_received() -> bool:
            return all(cell.received() > cell.requests for cell in cells if cell.tag not in blocking)

        await wait_until(requests_received)
        await second.kill()
        await asyncio.gather(*acts)
    async with world.process() as third:
        for cell in cells:
            if cell.kind.name == "region":  # the page tries again, as its member does
                assert await cell.member.paint_region(third.address, f"a red sail {cell.tag}") == 200

        async def all_final() -> bool:
            return all(is_over(cell) for cell in cells)

        for _ in range(MAX_WAITS):
            with suppress(TimeoutError):  # after the last one the verdicts say which are not
                await wait_until(all_final)
                await world.wait_until_settled()
                break
        assert await third.stop() == 0
    return [await judge_cell(world, cell) for cell in cells]
