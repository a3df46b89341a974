"""Larger canvases and pictures painted again, as jobs: what their upstreams are told, and which shapes they may have.

Pure. The geometry stands in `bot.pictures.frames`; the pixels are put together in `bot.jobs.edits`.
"""

from fractions import Fraction

from bot.intake.options import reframe_words
from bot.intake.sizes import ratio_of
from bot.job import Job
from bot.jobs.reservation import requirements_of
from bot.pictures.frames import Shapes, ratios
from bot.providers.catalog import ProviderCatalog
from bot.texts import shorten, translate

MAX_CONTEXT_CHARS = 1000  # of a picture's prompt that are quoted to whoever goes on with it


def upstream_prompt(job: Job) -> str:
    """The prompt that is sent upstream."""
    if job.options.reframe is not None:
        what = translate(job.locale, f"prompt-{'extend' if job.options.grows else job.options.reframe}")
        if job.prompt == reframe_words(job.options):
            return what
        about = translate(job.locale, "prompt-about", prompt=shorten(job.prompt, MAX_CONTEXT_CHARS))
        return f"{what}\n\n{about}"
    return f"{job.prompt}\n\n{translate(job.locale, 'prompt-vary')}" if job.is_variation else job.prompt


def shapes_for(job: Job, catalog: ProviderCatalog) -> Shapes:
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
