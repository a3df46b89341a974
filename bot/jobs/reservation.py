"""What a request reserves, in credits; where they do not suffice, what they would suffice for.

Reserves nothing: the ledger does, in the transaction that writes the request.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace

from bot.chat import Attachment
from bot.errors import ChatOutOfCredits, ChatTooDear, OutOfCredits, Refusal, TooDear
from bot.intake.cheaper import cheaper_options
from bot.painting import Options
from bot.providers.catalog import ProviderCatalog
from bot.providers.requirements import Requirements


def requirements_of(
    prompt: str, references: tuple[Attachment, ...], mask: Attachment | None, options: Options
) -> Requirements:
    """What a provider must be able to do for a request."""
    return Requirements(
        options=options,
        reference_count=len(references),
        prompt_chars=len(prompt),
        has_mask=mask is not None or options.grows,
    )


class ReservationQuote:
    """Quotes what requests reserve, by the prices of a catalog."""

    def __init__(self, catalog: ProviderCatalog) -> None:
        self._catalog = catalog

    def cost(self, needs: Requirements) -> int:
        """Credits that a request reserves. Raises Refusal where no provider can meet it."""
        return self._catalog.price_range(needs).most * needs.options.n

    @contextmanager
    def naming_what_is_cheaper(self, needs: Requirements) -> Generator[None]:
        """Where credits do not suffice for a request, the refusal names what they would suffice for."""

        def quote(options: Options) -> int | None:
            try:
                return self.cost(replace(needs, options=options))
            except Refusal:
                return None

        try:
            yield
        except OutOfCredits as refusal:
            left = int(refusal.facts["left"])
            cheaper = ", ".join(cheaper_options(needs.options, self._catalog.capabilities, quote, left))
            if not cheaper:
                raise
            kind = ChatTooDear if isinstance(refusal, ChatOutOfCredits) else TooDear
            cost, refill = refusal.facts["cost"], refusal.facts["refill"]
            raise kind(left=left, cost=cost, refill=refill, cheaper=cheaper) from refusal
