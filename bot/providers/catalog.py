"""The configured providers' models: which can paint a request, at what price and in which order. Pure.

A request that no single one can meet is refused, with those that can where one was chosen that cannot.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Literal

from cachetools import LRUCache

from bot.errors import PromptTooLong, ProvidersPaused, Refusal, Unsupported, UnsupportedByModel
from bot.intake.models import current_model
from bot.intake.prices import Painted, PriceList, make_price_list, price_of_image, price_range
from bot.intake.sizes import offered_sizes, ratio_of
from bot.painting import Capabilities, Options
from bot.pictures.frames import Shapes, ratios
from bot.ports import Provider
from bot.prices import PriceRange
from bot.providers.breaker import Breaker, Circuit, ModelBreaker
from bot.providers.marks import MASK_WORDS
from bot.providers.requirements import Requirements, can_satisfy, masks_itself, merge_capabilities
from bot.providers.versions import Versions

Order = Literal["listed", "cheapest"]
"""As configured, or by what the request costs at each provider, then as configured."""

MAX_PRICES = 1_000  # kept of each model, by the options of a request; computing one takes as long as a statement


@dataclass(slots=True, kw_only=True)
class CatalogEntry:
    """One model of a provider."""

    provider: Provider
    """The provider with this model."""

    breaker: ModelBreaker
    """Whether it is tried in its place, last, or by a probe."""

    _price_ranges: LRUCache[Options, PriceRange] = field(init=False, default_factory=lambda: LRUCache(MAX_PRICES))
    """By what was asked for."""

    def can_satisfy(self, needs: Requirements) -> bool:
        """Whether it can meet the whole request."""
        return can_satisfy(self.provider.capabilities, needs)

    def must_be_shown_mask(self, needs: Requirements) -> bool:
        """Whether a mask would have to be drawn on a copy of the picture."""
        return needs.has_mask and not masks_itself(self.provider.capabilities, needs)

    def max_prompt_chars(self, needs: Requirements) -> int:
        """Longest prompt of a request: without what words about a marked copy take."""
        words = len(MASK_WORDS) if self.must_be_shown_mask(needs) else 0
        return self.provider.capabilities.max_prompt_chars - words

    def price_range(self, options: Options) -> PriceRange:
        """What one image may cost."""
        if (known := self._price_ranges.get(options)) is None:
            known = price_range(self.provider.price, options, self.provider.capabilities)
            self._price_ranges[options] = known
        return known


class ProviderCatalog:
    """The configured providers, as those who ask for pictures see them."""

    def __init__(self, providers: Sequence[Provider], *, order: Order) -> None:
        """`providers`: at least one, in order of preference; those of one name are the models of one provider.
        `order`: of those that can paint a request."""
        self._versions = Versions(_make_entries(providers, ()))
        self._order: Order = order
        self.paused: frozenset[str] = frozenset()
        """Names of the providers that begin no request now. What can be asked for stays the same."""

    @property
    def entries(self) -> Sequence[CatalogEntry]:
        """The models of all providers, as of now."""
        return self._versions.now

    def replace(self, providers: Sequence[Provider], *, order: Order, since: datetime) -> None:
        """Other providers from now on. Of those that stay as they are, the very same objects, what is known of their
        health is kept; whoever tries others at this moment goes on with them."""
        self._versions.replace(_make_entries(providers, self.entries), since)
        self._order = order
        for name in ("capabilities", "prices"):
            self.__dict__.pop(name, None)  # computed anew

    @cached_property
    def capabilities(self) -> Capabilities:
        """The union over all providers; `price_range` refuses a request that no single one can meet."""
        return merge_capabilities([entry.provider.capabilities for entry in self.entries])

    @cached_property
    def prices(self) -> PriceList:
        """What users are shown of the prices."""

        def quote(options: Options) -> PriceRange | None:
            needs = Requirements(options=options, reference_count=0, prompt_chars=1)
            capable = self._capable_of(self.entries, needs)
            return _price_over(capable, options) if capable else None

        return make_price_list(self.capabilities, quote)

    def paintable_shapes(self, needs: Requirements) -> Shapes:
        """The shapes in which a request can be painted, whatever size it asks for."""
        sized = [size for size in offered_sizes(self.capabilities) if ratio_of(size) is not None]
        listed = [size for size in sized if self.can_satisfy(replace(needs, options=replace(needs.options, size=size)))]
        open_ = replace(needs, options=replace(needs.options, size=None))
        able = [entry.provider.capabilities for entry in self.entries if entry.can_satisfy(open_)]
        longest = max((rule.max_ratio for each in able for rule in each.size_rules), default=0)
        return Shapes(listed=ratios([ratio_of(each) for each in listed]), longest=longest)

    def can_satisfy(self, needs: Requirements) -> bool:
        """Whether any provider can meet the whole request, also one that is paused."""
        return any(entry.can_satisfy(needs) for entry in self.entries)

    def price_range(self, needs: Requirements) -> PriceRange:
        """What one image may cost at the providers that may paint it; `most` is to be reserved.

        Raises Unsupported or PromptTooLong when none can, ProvidersPaused where those that can are paused.
        """
        return _price_over(self._capable(needs), needs.options)

    def price_of_images(
        self, name: str, model: str, options: Options, came: Sequence[Painted], *, accepted: datetime | None = None
    ) -> int | None:
        """Credits for images that a provider has painted, by what came, and at the prices at which the request was
        `accepted`; None: it was not configured then, nor is it now."""
        of_then = () if accepted is None else self._versions.at(accepted)
        for entry in (*of_then, *self.entries):
            provider = entry.provider
            if (provider.name, provider.model) == (name, model):
                return sum(price_of_image(provider.price, options, provider.capabilities, each) for each in came)
        return None

    def in_order(self, needs: Requirements, now: float) -> list[Sequence[CatalogEntry]]:
        """For each provider that can meet the request, in their order, its models to be tried: the first that can, and
        for where the upstream does not have that one, those that cost no more. What takes a mask itself comes before
        what is shown a marked copy. What has an open circuit comes last: a slow success is better than none. `now`:
        seconds of the breakers' monotonic clock.

        Raises as `price_range`.
        """

        def is_model_open(entry: CatalogEntry) -> bool:
            return entry.breaker.model_circuit(now) is Circuit.OPEN

        def rank(models: Sequence[CatalogEntry]) -> tuple[bool, bool, int]:
            cost = models[0].price_range(needs.options).most if self._order == "cheapest" else 0
            return models[0].breaker.circuit(now) is Circuit.OPEN, models[0].must_be_shown_mask(needs), cost

        return sorted((sorted(models, key=is_model_open) for models in self._capable(needs)), key=rank)

    def _capable(self, needs: Requirements) -> list[Sequence[CatalogEntry]]:
        """Of the providers that are not paused, as `_capable_of`; at least one."""
        asked = [entry for entry in self.entries if entry.provider.name not in self.paused]
        if capable := self._capable_of(asked, needs):
            return capable
        raise ProvidersPaused if self.can_satisfy(needs) else self._refusal(needs)

    @staticmethod
    def _capable_of(entries: Sequence[CatalogEntry], needs: Requirements) -> list[Sequence[CatalogEntry]]:
        """For each provider that can meet the request, the first of its models that can, and the others that can and
        cost no more than that one."""
        capable: dict[str, list[CatalogEntry]] = {}
        for entry in sorted(entries, key=lambda each: each.must_be_shown_mask(needs)):
            if entry.can_satisfy(needs):
                models = capable.setdefault(entry.provider.name, [entry])
                limit = models[0].price_range(needs.options).most
                if entry is not models[0] and entry.price_range(needs.options).most <= limit:
                    models.append(entry)
        return list(capable.values())

    def _refusal(self, needs: Requirements) -> Refusal:
        """Why nobody can meet a request, and which models could where one was chosen."""
        shortest = replace(needs, prompt_chars=0)
        limits = [entry.max_prompt_chars(needs) for entry in self.entries if entry.can_satisfy(shortest)]
        if limits:
            return PromptTooLong(length=needs.prompt_chars, limit=max(limits))
        chosen = needs.options.model
        if chosen is None or current_model(chosen, self.capabilities.models) is None:
            return Unsupported(what=str(needs))
        able = [each.name for each in self.capabilities.models if self.can_satisfy(needs.of_model(each.name))]
        what = str(needs.of_model(None))
        if not able or not what:  # no model can, or only the name is in the way: the model has another one by now
            return Unsupported(what=str(needs))
        return UnsupportedByModel(what=what, model=chosen, models=", ".join(able))


def _price_over(capable: Sequence[Sequence[CatalogEntry]], options: Options) -> PriceRange:
    return PriceRange.over(models[0].price_range(options) for models in capable)


def _make_entries(providers: Sequence[Provider], known: Sequence[CatalogEntry]) -> tuple[CatalogEntry, ...]:
    """An entry for each; `known` ones of the same provider objects stay."""
    kept = {id(each.provider): each for each in known}
    breakers = {each.name: kept[id(each)].breaker.provider for each in providers if id(each) in kept}
    for each in providers:
        breakers.setdefault(each.name, Breaker())
    return tuple(
        kept.get(id(each)) or CatalogEntry(provider=each, breaker=ModelBreaker(breakers[each.name]))
        for each in providers
    )
