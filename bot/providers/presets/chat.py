"""Presets of the dialect `chat`."""

from collections.abc import Mapping

from bot.painting import Capabilities
from bot.providers.presets.shape import Preset
from bot.providers.presets.wires import ChatWire

GPT_4O_IMAGE = Capabilities(
    sizes=("1:1", "2:3", "3:2", "1024x1024", "1024x1536", "1536x1024"),
    qualities=("low", "medium", "high"),
    max_references=5,
)
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
        capabilities=GPT_4O_IMAGE,
    ),
    "openrouter": Preset(
        dialect="chat",
        wire=ChatWire(
            modalities=("image", "text"),
            image_only_models=("black-forest-labs/*", "bytedance-seed/seedream*"),
            size_field="image_config.aspect_ratio",
            tier_field="image_config.image_size",
            credits_path=("usage", "cost"),
        ),
        base_url="https://openrouter.ai/api/v1",
        model="google/gemini-2.5-flash-image",
        probe="/key",  # its list of models needs no key, so it proves none
        probe_proves=True,
        capabilities=Capabilities(sizes=("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")),
    ),
    "sandbox": Preset(
        dialect="chat", wire=_OPTIONS_IN_PROMPT, model="gpt-4o-image", probe_proves=True, capabilities=GPT_4O_IMAGE
    ),
    "relay": Preset(dialect="chat", wire=_OPTIONS_IN_PROMPT, model="gpt-4o-image", capabilities=GPT_4O_IMAGE),
}
