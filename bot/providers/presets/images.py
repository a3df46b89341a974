"""Presets of the dialect `images`."""

from collections.abc import Mapping
from dataclasses import replace

from bot.painting import Capabilities, SizeRule
from bot.providers.presets.shape import Preset, TokenPrice
from bot.providers.presets.wires import ImagesWire

GPT_IMAGE_2_SIZES = SizeRule(
    step=16,
    max_edge=3840,
    max_ratio=3,
    min_pixels=655_360,
    max_pixels=8_294_400,
    recommended=(
        ("1:1", "1K", "1024x1024"),
        ("1:1", "2K", "2048x2048"),
        ("1:1", "4K", "2880x2880"),
        ("16:9", "1K", "1280x720"),
        ("16:9", "2K", "2048x1152"),
        ("16:9", "4K", "3840x2160"),
        ("9:16", "1K", "720x1280"),
        ("9:16", "2K", "1152x2048"),
        ("9:16", "4K", "2160x3840"),
        ("5:4", "1K", "1040x832"),
        ("5:4", "2K", "2080x1664"),
        ("5:4", "4K", "3200x2560"),
        ("4:5", "1K", "832x1040"),
        ("4:5", "2K", "1664x2080"),
        ("4:5", "4K", "2560x3200"),
        ("4:3", "1K", "1024x768"),
        ("4:3", "2K", "2048x1536"),
        ("4:3", "4K", "3264x2448"),
        ("3:4", "1K", "768x1024"),
        ("3:4", "2K", "1536x2048"),
        ("3:4", "4K", "2448x3264"),
        ("3:2", "1K", "1008x672"),
        ("3:2", "2K", "2064x1376"),
        ("3:2", "4K", "3504x2336"),
        ("2:3", "1K", "672x1008"),
        ("2:3", "2K", "1376x2064"),
        ("2:3", "4K", "2336x3504"),
        ("21:9", "1K", "1344x576"),
        ("21:9", "2K", "2016x864"),
        ("21:9", "4K", "3808x1632"),
    ),
)
_GPT_IMAGE_2 = Capabilities(
    sizes=("auto",),
    size_rules=(GPT_IMAGE_2_SIZES,),
    qualities=("auto", "low", "medium", "high"),
    backgrounds=("auto", "transparent", "opaque"),
    formats=("png", "jpeg", "webp"),
    supports_compression=True,
    max_n=10,
    max_references=16,
    max_prompt_chars=32_000,
    max_reference_bytes=20_000_000,
    supports_masks=True,
)
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
        capabilities=replace(_GPT_IMAGE_2, backgrounds=(), formats=(), supports_compression=False),
    ),
    "openai": Preset(
        dialect="images",
        wire=ImagesWire(generations="/v1/images/generations", edits="/v1/images/edits", partial_images=2),
        base_url="https://api.openai.com",
        model="gpt-image-2",
        probe="/v1/models",
        probe_proves=True,
        lists_models=True,
        capabilities=_GPT_IMAGE_2,
    ),
    "azure": Preset(
        dialect="images",
        wire=ImagesWire(
            generations="/openai/deployments/{model}/images/generations",
            edits="/openai/deployments/{model}/images/edits",
            query={"api-version": "2025-04-01-preview"},
            model_field="",
            partial_images=2,
        ),
        auth_header="api-key",
        auth_prefix="",
        model="gpt-image-2",
        probe="/openai/models",
        capabilities=_GPT_IMAGE_2,
    ),
}

IMAGE_RELAY = Preset(
    dialect="images", wire=ImagesWire(partial_images=2), model="gpt-image-2", stream=False, capabilities=_GPT_IMAGE_2
)

# The sandbox streams, so that previews can be seen.
IMAGE_SANDBOX = replace(IMAGE_RELAY, stream=True)
