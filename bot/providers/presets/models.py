"""What each family of models can do, as data: sizes, tiers, qualities, counts, references, prompt limits, masks.

Values only. Presets put these rows into tables, newest family first; `abilities` finds a model's row and applies what
the operator set.
"""

from dataclasses import replace

from bot.painting import Capabilities, SizeRule
from bot.providers.presets.shape import ModelRule

MB = 1_000_000  # bytes

# ---------------------------------------------------------------- GPT Image, at OpenAI and who passes requests on to it

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
_CLASSIC_SIZES = ("1024x1024", "1536x1024", "1024x1536")

GPT_IMAGE_2 = Capabilities(
    sizes=("auto",),
    size_rules=(GPT_IMAGE_2_SIZES,),
    qualities=("auto", "low", "medium", "high"),
    backgrounds=("auto", "transparent", "opaque"),
    formats=("png", "jpeg", "webp"),
    supports_compression=True,
    max_n=10,
    max_references=16,
    max_prompt_chars=32_000,
    max_reference_bytes=20 * MB,
    supports_masks=True,
)
_GPT_IMAGE_1 = replace(GPT_IMAGE_2, sizes=("auto", *_CLASSIC_SIZES), size_rules=())

OPENAI_HK_MODELS = (
    ModelRule(families=("gpt-image-2",), capabilities=GPT_IMAGE_2),
    ModelRule(families=("gpt-image-1.5", "gpt-image-1-mini", "gpt-image-1"), capabilities=_GPT_IMAGE_1),
    ModelRule(families=("chatgpt-image",), capabilities=_GPT_IMAGE_1),
    ModelRule(
        families=("dall-e-3",),
        capabilities=Capabilities(
            sizes=("1024x1024", "1792x1024", "1024x1792"), qualities=("standard", "hd"), max_n=1, max_references=0
        ),
        streams=False,
    ),
    ModelRule(  # its edits take one square PNG, which no member would know
        families=("dall-e-2",),
        capabilities=Capabilities(
            sizes=("256x256", "512x512", "1024x1024"), max_n=10, max_references=0, max_prompt_chars=1000
        ),
        streams=False,
    ),
)
"""Rows of the Images API as OpenAI-HK passes it on: its page knows nothing newer than gpt-image-2."""

_GPT_IMAGE_2_5 = ModelRule(
    families=("gpt-image-2.6", "gpt-image-2.5"),
    capabilities=replace(GPT_IMAGE_2, qualities=(*GPT_IMAGE_2.qualities, "xhigh", "max")),
)
OPENAI_MODELS = (replace(_GPT_IMAGE_2_5, wire={"markup_field": "markup"}), *OPENAI_HK_MODELS)
"""Rows of OpenAI's Images API, by its published description and the types of its client."""

GPT_IMAGE_MODELS = (_GPT_IMAGE_2_5, *OPENAI_HK_MODELS)
"""Rows of others who serve its models; whether they take marks as a layer is said by none."""

# ---------------------------------------------------------------- GPT-4o and Gemini, where options are words or ratios

_RATIOS = ("1:1", "2:3", "3:2", "3:4", "4:3", "4:5", "5:4", "9:16", "16:9", "21:9")
_LONG_RATIOS = ("1:4", "4:1", "1:8", "8:1")
_TIERS = ("1K", "2K", "4K")

_GPT_4O_IMAGE = Capabilities(sizes=("1:1", "2:3", "3:2", "1024x1024", "1024x1536", "1536x1024"), max_references=5)
_GPT_4O_FAMILIES = ("gpt-4o-image", "gpt-4o", "gpt4o", "sora-image")
_GEMINI_3_1 = ("gemini-3.1-flash-image", "nano-banana-2")
_GEMINI_3_PRO = ("gemini-3-pro-image", "nano-banana-pro")
_GEMINI_2_5 = ("gemini-2.5-flash-image", "nano-banana")

PROMPTED_MODELS = (
    ModelRule(
        families=_GPT_4O_FAMILIES,
        capabilities=replace(_GPT_4O_IMAGE, qualities=("low", "medium", "high")),
    ),
    ModelRule(families=("gemini", "nano-banana"), capabilities=Capabilities(sizes=_RATIOS)),
)
"""Rows of relays that answer chat completions, and take options as words of the prompt."""

# https://openrouter.ai/docs/guides/overview/multimodal/image-generation
_GEMINI_RATIOS = Capabilities(sizes=_RATIOS)
OPENROUTER_MODELS = (
    ModelRule(
        families=_GEMINI_3_1,
        capabilities=replace(_GEMINI_RATIOS, sizes=_RATIOS + _LONG_RATIOS, tiers=_TIERS, max_references=14),
    ),
    ModelRule(families=_GEMINI_3_PRO, capabilities=replace(_GEMINI_RATIOS, tiers=_TIERS)),
    ModelRule(families=("gemini",), capabilities=_GEMINI_RATIOS),
    ModelRule(  # these answer with an image alone, and refuse a request for text beside it
        families=("black-forest-labs", "flux", "bytedance-seed", "seedream"),
        capabilities=_GEMINI_RATIOS,
        wire={"modalities": ("image",)},
    ),
    ModelRule(
        families=("gpt-5-image", "gpt-5.4-image", "gpt-image", "gpt-5"),
        capabilities=Capabilities(sizes=("1:1", "2:3", "3:2")),
    ),
)
"""Rows of OpenRouter."""

