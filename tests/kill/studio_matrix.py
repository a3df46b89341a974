"""The kill matrix of what is done with results: edits with masks, marks, regions and larger frames, the way back, and
what costs nothing. One member a cell.

A process prepares the results; a second one blocks every cell at its kill point, and gets SIGKILL; a third one goes on.
A cell is judged by its messages, its balance and ledger, and the requests that the upstream received.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

from bot.chat import Action
from bot.job import Job
from bot.sandbox import Fault
from bot.sandbox.request_log import RecordedRequest
from tests.kill.blocking_process import run_blocking
from tests.kill.kill_points import (
    FREE_POINTS,
    KILL_POINTS,
    KILL_POINTS_BY_NAME,
    STRIKE_POINTS,
    KillPoint,
)
from tests.kill.matrix import UNFINISHED_ACTIONS
from tests.kill.members import Member, add_member
from tests.kill.world import BotMessage, KillWorld, blocked_prompts
from tests.support.databases import query
from tests.support.easel_process import EaselProcess
from tests.support.images import mask_for
from tests.support.marked_copies import encircled
from tests.support.waiting import wait_until

Prepare = Callable[["Cell"], Awaitable[None]]
Act = Callable[["Cell", EaselProcess], Awaitable[None]]
PLATFORMS = ("telegram", "discord")
PICTURE_ACTIONS = ("retry", "vary", "edit", "undo", "more")
MENTION = "Ada, "  # how a message begins that mentions a member
PREPARED_AT_ONCE = 6  # cells: a busy machine has as long for each few as for anything
MAX_WAITS = 4  # each as long as a test waits for anything
CALLS = "a small boat"  # how all prompts begin
_numbers = count(1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """Something that is done with a result."""

    name: str
    prepare: Prepare
    act: Act
    is_free: bool = False
    messages: tuple[int, int] = (1, 1)
    """How many it leaves in the end, on Telegram and in Discord."""
    pictures: int = 1
    """In those."""
    points: tuple[str, ...] = tuple(each.name for each in KILL_POINTS if "chat" in each.dialects)


@dataclass(slots=True, kw_only=True)
class Cell:
    """One kind at one kill point, of a member of its own."""

    kind: Kind
    point: str
    platform: str
    member: Member
    number: int = field(default_factory=lambda: next(_numbers))
    before: tuple[str, ...] = ()
    """Ids of the messages that stood there when the second process began."""
    requests: int = 0
    """Received by then."""
    available: int = 0
    """Credits, by then."""
    entries: int = 0
    """Of the ledger, by then."""

    @property
    def tag(self) -> str:
        """What its prompts end with: for the kill points, and for the requests."""
        return f"number {self.number} at {self.point}"

    @property
    def point_data(self) -> KillPoint | None:
        return KILL_POINTS_BY_NAME.get(self.point)

    def new_messages(self) -> list[BotMessage]:
        """But for the words that tell somebody after two minutes that their picture is ready."""
        new = [each for each in self.member.messages() if each.id not in self.before]
        return [each for each in new if not each.text.startswith(MENTION)]

    def received(self) -> int:
        """Requests for it that have reached the upstream."""
        return sum(
            f"{self.tag} " in f"{each.prompt} ".replace("\n", " ") for each in self.member.world.sandbox.requests
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """How a cell has ended."""

    kind: str
    point: str
    platform: str
    outcome: str
    """In a few words, for the table."""
    failures: tuple[str, ...]
    """What is not as expected, in words."""


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
STRIKE = Kind(name="refusal", prepare=_nothing, act=_say_refused, pictures=0, points=tuple(STRIKE_POINTS))
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
            return all(_is_over(cell) for cell in cells)

        for _ in range(MAX_WAITS):
            with suppress(TimeoutError):  # after the last one the verdicts say which are not
                await wait_until(all_final)
                await world.wait_until_settled()
                break
        assert await third.stop() == 0
    return [await judge_cell(world, cell) for cell in cells]


async def count_entries(world: KillWorld, cell: Cell) -> int:
    found = await asyncio.to_thread(query, world.database_url, "SELECT account FROM ledger")
    return sum(row[0] == cell.member.key for row in found)


def _is_over(cell: Cell) -> bool:
    """Whether the chat shows how it has ended."""
    if cell.kind.name == "delete":
        return not cell.member.results()
    if cell.kind.is_free:
        return len(cell.new_messages()) >= cell.kind.messages[PLATFORMS.index(cell.platform)]
    return any(each.actions in (PICTURE_ACTIONS, ("retry",)) for each in cell.new_messages())


async def judge_cell(world: KillWorld, cell: Cell) -> Verdict:
    """The verdict on a cell that is over."""
    judge = _judge_refused if cell.kind is STRIKE else _judge_free if cell.kind.is_free else _judge_paid
    outcome, findings = await judge(world, cell)
    balance = await world.balance(cell.member.key)
    findings[f"reserved {balance.reserved}"] = balance.reserved != 0
    return Verdict(
        kind=cell.kind.name,
        point=cell.point,
        platform=cell.platform,
        outcome=outcome,
        failures=tuple(finding for finding, applies in findings.items() if applies),
    )


async def _judge_paid(world: KillWorld, cell: Cell) -> tuple[str, dict[str, bool]]:
    point = cell.point_data
    assert point is not None
    messages = cell.new_messages()
    final = [each for each in messages if each.actions not in UNFINISHED_ACTIONS]
    pictures = sum(each.pictures for each in final)
    charged = cell.available - (await world.balance(cell.member.key)).available
    requests = cell.received() - cell.requests
    outcome, expected = "picture" if pictures else "released", point.expected_outcome(world.dialect)
    newest = (await _jobs(world, cell))[0]
    return f"{outcome}, {charged} charged", {
        f"ended as {outcome}, not {expected}": outcome != expected,
        f"{len(messages) - len(final)} strays": len(messages) != len(final),
        f"{[each.text for each in final]}": len(final) != 1,
        f"{pictures} pictures": pictures > 1,
        f"charged {charged} for {pictures}": charged != pictures,
        f"{requests} requests, not {point.requests}": requests != point.requests,
        "no parent": newest.parent is None,
        "entries": await count_entries(world, cell) != cell.entries + 2,
    }


async def _judge_free(world: KillWorld, cell: Cell) -> tuple[str, dict[str, bool]]:
    messages = cell.new_messages()
    expected = cell.kind.messages[PLATFORMS.index(cell.platform)]
    pictures = sum(each.pictures for each in messages)
    spent = cell.available - (await world.balance(cell.member.key)).available
    deleted = [each for each in await _jobs(world, cell) if each.deleted is not None]
    return f"{len(messages)} messages", {
        f"{[each.text for each in messages]}, not {expected}": len(messages) != expected,
        f"{pictures} pictures": pictures != (cell.kind.pictures if expected else 0),
        f"spent {spent}": spent != 0,
        f"{cell.received() - cell.requests} requests": cell.received() != cell.requests,
        "entries": await count_entries(world, cell) != cell.entries,
        "deleted": bool(deleted) != (cell.kind.name == "delete"),
        "pictures kept": any(each.delivered for each in deleted),
    }


async def _judge_refused(world: KillWorld, cell: Cell) -> tuple[str, dict[str, bool]]:
    """What was settled as refused counts once, and its message says that there is a pause now; what was not, counts
    nothing."""
    async with world.store() as store:
        pause = await store.strikes.pause_of(cell.member.key)
    strikes = 0 if pause is None else pause.strikes
    messages = cell.new_messages()
    says_so = ["until" in each.text for each in messages]
    expected = int(cell.point == "unnotified")
    return f"{strikes} strikes", {
        f"{strikes} strikes": strikes != expected,
        f"{[each.text for each in messages]}": says_so != [bool(expected)],
        "charged": (await world.balance(cell.member.key)).available != cell.available,
    }


async def _jobs(world: KillWorld, cell: Cell) -> list[Job]:
    """Newest first."""
    async with world.store() as store:
        return await store.history(cell.member.key)


def format_table(verdicts: Sequence[Verdict]) -> str:
    """A line for each cell; `!` marks a failure."""
    return "\n".join(
        f"{each.kind:<14} {each.point:<17} {each.platform:<9} {each.outcome}{' ! ' if each.failures else ''}"
        f"{'; '.join(each.failures)}"
        for each in verdicts
    )
