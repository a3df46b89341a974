"""Larger canvases and pictures painted again, as jobs: the words for their upstreams, and which shapes they may have.

Pure. The geometry stands in `bot.pictures.frames`; the pixels are put together in `bot.jobs.edits`.
"""

from collections.abc import Mapping
from fractions import Fraction
from typing import Any

from bot.chat import Action
from bot.intake.options import reframe_words
from bot.intake.sizes import ratio_of
from bot.job import NewJob
from bot.jobs.reservation import requirements_of
from bot.painting import CUTOUT, UPSCALE, Capabilities, Options
from bot.pictures.frames import SHAPE, Shapes, ratios
from bot.providers.catalog import ProviderCatalog
from bot.texts import shorten, translate

REFRAMES: Mapping[Action, Mapping[str, str]] = {
    Action.ZOOM_15: {"reframe": "zoom 1.5"},
    Action.ZOOM_2: {"reframe": "zoom 2"},
    Action.PAN_LEFT: {"reframe": "pan left"},
    Action.PAN_RIGHT: {"reframe": "pan right"},
    Action.PAN_UP: {"reframe": "pan up"},
    Action.PAN_DOWN: {"reframe": "pan down"},
    Action.SHAPE_1_1: {"reframe": SHAPE, "size": "1:1"},
    Action.SHAPE_3_2: {"reframe": SHAPE, "size": "3:2"},
    Action.SHAPE_2_3: {"reframe": SHAPE, "size": "2:3"},
    Action.SHAPE_16_9: {"reframe": SHAPE, "size": "16:9"},
    Action.SHAPE_9_16: {"reframe": SHAPE, "size": "9:16"},
    Action.CUTOUT: {"reframe": CUTOUT, "background": "transparent", "format": "png"},
    Action.UPSCALE_2K: {"reframe": UPSCALE, "tier": "2K"},
    Action.UPSCALE_4K: {"reframe": UPSCALE, "tier": "4K"},
}
"""What each button asks for, by the names of options."""

KEPT_OPTIONS = ("model", "quality", "as_file")  # of the picture that is reframed; its size and form are others
MAX_CONTEXT_CHARS = 1000  # of a picture's prompt that are quoted to whoever goes on with it


def upstream_prompt(job: NewJob) -> str:
    """The prompt that is sent upstream."""
    if job.options.reframe is not None:
        what = translate(job.locale, f"prompt-{'extend' if job.options.grows else job.options.reframe}")
        if job.prompt == reframe_words(job.options):
            return what
        about = translate(job.locale, "prompt-about", prompt=shorten(job.prompt, MAX_CONTEXT_CHARS))
        return f"{what}\n\n{about}"
    return f"{job.prompt}\n\n{translate(job.locale, 'prompt-vary')}" if job.is_variation else job.prompt


def reframed_options(options: Options, action: Action, capabilities: Capabilities) -> Options:
    """What a button asks for, of a result that was painted with `options`."""
    changes: dict[str, Any] = {name: getattr(options, name) for name in KEPT_OPTIONS} | dict(REFRAMES[action])
    if changes.get("format") not in capabilities.formats:
        changes.pop("format", None)
    if changes.get("reframe") == CUTOUT:
        changes |= {"size": options.size, "tier": options.tier}
    return Options(**changes)


def is_of_use(options: Options, action: Action) -> bool:
    """Whether a button offers anything that a result, which was painted with `options`, does not have."""
    changes = REFRAMES[action]
    if changes["reframe"] == UPSCALE:
        return _tier_number(options.tier) < _tier_number(changes["tier"])
    if changes["reframe"] == CUTOUT:
        return options.background != changes["background"]
    if changes["reframe"] == SHAPE:
        return options.size is None or ratio_of(options.size) != ratio_of(changes["size"])
    return True


def _tier_number(tier: str | None) -> int:
    return 1 if tier is None else int(tier.rstrip("K"))


def shapes_for(job: NewJob, catalog: ProviderCatalog) -> Shapes:
    """The shapes that the canvas of a job may grow to: the one that was asked for, else all that can be painted."""
    if job.options.size is not None and (asked := ratios([ratio_of(job.options.size)])):
        return Shapes(listed=asked)
    return catalog.paintable_shapes(requirements_of(job.prompt, job.references, None, job.options))


def shape_text(shape: Fraction) -> str:
    """A shape as it is typed: `3:2`."""
    return f"{shape.numerator}:{shape.denominator}"


def shape_of_text(text: str) -> Shapes:
    """The shape of a canvas that was sent, by its text; none where it had none."""
    return Shapes(listed=ratios([ratio_of(text)]))
