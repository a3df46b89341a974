"""Requests of the dialect `tasks`: the submit's JSON, the rules of a mask, the pauses between polls. Pure.

Images are addresses here; `uploads` makes them.
"""

from collections.abc import Callable, Iterator, Sequence

from bot.errors import MaskNotTransparent, MaskOfOtherSize, MaskTooLarge, MaskTooManyPictures, MaskWithoutPicture
from bot.painting import Capabilities, Image, PaintRequest
from bot.providers.body import build_body, option_fields, safety_fields, sent_options
from bot.providers.presets import TasksWire, Upstream
from bot.providers.presets.wire_fields import fill

MAX_JITTER = 0.25  # fraction of each pause, added at random so that no two jobs poll in step
_PNG = "image/png"


def check_mask(request: PaintRequest, capabilities: Capabilities) -> None:
    """Checks a request's mask against the rules of the upstream, before money is spent; the core makes masks that fit.

    Raises the Refusal of the rule that is broken.
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
    markup: str | None = None,
    callback: str | None,
) -> dict[str, object]:
    """The JSON of a submit. `references`, `mask`, `markup`: addresses at the upstream, or data URLs. `callback`: our
    address."""
    items = [fill(wire.reference_item, "{url}", url) for url in references]
    fields: list[tuple[str, object]] = [
        (wire.model_field, upstream.model),
        (wire.prompt_field, request.prompt),
        *option_fields(sent_options(request, upstream.capabilities, wire), wire).items(),
        *safety_fields(request, wire).items(),
        (wire.n_field, request.options.n),
        (wire.references_field, items[0] if items and wire.single_reference else items),
        (wire.mask_field, mask),
        (wire.markup_field, markup and fill(wire.reference_item, "{url}", markup)),
        (wire.callback_field, callback),
    ]
    sent = {name: value for name, value in fields if name and value not in (None, [])}
    return build_body(wire, sent, has_references=bool(references))


def _size_text(image: Image) -> str:
    return f"{image.width}×{image.height}"


def poll_pauses(wire: TasksWire, jitter: Callable[[], float], *, at_once: bool = False) -> Iterator[float]:
    """Pauses before each poll, seconds, without end. `jitter`: a random number, 0 <= value < 1, at each call.
    `at_once`: no pause before the first."""
    pause = wire.poll_s
    yield 0.0 if at_once else wire.first_poll_s * (1 + jitter() * MAX_JITTER)
    while True:
        yield min(pause, wire.poll_cap_s) * (1 + jitter() * MAX_JITTER)
        pause = min(pause * wire.poll_growth, wire.poll_cap_s)
