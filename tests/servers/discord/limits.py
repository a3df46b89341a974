"""Rate limits: the bucket a call draws on, and its free slots. No HTTP; time is a parameter.

Numbers that Discord does not document are community observations and can be set.
"""

import math
import zlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, fields, replace


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`slots` calls in any window of `period` seconds, which begins with its first call."""

    slots: int
    period: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """The rates in force. `post`, `edit`, `delete`, `typing`, `reaction` count by channel, `token` by
    interaction, `old_edit` by channel for messages older than an hour, `overall` for the whole bot."""

    post: Rate = Rate(slots=5, period=5.0)
    edit: Rate = Rate(slots=5, period=5.0)
    delete: Rate = Rate(slots=5, period=1.0)
    typing: Rate = Rate(slots=5, period=5.0)
    reaction: Rate = Rate(slots=1, period=0.25)
    token: Rate = Rate(slots=5, period=2.0)
    old_edit: Rate = Rate(slots=3, period=20.0)
    other: Rate = Rate(slots=50, period=1.0)
    overall: Rate = Rate(slots=50, period=1.0)

    def faster(self, times: float) -> "Limits":
        """The same slots in shorter windows, for tests that must wait one out."""
        rates = {item.name: getattr(self, item.name) for item in fields(self)}
        return Limits(**{name: replace(rate, period=rate.period / times) for name, rate in rates.items()})


MESSAGE = "/channels/{channel_id}/messages/{message_id}"
FAMILIES: Mapping[tuple[str, str], str] = {
    ("POST", "/channels/{channel_id}/messages"): "post",
    ("PATCH", MESSAGE): "edit",
    ("DELETE", MESSAGE): "delete",
    ("POST", "/channels/{channel_id}/typing"): "typing",
    ("PUT", MESSAGE + "/reactions/{emoji_name}/@me"): "reaction",
    ("DELETE", MESSAGE + "/reactions/{emoji_name}/@me"): "reaction",
}
TOKEN_ROUTES = "/webhooks/{webhook_id}/{webhook_token}"
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"


@dataclass(frozen=True, slots=True, kw_only=True)
class Slot:
    """What a call was given. `scope` is None when it may pass, else whose limit refused it."""

    bucket: str
    limit: int
    remaining: int
    reset_after: float
    scope: str | None = None

    @property
    def headers(self) -> dict[str, str]:
        return {
            "X-RateLimit-Limit": str(self.limit),
            "X-RateLimit-Remaining": str(self.remaining),
            "X-RateLimit-Reset-After": f"{self.reset_after:.3f}",
            "X-RateLimit-Bucket": self.bucket,
        }


@dataclass(slots=True)
class _Window:
    rate: Rate
    ends: float
    used: int = 0


class Buckets:
    """All windows of the bot. A refused call uses no slot."""

    def __init__(self, limits: Limits, time: Callable[[], float]) -> None:
        self.limits = limits
        self._time = time
        self._windows: dict[Hashable, _Window] = {}

    def take_slot(self, method: str, route: str, params: Mapping[str, str]) -> Slot:
        """A slot for a call of `route` (a path template) with the given path parameters."""
        family = self.family(method, route)
        rate: Rate = getattr(self.limits, "other" if family.startswith(("GET", "other")) else family)
        counted = not route.startswith(("/webhooks/", "/interactions/"))  # those are outside the bot's 50/s
        everything = self._window("overall", self.limits.overall) if counted else None
        if everything is not None and everything.used >= everything.rate.slots:
            return self._slot("global", everything, "global")
        window = self._window((family, *_major(params)), rate)
        if window.used >= rate.slots:
            return self._slot(family, window, "user")
        window.used += 1
        if everything is not None:
            everything.used += 1
        return self._slot(family, window, None)

    def take_old_edit(self, channel_id: int) -> float:
        """0 when a message older than an hour may be edited now, else the seconds to wait."""
        window = self._window(("old_edit", channel_id), self.limits.old_edit)
        if window.used >= window.rate.slots:
            return self._left(window)
        window.used += 1
        return 0.0

    @staticmethod
    def family(method: str, route: str) -> str:
        """The name of the bucket that a route draws on."""
        if route.startswith(TOKEN_ROUTES) and method != "GET":
            return "token"
        return FAMILIES.get((method, route), f"other {method} {route}")

    def _window(self, key: Hashable, rate: Rate) -> _Window:
        window = self._windows.get(key)
        if window is None or self._time() >= window.ends:
            window = self._windows[key] = _Window(rate, self._time() + rate.period)
        return window

    def _left(self, window: _Window) -> float:
        return math.ceil((window.ends - self._time()) * 1000) / 1000  # up: nobody is sent back too early

    def _slot(self, family: str, window: _Window, scope: str | None) -> Slot:
        return Slot(
            bucket=f"{zlib.crc32(family.encode()):08x}",
            limit=window.rate.slots,
            remaining=window.rate.slots - window.used,
            reset_after=self._left(window),
            scope=scope,
        )


def _major(params: Mapping[str, str]) -> tuple[str, ...]:
    """The parameters by which Discord tells buckets of one route apart."""
    names = ("channel_id", "guild_id", "webhook_id", "webhook_token", "interaction_token")
    return tuple(params[name] for name in names if name in params)
