"""Presets of the dialect `images`."""

from collections.abc import Mapping
from dataclasses import replace

from bot.providers.presets.models import GPT_IMAGE_MODELS, OPENAI_HK_MODELS, OPENAI_MODELS
from bot.providers.presets.shape import Preset, TokenPrice
from bot.providers.presets.wires import ImagesWire

# OpenAI's prices in dollars per million tokens, at 7.1 yuan per dollar and 10,000 credits per yuan
_HK_CREDITS = TokenPrice(text=5, image=10, output=40, factor=7.1 * 10_000 / 1_000_000)

IMAGES: Mapping[str, Preset] = {
    "openai-hk": Preset(
        dialect="images",
        wire=ImagesWire(
            generations="/v1/images/generations",
            edits="/v1/images/edits",
            response_format="url",
            background_field="",
            format_field="",
            compression_field="",
        ),
        base_url="https://api.openai-hk.com",
        model="gpt-image-2",
        stream=False,
        probe="/v1/models",
        token_price=_HK_CREDITS,
        models=OPENAI_HK_MODELS,
    ),
    "openai": Preset(
        dialect="images",
        wire=ImagesWire(
            generations="/v1/images/generations",
            edits="/v1/images/edits",
            safety_field="safety_identifier",
            partial_images=2,
        ),
        base_url="https://api.openai.com",
        model="gpt-image-2",
        probe="/v1/models",
        probe_proves=True,
        lists_models=True,
        models=OPENAI_MODELS,
    ),
    "azure": Preset(
        dialect="images",
        wire=ImagesWire(
            generations="/openai/deployments/{model}/images/generations",
            edits="/openai/deployments/{model}/images/edits",
            query={"api-version": "2025-04-01-preview"},
            model_field="",
            safety_field="user",  # what its API versions have known from the first
            partial_images=2,
        ),
        auth_header="api-key",
        auth_prefix="",
        model="gpt-image-2",
        probe="/openai/models",
        models=GPT_IMAGE_MODELS,
    ),
}

IMAGE_RELAY = Preset(
    dialect="images", wire=ImagesWire(partial_images=2), model="gpt-image-2", stream=False, models=GPT_IMAGE_MODELS
)

# The sandbox streams, so that previews can be seen.
IMAGE_SANDBOX = replace(IMAGE_RELAY, stream=True)
