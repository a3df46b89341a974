"""What a task upstream is sent and when: the submit's JSON, the rules of a mask, the pauses between polls. Pure.

Pictures are addresses here; how they became such stands in `uploads`.
"""

from collections.abc import Callable, Iterator, Sequence

from bot.errors import MaskNotTransparent, MaskOfOtherSize, MaskTooLarge, MaskTooManyPictures, MaskWithoutPicture
from bot.intake.sizes import resolve_request_size
from bot.painting import Capabilities, Image, PaintRequest
from bot.providers.presets import TasksWire, Upstream

MAX_JITTER = 0.25  # of each pause, added at random: no two jobs poll in step
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
    if _size_text(mask) != _size_text(request.references[0]):
        raise MaskOfOtherSize(mask=_size_text(mask), picture=_size_text(request.references[0]))
    if len(mask.data) > capabilities.max_mask_bytes:
        raise MaskTooLarge(limit=f"{capabilities.max_mask_bytes // 1_000_000} MB")


def encode_submission(
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
    size = resolve_request_size(request, upstream.capabilities)
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


def _size_text(image: Image) -> str:
    return f"{image.width}×{image.height}"


def poll_pauses(wire: TasksWire, jitter: Callable[[], float], *, at_once: bool = False) -> Iterator[float]:
    """Seconds before each question, without end. `jitter`: 0 ≤ value < 1. `at_once`: no pause before the first."""
    pause = wire.poll_s
    yield 0.0 if at_once else wire.first_poll_s * (1 + jitter() * MAX_JITTER)
    while True:
        yield min(pause, wire.poll_cap_s) * (1 + jitter() * MAX_JITTER)
        pause = min(pause * wire.poll_growth, wire.poll_cap_s)
