"""Presets of the dialect `chat`."""

from collections.abc import Mapping

from bot.providers.presets.models import OPENROUTER_MODELS, PROMPTED_MODELS
from bot.providers.presets.shape import BalanceQuery, Preset
from bot.providers.presets.wires import ChatWire

_OPTIONS_IN_PROMPT = ChatWire(
    prompt_size_suffix="\n\nImage size: {size}", prompt_quality_suffix="\n\nImage quality: {quality}"
)

CHAT: Mapping[str, Preset] = {
    # https://api.acedata.cloud/openai is also the base address that its page gives for OpenAI's own SDK
    "acedata": Preset(
        dialect="chat",
        wire=_OPTIONS_IN_PROMPT,
        base_url="https://api.acedata.cloud/openai",
        model="gpt-4o-image",
        models=PROMPTED_MODELS,
    ),
    "openrouter": Preset(
        dialect="chat",
        wire=ChatWire(
            modalities=("image", "text"),
            size_field="image_config.aspect_ratio",
            tier_field="image_config.image_size",
            safety_field="user",
            credits_path=("usage", "cost"),
        ),
        base_url="https://openrouter.ai/api/v1",
        model="google/gemini-3.1-flash-image",
        models=OPENROUTER_MODELS,
        probe="/key",  # its list of models needs no key, so it proves none
        probe_proves=True,
        # https://openrouter.ai/docs/api/api-reference/api-keys/get-current-key
        balance=BalanceQuery(
            path="/key", left=(("data", "limit_remaining"),), answer=("data", "usage"), unit="dollars"
        ),
    ),
    "sandbox": Preset(
        dialect="chat", wire=_OPTIONS_IN_PROMPT, model="gpt-4o-image", models=PROMPTED_MODELS, probe_proves=True
    ),
    "relay": Preset(dialect="chat", wire=_OPTIONS_IN_PROMPT, model="gpt-4o-image", models=PROMPTED_MODELS),
}
