"""`easel errors`: the groups of unexpected exceptions, read without changing anything, for people and for programs."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict

from bot.errors import SettingsWrong
from bot.observability.error_groups import ErrorGroup
from bot.runtime.clock import SystemClock
from bot.store.maintenance import missing_file
from bot.store.store import Store


async def read_groups(database_url: str) -> list[ErrorGroup]:
    """The groups, the one that was seen last first.

    Raises SettingsWrong where there is no database yet, StoreFailed.
    """
    if (missing := await missing_file(database_url)) is not None:
        raise SettingsWrong([f"database_url: {missing} does not exist yet; easel run makes it"])
    store = await Store.open(database_url, clock=SystemClock(), migrate=False)
    try:
        return await store.error_groups.list_groups()
    finally:
        await store.close()


def lines_of(groups: Sequence[ErrorGroup]) -> Iterator[str]:
    """For people: two lines each."""
    if not groups:
        yield "No unexpected errors are recorded."
    for group in groups:
        jobs = f"; jobs {', '.join(group.jobs)}" if group.jobs else ""
        yield f"{group.count} × {group.kind} in {group.place}: {group.event}"
        yield f"    {group.first:%Y-%m-%d %H:%M} to {group.last:%Y-%m-%d %H:%M} UTC{jobs}"


def json_of(groups: Sequence[ErrorGroup]) -> str:
    """For programs: a list of objects with the fields of `ErrorGroup`, times in ISO 8601."""
    rows = [asdict(group) | {"first": group.first.isoformat(), "last": group.last.isoformat()} for group in groups]
    return json.dumps(rows, indent=2, ensure_ascii=False)
