"""The changes that the page can make, each a name, what its request must hold, and a call of the administration.

Every one is written into the audit log with who made it, in its own transaction; nothing is changed here.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from aiohttp import web

from adapters.admin.encode import to_json
from adapters.admin.guard import SEALED, Guard, Visit
from adapters.admin.queries import MAX_CHARS, BadQuery, require_number, require_text
from adapters.admin.sign_in_routes import read_object
from bot.intake.commands import is_user_key
from bot.ports import Administration
from bot.ports.administration import MAX_PAUSE_WORDS_CHARS
from bot.quota import MAX_CREDITS

Change = Callable[[Administration, str, Mapping[str, Any]], Awaitable[object]]

NO_MEMBER = "A member is named platform:id, such as telegram:123."


async def _grant(admin: Administration, who: str, body: Mapping[str, Any]) -> object:
    credits = require_number(body, "credits", MAX_CREDITS)
    return await admin.grant_credits(who, _member(body), credits, entry=_entry(who, body))


async def _set(admin: Administration, who: str, body: Mapping[str, Any]) -> object:
    credits = require_number(body, "credits", MAX_CREDITS)
    return await admin.set_credits(who, _member(body), credits, entry=_entry(who, body))


async def _ban(admin: Administration, who: str, body: Mapping[str, Any]) -> object:
    return await admin.ban(who, _member(body))


async def _unban(admin: Administration, who: str, body: Mapping[str, Any]) -> object:
    return await admin.unban(who, _member(body))


async def _unpause(admin: Administration, who: str, body: Mapping[str, Any]) -> object:
    return await admin.unpause(who, _member(body))


async def _pause_provider(admin: Administration, who: str, body: Mapping[str, Any]) -> object:
    return await admin.pause_provider(who, require_text(body, "provider"))


async def _resume_provider(admin: Administration, who: str, body: Mapping[str, Any]) -> object:
    return await admin.resume_provider(who, require_text(body, "provider"))


async def _pause_bot(admin: Administration, who: str, body: Mapping[str, Any]) -> object:
    words = require_text(body, "words") if body.get("words") else None
    if words is not None and len(words) > MAX_PAUSE_WORDS_CHARS:
        raise BadQuery(f"The words are longer than {MAX_PAUSE_WORDS_CHARS:,} characters.")
    return await admin.pause_bot(who, words)


async def _resume_bot(admin: Administration, who: str, _body: Mapping[str, Any]) -> object:
    return await admin.resume_bot(who)


async def _cancel(admin: Administration, who: str, body: Mapping[str, Any]) -> object:
    if not await admin.cancel_job(who, require_text(body, "job")):
        raise BadQuery("The job has ended already, or its picture is on its way.")
    return None


async def _delete_set_aside(admin: Administration, who: str, body: Mapping[str, Any]) -> object:
    if not await admin.delete_set_aside(who, require_text(body, "row")):
        raise BadQuery("That row is not there any more.")
    return None


CHANGES: Mapping[str, Change] = {
    "grant": _grant,
    "set": _set,
    "ban": _ban,
    "unban": _unban,
    "unpause": _unpause,
    "pause-provider": _pause_provider,
    "resume-provider": _resume_provider,
    "pause-bot": _pause_bot,
    "resume-bot": _resume_bot,
    "cancel": _cancel,
    "delete-set-aside": _delete_set_aside,
}
"""By the last part of their addresses."""


def change_routes(base: str, guard: Guard) -> list[web.RouteDef]:
    """A route for each change. `base`: path of the page's answers."""
    return [web.post(f"{base}/changes/{name}", guard.changing(_route_of(change))) for name, change in CHANGES.items()]


def _route_of(change: Change) -> Callable[[Visit], Awaitable[web.StreamResponse]]:
    async def answer(visit: Visit) -> web.StreamResponse:
        changed = await change(visit.administration, visit.who, await read_object(visit.request))
        return web.json_response({"changed": to_json(changed)}, headers=SEALED)

    return answer


def _member(body: Mapping[str, Any]) -> str:
    """Raises BadQuery for what is no key of a member."""
    key = require_text(body, "member")
    if not is_user_key(key):
        raise BadQuery(NO_MEMBER)
    return key


def _entry(who: str, body: Mapping[str, Any]) -> str:
    """The idempotency key of a change of credits: the page makes one for each time that it asks, and repeats it where
    no answer came."""
    entry = require_text(body, "entry")
    if len(entry) > MAX_CHARS:
        raise BadQuery("entry is too long.")
    return f"page:{who}:{entry}"
