"""The lists of the page, each as a page of JSON and whole as a CSV file.

A list is a function that reads one part of it, and the columns of its file; a file is sent while it is read, so that no
list has to fit into memory.
"""

import asyncio
import csv
import io
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from aiohttp import web

from adapters.admin import queries
from adapters.admin.encode import cell, to_json
from adapters.admin.guard import SEALED, Guard, Visit
from adapters.admin.queries import BadQuery
from bot.errors import EaselError
from bot.ports.admin_views import Page
from bot.ports.administration import MAX_PAGE_ROWS, PAGE_ROWS
from bot.runtime.clock import Clock

log = structlog.get_logger()

FILE_HEADERS = SEALED | {"Content-Type": "text/csv; charset=utf-8"}
STALE_PAGE = "This part of the list is not there any more; begin with its first page."
BYTE_ORDER_MARK = b"\xef\xbb\xbf"  # without it Excel takes UTF-8 for something else

ReadPart = Callable[[Visit, Clock, str | None, int], Awaitable[Page[Any]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class ListSpec:
    """A list that can be looked at by pages and exported."""

    name: str
    """In addresses and in the names of files."""
    columns: tuple[str, ...]
    """Fields or properties of a row, in the order of the file."""
    read_part: ReadPart
    """One part: `after` and `limit` as of `AdminReads`. Raises BadQuery, ValueError."""


async def _jobs(visit: Visit, _clock: Clock, after: str | None, limit: int) -> Page[Any]:
    where = queries.parse_filter(visit.request.query)
    sort, descending = queries.parse_job_order(visit.request.query)
    return await visit.administration.jobs(where, sort=sort, descending=descending, after=after, limit=limit)


async def _members(visit: Visit, clock: Clock, after: str | None, limit: int) -> Page[Any]:
    since = queries.first_moment(queries.parse_days(visit.request.query), clock.now())
    sort = queries.parse_usage_sort(visit.request.query)
    return await visit.administration.members(since=since, sort=sort, after=after, limit=limit)


async def _chats(visit: Visit, clock: Clock, after: str | None, limit: int) -> Page[Any]:
    since = queries.first_moment(queries.parse_days(visit.request.query), clock.now())
    sort = queries.parse_usage_sort(visit.request.query)
    return await visit.administration.chats(since=since, sort=sort, after=after, limit=limit)


async def _set_aside(visit: Visit, _clock: Clock, after: str | None, limit: int) -> Page[Any]:
    return await visit.administration.set_aside(after=after, limit=limit)


async def _audit(visit: Visit, _clock: Clock, after: str | None, limit: int) -> Page[Any]:
    target = queries.parse_optional(visit.request.query, "target")
    return await visit.administration.audit(target=target, after=after, limit=limit)


async def _errors(visit: Visit, _clock: Clock, after: str | None, limit: int) -> Page[Any]:
    """There are at most some hundred groups: the number of those before it is where a page begins."""
    offset = int(after) if after is not None and after.isascii() and after.isdecimal() and len(after) < 10 else 0
    groups = await visit.core.errors.list_groups(limit=limit + 1, offset=offset)
    return Page(rows=tuple(groups[:limit]), next=str(offset + limit) if len(groups) > limit else None)


JOB_COLUMNS = (
    "id",
    "created",
    "finished",
    "milliseconds",
    "state",
    "user_key",
    "chat_key",
    "provider",
    "failure",
    "pictures",
    "charged",
)
USAGE_COLUMNS = ("key", "name", "jobs", "pictures", "charged", "failed")
ERROR_COLUMNS = ("fingerprint", "last", "first", "count", "kind", "place", "event", "jobs")
LISTS = (
    ListSpec(name="jobs", columns=JOB_COLUMNS, read_part=_jobs),
    ListSpec(name="members", columns=USAGE_COLUMNS, read_part=_members),
    ListSpec(name="chats", columns=USAGE_COLUMNS, read_part=_chats),
    ListSpec(name="set-aside", columns=("id", "at", "table", "key", "reason", "content"), read_part=_set_aside),
    ListSpec(name="errors", columns=ERROR_COLUMNS, read_part=_errors),
    ListSpec(name="audit", columns=("at", "who", "action", "target", "details"), read_part=_audit),
)


def list_routes(base: str, guard: Guard, clock: Clock) -> list[web.RouteDef]:
    """Two routes for each list. `base`: path of the page's answers."""
    made: list[web.RouteDef] = []
    for spec in LISTS:
        made.append(web.get(f"{base}/{spec.name}", guard.reading(_page_of(spec, clock)), allow_head=False))
        made.append(web.get(f"{base}/{spec.name}.csv", guard.reading(_file_of(spec, clock)), allow_head=False))
    return made


def _page_of(spec: ListSpec, clock: Clock) -> Callable[[Visit], Awaitable[web.StreamResponse]]:
    async def answer(visit: Visit) -> web.StreamResponse:
        after = queries.parse_optional(visit.request.query, "after")
        return web.json_response(to_json(await _read(spec, visit, clock, after, PAGE_ROWS)), headers=SEALED)

    return answer


def _file_of(spec: ListSpec, clock: Clock) -> Callable[[Visit], Awaitable[web.StreamResponse]]:
    async def answer(visit: Visit) -> web.StreamResponse:
        page = await _read(spec, visit, clock, None, MAX_PAGE_ROWS)  # before the headers: it may be refused
        name = f"easel-{spec.name}-{clock.now():%Y-%m-%d}.csv"
        response = web.StreamResponse(headers=FILE_HEADERS | {"Content-Disposition": f'attachment; filename="{name}"'})
        await response.prepare(visit.request)
        log.info("list exported", list=spec.name, admin=visit.who)
        await response.write(BYTE_ORDER_MARK + table_lines([spec.columns]))
        try:
            await response.write(await asyncio.to_thread(_lines_of, spec, page))
            while page.next is not None:
                page = await _read(spec, visit, clock, page.next, MAX_PAGE_ROWS)
                await response.write(await asyncio.to_thread(_lines_of, spec, page))
        except ConnectionError:
            return response  # whoever wanted it has left
        except Exception as failed:
            is_known = isinstance(failed, EaselError | BadQuery)
            log.warning(
                "list not exported to its end", list=spec.name, failure=type(failed).__name__, exc_info=not is_known
            )
            if visit.request.transport is not None:
                visit.request.transport.abort()  # a file that lacks its end must not look whole
            return response
        await response.write_eof()
        return response

    return answer


async def _read(spec: ListSpec, visit: Visit, clock: Clock, after: str | None, limit: int) -> Page[Any]:
    """As `ListSpec.read_part`. Raises BadQuery alone, and StoreFailed."""
    try:
        return await spec.read_part(visit, clock, after, limit)
    except BadQuery:
        raise
    except ValueError as stale:
        raise BadQuery(STALE_PAGE) from stale


def _lines_of(spec: ListSpec, page: Page[Any]) -> bytes:
    return table_lines([cell(getattr(row, name)) for name in spec.columns] for row in page.rows)


def table_lines(rows: Iterable[Iterable[str]]) -> bytes:
    """Rows of a CSV file (RFC 4180), in UTF-8."""
    text = io.StringIO(newline="")
    csv.writer(text).writerows(rows)
    return text.getvalue().encode("utf-8", "replace")
