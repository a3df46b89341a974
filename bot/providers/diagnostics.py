"""What an operator can do about a failure: a remedy by its class, a hint where preset and address do not fit. Pure.

Words for the log and the terminal, in English; what users are told stands in the texts.
"""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from bot.errors import (
    BadCredentials,
    BadResult,
    Busy,
    CalledOff,
    Declined,
    Lost,
    Moderated,
    NoAnswer,
    NoPicture,
    OutOfFunds,
    PaintFailed,
    Rejected,
    SaidFailed,
    TookTooLong,
    Unfetched,
    Unreachable,
    UpstreamDown,
    WentQuiet,
    WrongEndpoint,
)
from bot.providers.presets import PRESETS, Upstream

REMEDIES: Mapping[type[PaintFailed], str | None] = {
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
    CalledOff: None,
    Declined: None,
    NoPicture: None,
    SaidFailed: None,
    Unfetched: None,
}


"""By class; a class that is not in it has its parent's. None: nothing that an operator could change."""


def remedy(failed: PaintFailed) -> str | None:
    """One sentence that follows the provider's name; None where there is nothing to say."""
    return next((REMEDIES[kind] for kind in type(failed).__mro__ if kind in REMEDIES), None)


# ---------------------------------------------------------------- preset and address

_TASK_MODEL = re.compile(r"invalid api ?type", re.IGNORECASE)  # ToAPIs: image models do not answer at a chat endpoint
_AZURE = ".openai.azure.com"  # has no address of its own to compare with


def preset_for_url(url: str) -> str | None:
    """The preset whose upstream lives at an address; None for a host that belongs to none."""
    host = urlsplit(url).hostname or ""
    if host.endswith(_AZURE):
        return "azure"
    homes = {name: _home(preset.base_url) for name, preset in PRESETS.items() if preset.base_url}
    return next((name for name, home in homes.items() if host == home or host.endswith(f".{home}")), None)


def _home(url: str) -> str:
    """The part of a host that all services of one upstream share."""
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])


def endpoint_hint(upstream: Upstream, said: str) -> str:
    """One sentence about a request that came to no endpoint of its kind. `said`: what the upstream answered."""
    preset = preset_for_url(upstream.base_url)
    if preset is not None and preset != upstream.preset:
        return f'{urlsplit(upstream.base_url).hostname} is the upstream of preset = "{preset}"'
    if _TASK_MODEL.search(said) and upstream.dialect != "tasks":
        return f'{upstream.model} is painted by tasks there: use preset = "toapis" or "evolink", or dialect = "tasks"'
    if _TASK_MODEL.search(said):
        return f"{upstream.model} is not painted at this endpoint: check the model and the base_url"
    others = ", ".join(f'"{name}"' for name in ("chat", "tasks", "images") if name != upstream.dialect)
    return f'nothing speaks dialect = "{upstream.dialect}" there: check the base_url, or try dialect = {others}'


@contextmanager
def endpoint_hints(upstream: Upstream) -> Generator[None]:
    """Whoever finds no endpoint within it also says what to change."""
    try:
        yield
    except WrongEndpoint as wrong:
        said = wrong.detail or ""
        raise WrongEndpoint(trace=wrong.trace, detail=f"{said} ({endpoint_hint(upstream, said)})".strip()) from wrong
