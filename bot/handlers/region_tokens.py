"""Tokens of links to the region page: made, and distinguished from forged and expired ones. Pure.

That a token is used once is the store's doing: its use is the acceptance of a job, whose event names it.
"""

import base64
import hashlib
import hmac
import re
from datetime import UTC, datetime, timedelta

from bot.errors import RegionLinkExpired, RegionLinkUnknown

LIFETIME = timedelta(minutes=15)  # as long as the answer of Discord in which a link stands can be seen
KEY_BYTES = 32
SET_BACK = timedelta(minutes=1)  # by which a clock may be set back without its tokens being lost
ID_BYTES = 16  # random: nobody guesses one
MAC_BYTES = 24
_TOKEN = re.compile(r"([A-Za-z0-9_-]{22})([0-9a-f]{8})([A-Za-z0-9_-]{32})")
"""62 characters in all: Telegram's `start` takes 64."""


def make_token(key: bytes, identity: bytes, expires: datetime) -> str:
    """A token that is good until `expires`. `identity`: ID_BYTES random bytes."""
    signed = f"{_encode(identity)}{int(expires.timestamp()):08x}"
    return signed + _sign(key, signed)


def session_id(identity: bytes) -> str:
    """What `read_token` returns for a token of this identity."""
    return _encode(identity)


def read_token(key: bytes, token: str, now: datetime) -> str:
    """The id of the session that a token leads to. Raises RegionLinkUnknown for what was not made with this key, and
    RegionLinkExpired, also for one of a clock that was ahead."""
    found = _TOKEN.fullmatch(token)
    if found is None or not hmac.compare_digest(_sign(key, found[1] + found[2]), found[3]):
        raise RegionLinkUnknown
    if not now < datetime.fromtimestamp(int(found[2], 16), UTC) <= now + LIFETIME + SET_BACK:
        raise RegionLinkExpired
    return found[1]


def _sign(key: bytes, signed: str) -> str:
    return _encode(hmac.digest(key, b"region " + signed.encode(), hashlib.sha256)[:MAC_BYTES])


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
