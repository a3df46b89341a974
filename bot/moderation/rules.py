"""What a moderation endpoint has found, and which of it the operator refuses. Pure.

The shape is that of OpenAI's `POST /v1/moderations`: `results`, each with `flagged`, `categories`, `category_scores`.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

OTHER = "other"  # what an endpoint has flagged without a category


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """What an endpoint has found in a text or a picture."""

    flagged: bool = False
    """Whether the endpoint itself would refuse it."""

    categories: frozenset[str] = frozenset()
    """The categories that it has flagged."""

    scores: Mapping[str, float] = field(default_factory=dict[str, float])
    """How sure it is of each category, 0 to 1."""


def parse_findings(document: object) -> Findings | None:
    """The findings of an answer, of all its results together. None: it is no such answer."""
    results = _mapping(document).get("results")
    if not isinstance(results, list) or not results:
        return None
    found = [_mapping(each) for each in cast("list[object]", results)]
    if not all(isinstance(each.get("flagged"), bool) or isinstance(each.get("categories"), Mapping) for each in found):
        return None
    scores: dict[str, float] = {}
    for name, score in _items(found, "category_scores"):
        if isinstance(score, int | float):
            scores[name] = max(float(score), scores.get(name, 0.0))
    return Findings(
        flagged=any(each.get("flagged") is True for each in found),
        categories=frozenset(name for name, value in _items(found, "categories") if _says_yes(value)),
        scores=scores,
    )


def _says_yes(value: object) -> bool:
    """Whether a value means that something was found, in whatever spelling."""
    return value is True or value == 1 or (isinstance(value, str) and value.strip().lower() in ("true", "yes", "1"))


def _items(found: list[Mapping[str, Any]], key: str) -> Iterator[tuple[str, object]]:
    for each in found:
        yield from _mapping(each.get(key)).items()


def _mapping(value: object) -> Mapping[str, Any]:
    return cast("Mapping[str, Any]", value) if isinstance(value, Mapping) else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """What the operator refuses."""

    categories: frozenset[str] = frozenset()
    """Categories that refuse; empty: all that the endpoint flags."""

    thresholds: Mapping[str, float] = field(default_factory=dict[str, float])
    """Scores from which on a category refuses, 0 to 1, in the place of the endpoint's own judgement."""

    def refused_category(self, findings: Findings) -> str | None:
        """The category because of which something is refused, of several the one that the endpoint is surest of;
        None: it is allowed."""
        named = [*findings.categories, *findings.scores]
        refused = [name for name in dict.fromkeys(named) if self._refuses(name, findings)]
        if refused:
            return max(sorted(refused), key=lambda name: findings.scores.get(name, 0.0))
        is_own = findings.flagged and not findings.categories and not self.categories and not self.thresholds
        return OTHER if is_own else None

    def _refuses(self, name: str, findings: Findings) -> bool:
        if (threshold := self.thresholds.get(name)) is not None:
            return findings.scores.get(name, float(name in findings.categories)) >= threshold
        return name in findings.categories and (not self.categories or name in self.categories)
