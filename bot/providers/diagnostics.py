"""What an operator can do about a failure, by its class. Pure: words for the log and the terminal, in English.

What members are told stands in the texts; which preset fits an address, in `hints`.
"""

from collections.abc import Mapping

from bot.errors import (
    BadCredentials,
    BadResult,
    Busy,
    Lost,
    Moderated,
    NoAnswer,
    OutOfFunds,
    PaintFailed,
    Rejected,
    TookTooLong,
    Unreachable,
    UpstreamDown,
    WentQuiet,
    WrongEndpoint,
)

# The first that fits counts: children stand before their parents.
REMEDIES: Mapping[type[PaintFailed], str] = {
    BadCredentials: "it does not accept the key, or not for this model; check api_key",
    OutOfFunds: "its balance for this key is used up; top it up there",
    WrongEndpoint: "it does not know this path or model; check base_url, preset and model",
    Unreachable: "it cannot be reached; check base_url and the network",
    NoAnswer: "it did not answer in time; raise timeout_s if that is usual there",
    UpstreamDown: "it is down; another provider in the list would step in",
    Busy: "its limit is reached; lower max_concurrency, or add another provider",
    Moderated: "its content rules refused; nothing to mend",
    Rejected: "it refused the request as sent; if that repeats, its sizes, qualities or model have changed: set them",
    TookTooLong: "it was not finished in time; raise timeout_s, or jobs.time_s",
    WentQuiet: "it fell silent; raise idle_timeout_s if that is usual there",
    Lost: "it may have painted and charged; ask it by the trace id",
    BadResult: "its result was no picture; ask it by the trace id",
}


def remedy(failed: PaintFailed) -> str | None:
    """One sentence that follows the provider's name; None where there is nothing to say."""
    return next((words for kind, words in REMEDIES.items() if isinstance(failed, kind)), None)
