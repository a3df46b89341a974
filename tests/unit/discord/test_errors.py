"""Discord's error responses as the core's failures."""

from adapters.discord import errors
from adapters.discord.call_gate import RateLimit, Scope
from adapters.discord.errors import CallRejected
from bot.errors import ChatFailed, ChatGone, MessageGone


def test_rejections_mean_what_discord_means() -> None:
    assert isinstance(errors.translate_rejection(CallRejected(404, 10008, "Unknown Message")), MessageGone)
    assert isinstance(errors.translate_rejection(CallRejected(403, 50013, "Missing Permissions")), ChatGone)
    assert isinstance(errors.translate_rejection(CallRejected(403, 0, "Forbidden")), ChatGone)
    other = errors.translate_rejection(CallRejected(400, 50035, "Invalid Form Body"))
    assert type(other) is ChatFailed


def test_a_rate_limit_says_who_waits_and_an_unnamed_failure_its_type() -> None:
    for scope, everywhere in ((Scope.USER, False), (Scope.SHARED, False), (Scope.GLOBAL, True), (Scope.EDGE, True)):
        busy = errors.chat_busy(RateLimit(scope=scope, retry_after_s=2.5), 30046)
        assert (busy.retry_after, busy.everywhere) == (2.5, everywhere)
    assert errors.chat_unreachable("").detail == "str"
