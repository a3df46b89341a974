"""What an operator should change when a preset does not fit its address. Pure: words for the log, never for a member.

The signs come from the upstreams' own pages; the hosts are those of the presets.
"""

import re
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

from bot.errors import WrongEndpoint
from bot.providers.presets import PRESETS, Upstream

_TASK_MODEL = re.compile(r"invalid api ?type", re.IGNORECASE)  # ToAPIs: image models do not answer at a chat endpoint
_AZURE = ".openai.azure.com"  # has no address of its own to compare with


def preset_of(url: str) -> str | None:
    """The preset whose upstream lives at an address; None for a host that belongs to none."""
    host = urlsplit(url).hostname or ""
    if host.endswith(_AZURE):
        return "azure"
    homes = {name: _home(preset.base_url) for name, preset in PRESETS.items() if preset.base_url}
    return next((name for name, home in homes.items() if host == home or host.endswith(f".{home}")), None)


def _home(url: str) -> str:
    """The part of a host that all services of one upstream share."""
    return ".".join((urlsplit(url).hostname or "").split(".")[-2:])


def hint(upstream: Upstream, said: str) -> str:
    """One sentence about a request that came to no endpoint of its kind. `said`: what the upstream answered."""
    preset = preset_of(upstream.base_url)
    if preset is not None and preset != upstream.preset:
        return f'{urlsplit(upstream.base_url).hostname} is the upstream of preset = "{preset}"'
    if _TASK_MODEL.search(said) and upstream.dialect != "tasks":
        return f'{upstream.model} is painted by tasks there: use preset = "toapis" or "evolink", or dialect = "tasks"'
    if _TASK_MODEL.search(said):
        return f"{upstream.model} is not painted at this endpoint: check the model and the base_url"
    others = ", ".join(f'"{name}"' for name in ("chat", "tasks", "images") if name != upstream.dialect)
    return f'nothing speaks dialect = "{upstream.dialect}" there: check the base_url, or try dialect = {others}'


@contextmanager
def hinted(upstream: Upstream) -> Generator[None]:
    """Whoever finds no endpoint within it also says what to change."""
    try:
        yield
    except WrongEndpoint as wrong:
        said = wrong.detail or ""
        raise WrongEndpoint(trace=wrong.trace, detail=f"{said} ({hint(upstream, said)})".strip()) from wrong
