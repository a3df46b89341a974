"""From a configured upstream to the provider that speaks its dialect.

The one place that knows all dialects; what they share is handed in here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.clock import Clock
from bot.ports import Provider
from bot.providers.chat.provider import ChatProvider
from bot.providers.http.client import UpstreamClient
from bot.providers.images.provider import ImagesProvider
from bot.providers.presets import Upstream
from bot.providers.tasks.callbacks import Callbacks
from bot.providers.tasks.provider import TasksProvider


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDependencies:
    """What providers work with. `client`: belongs to whoever made it. `jitter`: 0 ≤ value < 1."""

    client: UpstreamClient
    clock: Clock
    callbacks: Callbacks
    jitter: Callable[[], float]


_DIALECTS: Mapping[str, Callable[[Upstream, ProviderDependencies], Provider]] = {
    "chat": lambda upstream, tools: ChatProvider(upstream, tools.client),
    "tasks": lambda upstream, tools: TasksProvider(
        upstream, tools.client, clock=tools.clock, callbacks=tools.callbacks, jitter=tools.jitter
    ),
    "images": lambda upstream, tools: ImagesProvider(upstream, tools.client),
}


def make_provider(upstream: Upstream, dependencies: ProviderDependencies) -> Provider:
    """The provider of an upstream."""
    return _DIALECTS[upstream.dialect](upstream, dependencies)
