"""How cells of the kill matrix of results have ended, judged by their messages, balance and ledger, and the requests
that the upstream received.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from bot.job import Job
from tests.kill.matrix import UNFINISHED_ACTIONS
from tests.kill.studio_cells import PLATFORMS, REFUSAL, Cell
from tests.kill.world import KillWorld
from tests.support.databases import query

PICTURE_ACTIONS = ("retry", "vary", "edit", "undo", "more")


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


async def count_entries(world: KillWorld, cell: Cell) -> int:
    found = await asyncio.to_thread(query, world.database_url, "SELECT account FROM ledger")
    return sum(row[0] == cell.member.key for row in found)


def is_over(cell: Cell) -> bool:
    """Whether the chat shows how it has ended."""
    if cell.kind.name == "delete":
        return not cell.member.results()
    if cell.kind.is_free:
        return len(cell.new_messages()) >= cell.kind.messages[PLATFORMS.index(cell.platform)]
    return any(each.actions in (PICTURE_ACTIONS, ("retry",)) for each in cell.new_messages())


async def judge_cell(world: KillWorld, cell: Cell) -> Verdict:
    """The verdict on a cell that is over."""
    judge = _judge_refused if cell.kind.name == REFUSAL else _judge_free if cell.kind.is_free else _judge_paid
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
