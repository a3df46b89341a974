"""What stands before every route of the admin page: whose page asks, who is signed in, and the token of a change.

Also what every answer says of itself: kept by nobody, framed by nobody. Knows nothing of what is asked for.
"""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog
from aiohttp import web

from adapters import page_origins
from adapters.admin.cookies import is_change_token, session_tokens
from adapters.admin.queries import BadQuery
from bot.administration.sign_in import AdminSignIn
from bot.errors import EaselError, StoreFailed
from bot.ports import Administration
from bot.store.admin_sessions import AdminSession
from bot.store.error_groups import ErrorGroups
from bot.texts import translate_error

log = structlog.get_logger()

STARTING = "Easel is starting; try again in a moment."
LOCALE = "en"  # of the page: it has one reader or two, and one language keeps it plain
CHANGE_HEADER = "X-Easel-Token"
REFRESH_HEADER = "X-Easel-Refresh"  # the page asks by itself; such requests keep no session awake
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SEALED = HEADERS | {"Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'"}


class RequestRefused(Exception):
    """The request is answered with a status and a sentence."""

    def __init__(self, status: int, words: str) -> None:
        self.status = status
        self.words = words


@dataclass(frozen=True, slots=True, kw_only=True)
class Core:
    """The parts of a running core that the page stands on."""

    sign_in: AdminSignIn
    """Who may use the page."""
    errors: ErrorGroups
    """Unexpected exceptions."""
    administration: Administration | None = None
    """What is shown and changed; None: nothing is yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """A request of somebody who is signed in."""

    request: web.Request
    core: Core
    session: AdminSession
    token: str
    """Of the session."""

    @property
    def administration(self) -> Administration:
        """What is shown and changed. Raises RequestRefused while nothing is."""
        if self.core.administration is None:
            raise RequestRefused(503, STARTING)
        return self.core.administration

    @property
    def who(self) -> str:
        """As of `AuditRow.who`."""
        return self.session.user_key


Handler = Callable[[Visit], Awaitable[web.StreamResponse]]
Route = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Guard:
    """Lets requests through to handlers."""

    core: Core | None
    """Set while the core runs; without it every request is answered with 503."""

    def __init__(self, public_url: str | None) -> None:
        """`public_url`: of the server; None: this computer alone reaches it."""
        self.core = None
        self.public_url = public_url

    def reading(self, handler: Handler) -> Route:
        """A route that changes nothing."""
        return self._signed_in(handler, changes=False)

    def changing(self, handler: Handler) -> Route:
        """A route that may change something."""
        return self._signed_in(handler, changes=True)

    def open(self, handler: Callable[[web.Request, Core], Awaitable[web.StreamResponse]], *, changes: bool) -> Route:
        """A route for whoever asks from the page itself, signed in or not."""

        async def answer(request: web.Request) -> web.StreamResponse:
            try:
                return await handler(request, self._let_in(request, changes=changes))
            except RequestRefused as refused:
                return refusal(refused.status, refused.words)
            except BadQuery as wrong:
                return refusal(400, str(wrong))
            except EaselError as error:
                return _explain(error)
            except Exception:
                log.exception("admin page failed")
                return refusal(500, "Something unexpected has happened; it stands in the log, and among the errors.")

        return answer

    def _signed_in(self, handler: Handler, *, changes: bool) -> Route:
        async def admit(request: web.Request, core: Core) -> web.StreamResponse:
            is_use = REFRESH_HEADER not in request.headers
            for token in session_tokens(request.cookies):
                session = await core.sign_in.find_session(token, is_use=is_use)
                if session is not None:
                    break
            else:
                raise RequestRefused(401, "You are signed out.")
            if changes and not is_change_token(request.headers.get(CHANGE_HEADER, ""), token):
                raise RequestRefused(403, "The page is out of date; load it again.")
            return await handler(Visit(request=request, core=core, session=session, token=token))

        return self.open(admit, changes=changes)

    def _let_in(self, request: web.Request, *, changes: bool) -> Core:
        """Raises RequestRefused for another site's page, and while the core does not run."""
        rule = page_origins.may_change if changes else page_origins.may_read
        if not rule(request.headers, self.public_url):
            raise RequestRefused(403, "Open the page under its own address, over HTTPS or on this computer.")
        if self.core is None:
            raise RequestRefused(503, STARTING)
        return self.core


def refusal(status: int, words: str) -> web.Response:
    """A sentence for whoever looks at the page."""
    return web.json_response({"refusal": words}, status=status, headers=SEALED)


def _explain(error: EaselError) -> web.Response:
    if isinstance(error, StoreFailed):
        log.warning("admin page not served", failure=type(error).__name__, detail=error.detail)
        return refusal(503, "The database does not answer right now; nothing was changed.")
    return refusal(422, translate_error(LOCALE, error))
