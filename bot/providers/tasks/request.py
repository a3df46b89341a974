"""What a task upstream is sent: the submit's JSON, and the rules of a mask before anything is sent. Pure.

Pictures are addresses here; how they became such stands in `uploads`.
"""

from collections.abc import Sequence

from bot.errors import MaskNotTransparent, MaskOfOtherSize, MaskTooLarge, MaskTooManyPictures, MaskWithoutPicture
from bot.intake.sizes import chosen
from bot.painting import Capabilities, Image, PaintRequest
from bot.providers.presets import TasksWire, Upstream

_PNG = "image/png"


def check_mask(request: PaintRequest, capabilities: Capabilities) -> None:
    """The rules of a mask, one by one. The core makes masks that fit; here they are held before money is spent.

    Raises Refusal, the one of the rule that is broken.
    """
    mask = request.mask
    if mask is None:
        return
    if not request.references:
        raise MaskWithoutPicture
    if len(request.references) > capabilities.max_masked_references:
        raise MaskTooManyPictures(count=len(request.references), limit=capabilities.max_masked_references)
    if mask.media_type != _PNG:
        raise MaskNotTransparent(name="mask")
    if _measures(mask) != _measures(request.references[0]):
        raise MaskOfOtherSize(mask=_measures(mask), picture=_measures(request.references[0]))
    if len(mask.data) > capabilities.max_mask_bytes:
        raise MaskTooLarge(limit=f"{capabilities.max_mask_bytes // 1_000_000} MB")


def submission(
    request: PaintRequest,
    upstream: Upstream,
    wire: TasksWire,
    *,
    references: Sequence[str],
    mask: str | None,
    callback: str | None,
) -> dict[str, object]:
    """The JSON of a submit. `references` and `mask`: addresses at the upstream, or data URLs; `callback`: ours."""
    options = request.options
    size = chosen(request, upstream.capabilities)
    fields = (
        (wire.size_field, size.size),
        (wire.tier_field, size.tier),
        (wire.quality_field, options.quality),
        (wire.n_field, options.n),
        (wire.references_field, list(references)),
        (wire.mask_field, mask),
        (wire.callback_field, callback),
    )
    body: dict[str, object] = {"model": upstream.model, "prompt": request.prompt, **wire.extra}
    return body | {name: value for name, value in fields if name and value}


def _measures(image: Image) -> str:
    return f"{image.width}×{image.height}"