# ---------------------------------------------------------------- task upstreams

GPT_4O_TASK = replace(_GPT_4O_IMAGE, supports_masks=True, max_masked_references=1)

TASK_MODELS = (ModelRule(families=_GPT_4O_FAMILIES, capabilities=GPT_4O_TASK),)
"""Rows of a task upstream of which nothing is known."""

# https://docs.evolink.ai/en/api-manual/image-series; a tier stands in `resolution`, or in `quality` for Gemini
_EVOLINK_RATIOS = (*_RATIOS, "1:2", "2:1", "1:3", "3:1", "9:21")
_EVOLINK_GPT_IMAGE_2 = Capabilities(
    sizes=("auto", *_EVOLINK_RATIOS),
    size_rules=(replace(GPT_IMAGE_2_SIZES, recommended=()),),
    tiers=_TIERS,
    tier_needs_size=True,
    qualities=("low", "medium", "high"),
    max_n=10,
    max_references=16,
    max_prompt_chars=32_000,
    max_reference_bytes=50 * MB,
)
_EVOLINK_GEMINI = Capabilities(
    sizes=("auto", *_RATIOS),
    tiers=_TIERS,
    max_n=1,
    max_references=10,
    max_prompt_chars=2000,
)
_GPT_IMAGE_1_FAMILIES = ("gpt-image-1.5", "gpt-image-1-mini", "gpt-image-1")
EVOLINK_MODELS = (
    ModelRule(
        families=("gpt-image-2",),
        capabilities=_EVOLINK_GPT_IMAGE_2,
        wire={"tier_field": "resolution", "quality_field": "quality", "mask_field": ""},
    ),
    ModelRule(
        families=("gpt-image-2-beta",),
        capabilities=replace(_EVOLINK_GPT_IMAGE_2, qualities=(), max_n=1, max_prompt_chars=2000),
        wire={"tier_field": "resolution", "mask_field": "", "n_field": ""},
    ),
    ModelRule(
        families=_GEMINI_3_1,
        capabilities=replace(
            _EVOLINK_GEMINI, sizes=("auto", *_RATIOS, *_LONG_RATIOS), max_references=14, max_reference_bytes=20 * MB
        ),
        wire={"tier_field": "quality", "mask_field": "", "n_field": ""},
    ),
    ModelRule(
        families=(*_GEMINI_3_PRO, "nano-banana-2-lite"),
        capabilities=_EVOLINK_GEMINI,
        wire={"tier_field": "quality", "mask_field": "", "n_field": ""},
    ),
    ModelRule(
        families=_GEMINI_2_5,
        capabilities=replace(
            _EVOLINK_GEMINI,
            sizes=("auto", "1:1", "2:3", "3:2", "4:3", "3:4", "16:9", "9:16"),
            tiers=(),
            max_references=5,
            max_prompt_chars=1000,
        ),
        wire={"mask_field": "", "n_field": ""},
    ),
    ModelRule(
        families=_GPT_IMAGE_1_FAMILIES,
        capabilities=replace(
            _GPT_4O_IMAGE,
            qualities=("auto", "low", "medium", "high"),
            max_n=1,
            max_references=16,
            max_prompt_chars=2000,
            max_reference_bytes=50 * MB,
        ),
        wire={"quality_field": "quality", "mask_field": "", "n_field": ""},
    ),
    ModelRule(families=_GPT_4O_FAMILIES, capabilities=replace(GPT_4O_TASK, counts=(1, 2, 4), max_prompt_chars=2000)),
)
"""Rows of EvoLink."""

# https://docs.toapis.com/docs/en/api-reference/images; its upload service takes 10 MB a picture
_TOAPIS_RATIOS = ("1:1", "3:2", "2:3", "4:3", "3:4", "5:4", "4:5", "16:9", "9:16", "2:1", "1:2", "21:9", "9:21")
TOAPIS_MODELS = (
    ModelRule(
        families=("gpt-image-2", "gpt-image-1.5-official"),
        capabilities=Capabilities(
            sizes=("auto", *_TOAPIS_RATIOS),
            tiers=_TIERS,
            tier_needs_size=True,
            qualities=("low", "medium", "high"),
            max_references=16,
            max_prompt_chars=32_000,
            supports_masks=True,
        ),
        wire={"tier_field": "resolution", "quality_field": "quality"},
    ),
    ModelRule(  # what OpenAI says that they paint, in ToAPIs' spelling: it has no page of its own on them
        families=_GPT_IMAGE_1_FAMILIES,
        capabilities=Capabilities(
            sizes=("1:1", "2:3", "3:2"), qualities=("low", "medium", "high"), max_references=16, supports_masks=True
        ),
        wire={"quality_field": "quality"},
    ),
    ModelRule(
        families=_GPT_4O_FAMILIES,
        capabilities=replace(GPT_4O_TASK, sizes=("1:1", "2:3", "3:2"), counts=(1, 2, 4), max_prompt_chars=1000),
    ),
)
"""Rows of ToAPIs."""
