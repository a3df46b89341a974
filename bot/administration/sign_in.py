"""Who may use the admin page: one-time links, the sessions that they begin, and when these are over.

A token is random and leaves this module once, to whoever it was made for; the database has its digest. Whoever is taken
out of `admins` has no session from then on.
"""

import hashlib
import re
import secrets
from collections.abc import Container
from datetime import timedelta

import structlog

from bot.runtime.clock import Clock
from bot.store.admin_sessions import AdminSession, AdminSessions

log = structlog.get_logger()

ADMIN_PATH = "/admin"  # of the page on Easel's HTTP server; a link's token is the fragment of the address
LINK_LIFETIME = timedelta(minutes=10)  # from one window to another; OWASP allows far longer
IDLE_LIMIT = timedelta(minutes=30)  # of a session that nobody uses
SESSION_LIMIT = timedelta(hours=12)  # of any session: a working day
SET_BACK = timedelta(minutes=1)  # by which a clock may be set back without signing anybody out
USE_STEP = timedelta(minutes=1)  # a session's use is written down so often, not with every request
TOKEN_BYTES = 32  # random: nobody guesses one
EVERYWHERE = re.compile(r"(?<=//)(0\.0\.0\.0|\[::\])(?=:|$)")  # a host that is listened on, and is no place to go to
MAX_TOKEN_CHARS = 100  # longer ones are not even hashed


class AdminSignIn:
    """Makes links, and looks after sessions. Every method raises StoreFailed when the database fails."""

    def __init__(self, sessions: AdminSessions, clock: Clock, admins: Container[str]) -> None:
        """`admins`: keys (`platform:id`) of those who may sign in; it may change."""
        self._sessions = sessions
        self._clock = clock
        self._admins = admins

    async def make_link(self, user_key: str) -> str:
        """The token of a new link for an admin: good for one sign-in within LINK_LIFETIME."""
        token = secrets.token_urlsafe(TOKEN_BYTES)
        await self._sessions.add_link(_digest(token), user_key, self._clock.now() + LINK_LIFETIME)
        log.info("link to the admin page made", admin=user_key)
        return token

    async def sign_in(self, link_token: str) -> tuple[str, AdminSession] | None:
        """A new session and its token. None: the link was used, is too old, was never made, or whom it was made for is
        no admin any more."""
        if len(link_token) > MAX_TOKEN_CHARS:
            return None
        token = secrets.token_urlsafe(TOKEN_BYTES)
        now = self._clock.now()
        latest = now + LINK_LIFETIME + SET_BACK  # that a link of now expires: others are of a clock that was ahead
        session = await self._sessions.begin_session(_digest(link_token), _digest(token), now, expires_by=latest)
        if session is None:
            return None
        if session.user_key not in self._admins:
            await self._sessions.end_all(session.user_key)
            return None
        log.info("signed in to the admin page", admin=session.user_key)
        return token, session

    async def find_session(self, token: str, *, is_use: bool) -> AdminSession | None:
        """The session of a token; None: nobody is signed in with it, or not any more. `is_use`: a person has done
        something, so that the session is not idle."""
        if len(token) > MAX_TOKEN_CHARS:
            return None
        digest, now = _digest(token), self._clock.now()
        session = await self._sessions.find_session(digest)
        if session is None:
            return None
        if session.user_key not in self._admins:
            await self._sessions.end_all(session.user_key)
            return None
        is_of_future = session.used > now + SET_BACK  # of a clock that was ahead: it would be open until then
        if is_of_future or now >= session.created + SESSION_LIMIT or now >= session.used + IDLE_LIMIT:
            await self._sessions.end_session(digest)
            return None
        if is_use and now >= session.used + USE_STEP:
            await self._sessions.mark_used(digest, now)
        return session

    async def sign_out(self, token: str) -> None:
        """Ends one session."""
        await self._sessions.end_session(_digest(token))

    async def sign_out_everywhere(self, user_key: str) -> int:
        """Ends all sessions of an admin, and spoils their links. Returns how many sessions there were."""
        ended = await self._sessions.end_all(user_key)
        log.info("signed out of the admin page everywhere", admin=user_key, sessions=ended)
        return ended

    async def delete_expired(self) -> None:
        """Deletes links and sessions that are of no more use."""
        now = self._clock.now()
        await self._sessions.delete_expired(now, used_before=now - IDLE_LIMIT, created_before=now - SESSION_LIMIT)


def server_address(public_url: str | None, listening_at: str) -> str:
    """The address at which a browser reaches the HTTP server. `listening_at`: what the server says of itself."""
    if public_url is not None:
        return public_url.rstrip("/")
    return EVERYWHERE.sub("127.0.0.1", listening_at)


def link_address(base: str, token: str) -> str:
    """The address that leads to the sign-in. The token is its fragment, which browsers send to nobody: it stands in no
    log of a server or proxy. `base`: address of Easel's HTTP server as a browser reaches it."""
    return f"{base.rstrip('/')}{ADMIN_PATH}#link={token}"


def _digest(token: str) -> str:
    """Of a token: it is random, so that no salt is needed."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
