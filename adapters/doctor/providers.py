"""The providers for `easel check`: what members are offered, whether address, key and models are right, what is left.

Nothing is painted or charged: each is asked for its list of models, or for something that does not exist.
"""

from collections.abc import Sequence

from adapters.doctor.findings import Finding, finding
from bot.errors import PaintFailed, SettingsWrong
from bot.moderation.endpoint import ModerationClient, make_endpoint
from bot.providers.balance import read_balance
from bot.providers.diagnostics import remedy
from bot.providers.http.client import UpstreamClient
from bot.providers.offers import describe_idle_rate, describe_offer, describe_unknown
from bot.providers.presets import Upstream
from bot.providers.probe import probe_upstream
from bot.runtime.clock import SystemClock
from bot.settings import Moderation

LOW_BALANCE = 1.0  # of the upstream's own credits, dollars or points: too few for a picture or not many of them


def describe_upstream(upstream: Upstream) -> list[Finding]:
    """What members are offered of a model of a provider."""
    subject = f"provider {upstream.name} offers {upstream.title}"
    unknown = (
        [] if upstream.is_known_model else [Finding(subject=subject, is_ok=True, message=describe_unknown(upstream))]
    )
    idle = describe_idle_rate(upstream)
    hint = "see Prices in deploy/PROVIDERS.md"
    return [
        Finding(subject=subject, is_ok=True, message=describe_offer(upstream)),
        *unknown,
        *([Finding(subject=subject, is_ok=False, message=idle, hint=hint)] if idle else []),
    ]


def describe_overrides(models: Sequence[Upstream]) -> list[Finding]:
    """What stands in the place of a preset: for all models of a provider, and for single ones."""
    shared = [each for each in models[0].overrides if all(each in model.overrides for model in models)]
    provider = f"provider {models[0].name} sets"
    findings = {provider: shared} | {
        f"{provider} for {model.title}": [each for each in model.overrides if each not in shared] for model in models
    }
    return [Finding(subject=whom, is_ok=True, message="; ".join(lines)) for whom, lines in findings.items() if lines]


async def check_upstreams(models: Sequence[Upstream]) -> list[Finding]:
    """Key, address and models of one provider, and its balance, where it tells it."""
    subject = f"provider {models[0].name}"
    async with UpstreamClient() as client:
        checked = [await finding(subject, probe_upstream(each, client), hint=_hint(each)) for each in models]
        found = list(dict.fromkeys(checked))  # the models of a provider mostly say the same
        if all(each.is_ok for each in found) and (left := await read_balance(models[0], client)) is not None:
            hint = "top it up there" if left.amount is not None and left.amount < LOW_BALANCE else ""
            found.insert(0, Finding(subject=f"{subject} balance", is_ok=True, message=left.words, hint=hint))
    return found


def _hint(upstream: Upstream) -> str:
    return f"deploy/wires.md and deploy/PROVIDERS.md; the preset is {upstream.preset or 'none'}"


async def check_moderation(moderation: Moderation) -> Finding:
    """Asks about a harmless text: that costs nothing, and shows whether address, key and model are right."""

    async def ask() -> str:
        async with UpstreamClient() as client:
            try:
                await ModerationClient(make_endpoint(moderation), client, SystemClock()).classify_text("a cat")
            except PaintFailed as failure:
                why = failure.detail or type(failure).__name__
                raise SettingsWrong([f"{moderation.base_url}: {remedy(failure) or 'it failed'} ({why})"]) from failure
        unavailable = {"refuse": "nothing is painted", "allow": "all is painted"}[moderation.when_unavailable]
        return f"answers at {moderation.base_url}; while it does not, {unavailable}"

    return await finding("moderation", ask(), hint="see Moderation in deploy/PROVIDERS.md")
