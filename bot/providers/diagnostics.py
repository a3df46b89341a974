"""Advice for the operator about a failure: a remedy by its class, a hint where preset and address do not fit. Pure.

Sentences for the log and the terminal, in English; those for users are in the Fluent texts.
"""

import re
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from urllib.parse import urlsplit

from bot.errors import (
    AccountBlocked,
    BadCredentials,
    BadResult,
    Busy,
    CalledOff,
    Declined,
    FailedFree,
    Firewalled,
    Lost,
    Moderated,
    NoAnswer,
    NoPicture,
    NoTurn,
    OutOfFunds,
    PaintFailed,
    Rejected,
    SaidFailed,
    TextTooLarge,
    TookTooLong,
    TooLarge,
    Unfetched,
    Unmoderated,
    Unreachable,
    UpstreamDown,
    WentQuiet,
    WrongEndpoint,
    WrongModalities,
    WrongModel,
)
from bot.providers.presets import PRESETS, Upstream

REMEDIES: Mapping[type[PaintFailed], str | None] = {
    AccountBlocked: "it has blocked the account, often for earlier prompts; ask it, or use another key",
    BadCredentials: "it does not accept the key, or not for this model; check api_key",
    OutOfFunds: "its balance for this key is used up; top it up there",
    WrongModalities: "its model answers with other modalities; set another model",
    WrongModel: "it does not have this model, or not for this key; check its name in model or models",
    NoTurn: "too many requests wait for it; raise its max_concurrency or jobs.wait_s, or add another provider",
    WrongEndpoint: "it does not know this path or model; check base_url, preset and model",
    Unreachable: "it cannot be reached; check base_url and the network",
    NoAnswer: "it did not answer in time; raise timeout_s if that is usual there",
    Firewalled: "a firewall or CDN in front of it turned the request away, and the key was not looked at; ask it to let"
    " this machine's address in, or check base_url",
    UpstreamDown: "it is down; another provider in the list would step in",
    Busy: "its limit is reached, and fewer requests are sent at once; another provider in the list would step in",
    Moderated: "its content rules refused; nothing to mend",
    Unmoderated: "the moderation did not answer; check moderation.base_url and moderation.api_key",
    TooLarge: "it takes no request of that size; lower the pictures sent along, or raise the limit of its proxy",
    TextTooLarge: "it takes no request of that size, even without pictures; its proxy may take too few bytes",
    FailedFree: "its task failed, which costs nothing there; ask it by the trace id",
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
"""One clause by failure class; a class that is not in it has its parent's. None: nothing an operator could change."""


def remedy(failure: PaintFailed) -> str | None:
    """One clause that follows the provider's name; None where the operator can change nothing."""
    return next((REMEDIES[kind] for kind in type(failure).__mro__ if kind in REMEDIES), None)


# ---------------------------------------------------------------- preset and address

_TASK_MODEL = re.compile(r"invalid api ?type", re.IGNORECASE)  # ToAPIs: image models do not answer at a chat endpoint
_AZURE = ".openai.azure.com"  # each customer has a host of its own, so the preset has no address to compare with


def preset_for_url(url: str) -> str | None:
    """The preset whose upstream is at an address; None for a host that belongs to none."""
    host = urlsplit(url).hostname or ""
    if host.endswith(_AZURE):
        return "azure"
    domains = {name: _registered_domain(preset.base_url) for name, preset in PRESETS.items() if preset.base_url}
    return next((name for name, domain in domains.items() if host == domain or host.endswith(f".{domain}")), None)


def _registered_domain(url: str) -> str:
    """The last two labels of a host name, which all services of one upstream share."""
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])


def endpoint_hint(upstream: Upstream, error_text: str) -> str:
    """One sentence about a request that reached no endpoint of its dialect. `error_text`: the upstream's answer."""
    preset = preset_for_url(upstream.base_url)
    if preset is not None and preset != upstream.preset:
        return f'{urlsplit(upstream.base_url).hostname} is the upstream of preset = "{preset}"'
    if _TASK_MODEL.search(error_text) and upstream.dialect != "tasks":
        return f'{upstream.model} is painted by tasks there: use preset = "toapis" or "evolink", or dialect = "tasks"'
    if _TASK_MODEL.search(error_text):
        return f"{upstream.model} is not painted at this endpoint: check the model and the base_url"
    others = ", ".join(f'"{name}"' for name in ("chat", "tasks", "images") if name != upstream.dialect)
    return f'nothing speaks dialect = "{upstream.dialect}" there: check the base_url, or try dialect = {others}'


@contextmanager
def endpoint_hints(upstream: Upstream) -> Generator[None]:
    """Adds the `endpoint_hint` to a WrongEndpoint raised inside the context."""
    try:
        yield
    except WrongModel:  # the address is right
        raise
    except WrongEndpoint as failure:
        error_text = failure.detail or ""
        is_models_own = upstream.names_model_in_path or upstream.model.casefold() in error_text.casefold()
        kind = WrongModel if is_models_own else WrongEndpoint
        raise kind(
            trace=failure.trace, detail=f"{error_text} ({endpoint_hint(upstream, error_text)})".strip()
        ) from failure
