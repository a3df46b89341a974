"""What `easel init` proposes for a provider: its models, and a price for each by what it offers. Pure.

Which models and which qualities there are is the data of the presets.
"""

from collections.abc import Mapping, Sequence

from bot.errors import SettingsWrong
from bot.intake.prices import offered_tiers
from bot.providers.presets import PRESETS, Upstream, resolve_providers

# Credits by quality. Of GPT Image a square picture takes 272, 1,056 and 4,160 output tokens in low, medium and high
# quality (https://platform.openai.com/docs/guides/image-generation), which is about 1 : 4 : 16; what is above high is
# priced by the same step, and DALL·E's hd costs twice its standard.
QUALITY_CREDITS: Mapping[str, int] = {
    "low": 1,
    "medium": 4,
    "high": 16,
    "xhigh": 32,
    "max": 64,
    "standard": 1,
    "hd": 2,
}
TIER_FACTORS: Mapping[str, float] = {
    "2K": 1.5,
    "4K": 2.0,
}  # larger pictures take more tokens, and not four times as many
MAX_MODELS = 8  # proposed of one preset


def known_models(preset: str) -> tuple[str, ...]:
    """The models of a preset's table, its own first one in front; families of which the preset names no model are as
    good as models there."""
    own = PRESETS[preset]
    families = [each for rule in own.models for each in rule.families[:1]]
    return tuple(dict.fromkeys((own.model, *families)))[:MAX_MODELS]


def proposed_price(preset: str, base_url: str | None, model: str) -> str:
    """A price of a model, as TOML: a table where it offers qualities or several tiers, else 1."""
    try:
        [[upstream]] = resolve_providers([{"name": preset, "preset": preset, "base_url": base_url, "model": model}])
    except SettingsWrong:
        return "1"
    table = [f"{_key(name)} = {QUALITY_CREDITS[name]}" for name in _qualities(upstream)]
    tiers = offered_tiers(upstream.capabilities)
    factors = [f'"{tier}" = {TIER_FACTORS[tier]}' for tier in tiers if tier in TIER_FACTORS]
    if not table and factors:
        table = ["default = 1"]
    return f"{{ {', '.join(table + factors)} }}" if table else "1"


def _qualities(upstream: Upstream) -> Sequence[str]:
    return [each for each in upstream.capabilities.qualities if each in QUALITY_CREDITS]


def _key(name: str) -> str:
    return name if name.isidentifier() else f'"{name}"'
