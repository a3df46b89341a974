"""The cookie of a session: its name, where a browser sends it, and the token that changes need beside it. Pure.

Over HTTPS no other path and no plain connection gets it; on this computer alone there is no HTTPS, and none is needed.
"""

import hashlib
import hmac
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from bot.administration.sign_in import ADMIN_PATH

NAME = "easel-admin"
PREFIXES = ("__Host-", "__Secure-", "")  # browsers keep the promises that the first two make


@dataclass(frozen=True, slots=True, kw_only=True)
class CookiePlace:
    """Under which name a browser keeps the cookie, and for what."""

    name: str
    """With the prefix that browsers know."""
    path: str
    """Paths below it get the cookie."""
    is_secure: bool
    """Whether it is for HTTPS alone."""


def cookie_place(origin: str, public_url: str | None) -> CookiePlace:
    """The cookie of a sign-in. `origin`: that of its request, which `page_origins.may_change` has let in."""
    if public_url is None or not origin.lower().startswith("https://"):
        return CookiePlace(name=NAME, path=ADMIN_PATH, is_secure=False)
    below = urlsplit(public_url).path.rstrip("/")
    if not below:
        return CookiePlace(name=f"__Host-{NAME}", path="/", is_secure=True)  # the prefix wants this path
    return CookiePlace(name=f"__Secure-{NAME}", path=f"{below}{ADMIN_PATH}", is_secure=True)


def session_tokens(cookies: Mapping[str, str]) -> Iterator[str]:
    """The tokens that a request brings, those of the stricter cookies first."""
    for prefix in PREFIXES:
        if token := cookies.get(prefix + NAME):
            yield token


def change_token(session_token: str) -> str:
    """What a change must bring in a header: only the page itself has been told, and it leads to no session."""
    return hmac.digest(session_token.encode(), b"change", hashlib.sha256).hex()


def is_change_token(given: str, session_token: str) -> bool:
    """Whether a header has the token of the session."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), change_token(session_token).encode())
