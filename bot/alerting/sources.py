"""Where conditions are looked for in the core: at the providers' circuits, among new errors, at what was set aside."""

from collections.abc import Awaitable, Callable, Iterator, Sequence

from prometheus_client import Counter

from bot.alerting.conditions import OF_PROVIDERS, ConditionName, Findings, Symptom, provider_condition
from bot.observability.error_groups import ErrorGroup
from bot.observability.metrics import ROWS_SET_ASIDE, UPDATES_SET_ASIDE
from bot.providers.breaker import Breaker
from bot.providers.catalog import ProviderCatalog
from bot.providers.diagnostics import remedy

Source = Callable[[], Awaitable[Findings]]
"""One look."""

MAX_LISTED_ERRORS = 3  # of new groups that a notice names


def provider_findings(catalog: ProviderCatalog) -> Findings:
    """What the circuits of providers and models say."""
    symptoms: list[Symptom] = []
    unknown: set[tuple[ConditionName, str]] = set()
    for subject, breaker in _breakers(catalog):
        failure = breaker.trouble
        if failure is not None:
            detail = f"{type(failure).__name__}: {remedy(failure) or 'its log lines say more'}"
            symptoms.append(Symptom(name=provider_condition(failure), subject=subject, detail=detail))
        elif not breaker.has_succeeded:
            unknown |= {(name, subject) for name in OF_PROVIDERS}
    return Findings(tuple(symptoms), frozenset(unknown))


def _breakers(catalog: ProviderCatalog) -> Iterator[tuple[str, Breaker]]:
    known: set[int] = set()
    for entry in catalog.entries:
        provider = entry.breaker.provider
        if id(provider) not in known:
            known.add(id(provider))
            yield entry.provider.name, provider
        yield f"{entry.provider.name} ({entry.provider.model})", entry.breaker.model


class NewErrors:
    """The groups of errors that nobody has been told of."""

    def __init__(self) -> None:
        self._groups: dict[str, ErrorGroup] = {}

    def add(self, groups: Sequence[ErrorGroup]) -> None:
        """Groups that are new."""
        self._groups |= {group.fingerprint: group for group in groups}

    async def look(self) -> Findings:
        """One symptom for all of them."""
        if not self._groups:
            return Findings()
        groups = list(self._groups.values())
        named = [f"{group.kind.removeprefix('builtins.')} in {group.place}" for group in groups[:MAX_LISTED_ERRORS]]
        further = len(groups) - len(named)
        detail = "; ".join([*named, f"{further} more"] if further else named)
        return Findings((Symptom(name=ConditionName.NEW_ERRORS, detail=detail),))

    def clear(self) -> None:
        """They were told."""
        self._groups.clear()


class SetAside:
    """What was set aside in this process since somebody was told."""

    def __init__(self) -> None:
        self._told = self._count()

    async def look(self) -> Findings:
        """One symptom for all of it."""
        rows, updates = (now - told for now, told in zip(self._count(), self._told, strict=True))
        if not rows and not updates:
            return Findings()
        detail = f"{rows:.0f} rows, {updates:.0f} events; easel check lists them"
        return Findings((Symptom(name=ConditionName.SET_ASIDE, detail=detail),))

    def clear(self) -> None:
        """It was told."""
        self._told = self._count()

    def _count(self) -> tuple[float, float]:
        return _total(ROWS_SET_ASIDE), _total(UPDATES_SET_ASIDE)


def _total(counter: Counter) -> float:
    """Over all labels."""
    samples = [sample for family in counter.collect() for sample in family.samples]
    return sum(sample.value for sample in samples if sample.name.endswith("_total"))
