"""What Telegram hands to a Mini App (`initData`): whether it is Telegram's own word, and who has opened the app. Pure.

As in "Validating data received via the Mini App": a chain of HMACs with the bot's token, over all fields but the hash.
"""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

MAX_AGE = timedelta(hours=1)  # of what an app was opened with; links to the region page live a quarter of that
MAX_AHEAD = timedelta(minutes=5)  # that Telegram's clock may be ahead of ours
MAX_CHARS = 8_000  # Telegram's has some hundred


def read_launch_user(launch: str, token: str, now: datetime) -> str | None:
    """The id of the user who has opened an app of the bot with this token; None: Telegram did not say so, or did so
    more than MAX_AGE ago."""
    if len(launch) > MAX_CHARS:
        return None
    fields = parse_qsl(launch, keep_blank_values=True)
    given = dict(fields)
    if len(given) != len(fields):  # of a field that is there twice, nobody knows which was meant
        return None
    checked = "\n".join(f"{name}={value}" for name, value in sorted(fields) if name != "hash")
    secret = hmac.digest(b"WebAppData", token.encode(), hashlib.sha256)
    expected = hmac.new(secret, checked.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, given.get("hash", "").encode("ascii", "replace").decode()):
        return None
    at = given.get("auth_date", "")
    if not (at.isdecimal() and len(at) < 12 and -MAX_AHEAD <= now - datetime.fromtimestamp(int(at), UTC) <= MAX_AGE):
        return None
    return _user_id(given.get("user", ""))


def _user_id(user: str) -> str | None:
    try:
        found: Any = json.loads(user)
    except ValueError:
        return None
    identity = found.get("id") if isinstance(found, dict) else None  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType] - JSON
    return str(identity) if isinstance(identity, int) and not isinstance(identity, bool) else None
