"""Makes the provider of a configured upstream by its dialect.

The only module that knows all dialects.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.ports import Provider
from bot.providers.chat.provider import ChatProvider
from bot.providers.http.client import UpstreamClient
from bot.providers.images.provider import ImagesProvider
from bot.providers.presets import Upstream
from bot.providers.tasks.callbacks import Callbacks
from bot.providers.tasks.provider import TasksProvider
from bot.runtime.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderDependencies:
    """What all providers share."""

    client: UpstreamClient
    """Connections to the upstreams; owned and closed by the caller."""

    clock: Clock
    """Source of time for polls and deadlines."""

    callbacks: Callbacks
    """Callbacks of the tasks in progress."""

    jitter: Callable[[], float]
    """A random number at each call, 0 <= value < 1; spreads the polls of concurrent jobs."""


_DIALECTS: Mapping[str, Callable[[Upstream, ProviderDependencies], Provider]] = {
    "chat": lambda upstream, dependencies: ChatProvider(upstream, dependencies.client),
    "tasks": lambda upstream, dependencies: TasksProvider(
        upstream,
        dependencies.client,
        clock=dependencies.clock,
        callbacks=dependencies.callbacks,
        jitter=dependencies.jitter,
    ),
    "images": lambda upstream, dependencies: ImagesProvider(upstream, dependencies.client),
}


def make_provider(upstream: Upstream, dependencies: ProviderDependencies) -> Provider:
    """The provider of an upstream."""
    return _DIALECTS[upstream.dialect](upstream, dependencies)
