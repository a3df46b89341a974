"""What this process does at the moment: jobs that it shows, providers as it has learned them. Reads memory alone."""

from dataclasses import dataclass
from datetime import datetime

from bot.ports import Dispatch
from bot.ports.admin_views import Circuit, ProviderNow, RunningJob
from bot.providers import breaker
from bot.providers.fallback import FallbackProvider
from bot.status.messages import StatusMessages
from bot.store.administration.overview import UnfinishedRow

CIRCUITS: dict[breaker.Circuit, Circuit] = {
    breaker.Circuit.CLOSED: "closed",
    breaker.Circuit.HALF_OPEN: "half-open",
    breaker.Circuit.OPEN: "open",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class LiveParts:
    """The running parts that are looked at."""

    provider: FallbackProvider
    status_messages: StatusMessages
    dispatch: Dispatch

    def provider_names(self) -> tuple[str, ...]:
        """Of the configured providers, as configured."""
        return tuple(dict.fromkeys(entry.provider.name for entry in self.provider.catalog.entries))


def running_job(row: UnfinishedRow, status_messages: StatusMessages, now: datetime) -> RunningJob:
    """A job that runs, with its progress where this process shows it."""
    status = status_messages.status_of(row.id)
    return RunningJob(
        id=row.id,
        user_key=row.user_key,
        user_name=row.user_name,
        chat_key=row.chat_key,
        provider=row.provider,
        model=row.model,
        stage=None if status is None else status.stage.value,
        percent=None if status is None else status.percent,
        seconds=max(0.0, (now - (row.started or row.created)).total_seconds()),
        process=row.holder,
    )


def provider_states(provider: FallbackProvider, now_s: float) -> tuple[ProviderNow, ...]:
    """`now_s`: seconds of the breakers' monotonic clock."""
    models: dict[str, list[str]] = {}
    circuits: dict[str, breaker.Circuit] = {}
    for entry in provider.catalog.entries:
        models.setdefault(entry.provider.name, []).append(entry.provider.model)
        circuits[entry.provider.name] = entry.breaker.provider.circuit(now_s)
    return tuple(
        ProviderNow(
            name=name,
            models=tuple(of_name),
            circuit=CIRCUITS[circuits[name]],
            concurrency=provider.slots_of(name).limit,
            under_way=provider.slots_of(name).under_way,
            is_paused=name in provider.catalog.paused,
        )
        for name, of_name in models.items()
    )
