"""What the operator may change while Easel runs: providers with their prices and keys, limits, access; all or nothing.

What has begun goes on as it began, and a job is charged what it was accepted with. Reads no file.
"""

import random
from collections.abc import Mapping, Sequence
from itertools import chain

from bot.errors import SettingsWrong
from bot.handlers.access_lists import AccessLists, make_access_lists
from bot.handlers.admins import CurrentAdmins
from bot.handlers.admission import Admission
from bot.jobs.sharing import JobSharing
from bot.observability.metrics import PROVIDER_INFO
from bot.ports import Provider
from bot.providers.fallback import FallbackProvider
from bot.providers.presets import Upstream, resolve_providers
from bot.providers.registry import ProviderDependencies, make_provider
from bot.providers.versions import Versions
from bot.quota import CurrentRules, QuotaRules
from bot.runtime.clock import Clock
from bot.settings import Access, Limits, Settings

RELOADED = ("providers", "providers_order", "limits", "access", "admins")  # keys at the top of the settings
EXCEPT = ("limits.user_strikes", "limits.strike_pause_hours")  # of them; counted by what the process began with
TIME_FACTOR = 2.0  # times the longest timeout_s: a whole attempt at the first provider, a whole one at the next


class Reconfiguration:
    """The parts of a running core that follow the settings."""

    def __init__(self, settings: Settings, tools: ProviderDependencies, *, concurrency: int, clock: Clock) -> None:
        """`tools`: of all providers, also of later ones; `concurrency`: most requests to any one of them, > 0.

        Raises SettingsWrong when a provider cannot be what the settings say.
        """
        self._tools = tools
        self._clock = clock
        self._jobs = settings.jobs
        self._made: Sequence[tuple[Upstream, Provider]] = ()
        self._sharing: JobSharing | None = None
        resolved = _resolve(settings)
        self.provider = FallbackProvider(
            self._make_providers(settings, resolved),
            concurrency=concurrency,
            budget_s=self._budget_s(resolved),
            wait_s=self._jobs.wait_s,
            clock=clock,
            jitter=random.random,
            order=settings.providers_order,
        )
        """The configured providers as one."""
        self.rules = CurrentRules(quota_rules(settings.limits))
        """Credits and numbers of jobs."""
        self.usage_rates = Versions(usage_rates(settings))
        """Our credits for one of an upstream's own, by the name of each provider that is charged for by usage."""
        self.admins = CurrentAdmins(settings.admins)
        """Who may give `/admin` commands, and sign in to the admin page."""
        self.admission = Admission(
            access_lists(settings.access),
            clock=clock,
            admins=self.admins,
            user_per_minute=settings.limits.user_per_minute,
            chat_per_minute=settings.limits.chat_per_minute,
            file=settings.access.file,
        )
        """Who may send requests, and how many."""

    def follow(self, sharing: JobSharing) -> None:
        """`sharing`: how many jobs of one user run at once is its to keep."""
        self._sharing = sharing

    async def apply(self, settings: Settings) -> None:
        """What RELOADED names is as in `settings` from now on.

        Raises SettingsWrong; then nothing has changed.
        """
        resolved = _resolve(settings)
        limits = settings.limits
        await self.admission.reconfigure(
            access_lists(settings.access),
            user_per_minute=limits.user_per_minute,
            chat_per_minute=limits.chat_per_minute,
            file=settings.access.file,
        )
        self.provider.replace(
            self._make_providers(settings, resolved),
            budget_s=self._budget_s(resolved),
            wait_s=self._jobs.wait_s,
            order=settings.providers_order,
        )
        self.usage_rates.replace(usage_rates(settings), self._clock.now())
        self.rules.now = quota_rules(limits)
        self.admins.replace(settings.admins)
        if self._sharing is not None:
            self._sharing.limit_user(limits.user_concurrent)

    def _make_providers(
        self, settings: Settings, resolved: Sequence[Sequence[Upstream]]
    ) -> list[tuple[Provider, int | None]]:
        """Each with the operator's cap; one whose upstream is as before is the very same object."""
        known = list(self._made)
        self._made = [
            (upstream, next((made for before, made in known if before == upstream), None) or self._make(upstream))
            for upstream in chain.from_iterable(resolved)
        ]
        caps = {each.name: each.max_concurrency for each in settings.providers}
        return [(provider, caps[upstream.name]) for upstream, provider in self._made]

    def _make(self, upstream: Upstream) -> Provider:
        PROVIDER_INFO.labels(upstream.name, upstream.model, upstream.dialect, upstream.preset or "").set(1)
        return make_provider(upstream, self._tools)

    def _budget_s(self, resolved: Sequence[Sequence[Upstream]]) -> float:
        return self._jobs.time_s or TIME_FACTOR * max(each.timeout_s for each in chain.from_iterable(resolved))


def quota_rules(limits: Limits) -> QuotaRules:
    """The rules of credits that the settings say."""
    return QuotaRules(
        user_daily=limits.user_daily,
        chat_daily=limits.chat_daily,
        user_concurrent=limits.user_concurrent,
        user_waiting=limits.user_waiting,
        roles=limits.roles,
        new_user_daily=limits.new_user_daily,
    )


def access_lists(access: Access) -> AccessLists:
    """The lists that stand in the settings themselves."""
    return make_access_lists(**access.model_dump(exclude={"file"}))


def usage_rates(settings: Settings) -> Mapping[str, float]:
    """By the name of each provider that has one."""
    return {each.name: each.usage_rate for each in settings.providers if each.usage_rate is not None}


def _resolve(settings: Settings) -> list[tuple[Upstream, ...]]:
    resolved = resolve_providers([each.model_dump() for each in settings.providers])
    if not resolved:
        raise SettingsWrong(["providers: none is configured; Easel has nobody to paint"])
    return resolved
