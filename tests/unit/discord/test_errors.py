"""Discord's error responses as the core's failures."""

from adapters.discord import errors
from adapters.discord.errors import CallRejected
from bot.errors import ChatBusy, ChatFailed, ChatGone, MessageGone


def test_rejections_mean_what_discord_means() -> None:
    assert isinstance(errors.translate_rejection(CallRejected(404, 10008, "Unknown Message")), MessageGone)
    assert isinstance(errors.translate_rejection(CallRejected(403, 50013, "Missing Permissions")), ChatGone)
    assert isinstance(errors.translate_rejection(CallRejected(403, 0, "Forbidden")), ChatGone)
    other = errors.translate_rejection(CallRejected(400, 50035, "Invalid Form Body"))
    assert type(other) is ChatFailed


def test_a_rate_limit_without_a_time_has_one_and_an_unnamed_failure_its_type() -> None:
    assert errors.chat_busy(2.5, 0).retry_after == 2.5
    assert isinstance(errors.chat_busy(None, 30046), ChatBusy)
    assert errors.chat_unreachable("").detail == "str"
