"""State of one answer of the Images API: its JSON documents become events and, at the end, a failure or none.

No I/O. An answer is one document with `data`, or typed events, each with an image.
"""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from bot.errors import Lost, PaintFailed
from bot.painting import FinishedImage, Link, PaintEvent, Preview, Usage
from bot.providers.http.error_bodies import ErrorBody, find_error, find_item_errors, read_error
from bot.providers.http.failure_rules import classify_error
from bot.providers.http.failures import failure_in_success, failure_without_error, missing_image
from bot.providers.http.quoting import NOTHING, Redactions, is_binary
from bot.providers.image_urls import MAX_URLS, find_images, find_images_anywhere
from bot.providers.presets import TokenPrice
from bot.providers.prices import usage_credits

# The ends of event types. OpenAI's own are `image_generation.*` and `image_edit.*`; `partial_succeeded` is one of
# several finished images, as ByteDance's models stream them. Any other type is ignored.
_UNFINISHED = ".partial_image"
_FINISHED = (".completed", ".partial_succeeded")
_FAILED_ITEM = ".partial_failed"  # one of several images; the others follow
_LISTS = ("data", "images")  # fields with the images of a document


class ImagesResponse:
    """Applies the documents of one answer in order."""

    def __init__(self, *, price: TokenPrice | None = None, redact: Redactions = NOTHING) -> None:
        """`price`: the upstream's price of tokens; None: unknown. `redact`: what no quote may contain."""
        self._price = price
        self._redact = redact
        self.trace: str | None = None
        """The upstream's id of the request, set by the caller; None: not named."""
        self._reported_urls: set[str] = set()
        self._usage: Mapping[str, Any] = {}
        self._has_begun = False  # something other than an error came
        self._item_error: ErrorBody | None = None  # why one of several images is missing
        self._said: ErrorBody | None = None  # by a document with neither an image nor an error
        self._unknown: list[Link] = []  # images of events of an unknown type
        self.error: ErrorBody | None = None
        """The first error of the whole answer."""
        self.is_complete = False
        """Whether the answer came to its own end."""

    def apply_document(self, document: object, kind: str = "") -> list[PaintEvent]:
        """The events of a document. `kind`: type of the server-sent event that carried it; empty: none did."""
        if not isinstance(document, Mapping):
            self.error = self.error or find_error(document)  # Google's compatible endpoint wraps errors in a list
            return [] if self.error else self._new_pictures(find_images_anywhere(document), document)
        outer = cast(Mapping[str, Any], document)
        kind = str(outer.get("type") or kind)
        found = find_error(outer) or (find_error({"error": outer}) if kind == "error" else None)
        if found and kind.endswith(_FAILED_ITEM):
            self._item_error = self._item_error or found
            return []
        self.error = self.error or found
        item_errors = find_item_errors(outer.get("data"))
        self._item_error = self._item_error or next(iter(item_errors), None)
        pictures = self._read_pictures(outer, kind, is_error=bool(found or item_errors))
        self._has_begun = self._has_begun or bool(pictures) or "." in kind
        return pictures

    def apply_text(self, text: str, *, is_error: bool, is_whole: bool) -> list[PaintEvent]:
        """The events of text where a document should be. `is_error`: its event has that name. `is_whole`: no event
        carried it."""
        if is_error:
            self.error = self.error or read_error(text)
            return []
        pictures = self._new_pictures(find_images_anywhere(text), text)
        self.is_complete = self.is_complete or (is_whole and not self._has_begun and not is_binary(text))
        return pictures

    def _read_pictures(self, outer: Mapping[str, Any], kind: str, *, is_error: bool) -> list[PaintEvent]:
        """The events of a document that is no error, or one beside images."""
        if kind.endswith(_UNFINISHED):
            return [Preview(image) for image in find_images([outer])]
        if "." in kind and not kind.endswith(_FINISHED):
            self._unknown = self._unknown or ([] if is_error else find_images([outer]))
            return []
        self.is_complete = self.is_complete or kind.endswith(_FINISHED[0])
        usage = outer.get("usage")
        self._usage = cast(Mapping[str, Any], usage) if isinstance(usage, Mapping) else self._usage
        return self._pictures(outer, is_error=is_error)

    def _pictures(self, outer: Mapping[str, Any], *, is_error: bool) -> list[PaintEvent]:
        """The images of a document that were in none before it: of its list, else of the document itself, else from
        wherever they are in it."""
        lists = (cast("list[object]", each) for name in _LISTS if isinstance(each := outer.get(name), list))
        images = next((found for each in lists if (found := find_images(each))), None) or find_images([outer])
        if not images and not is_error:
            images = find_images_anywhere(outer)
        return self._new_pictures(images, outer)

    def _new_pictures(self, images: Sequence[Link], document: object) -> list[PaintEvent]:
        if not images:
            self._said = self._said or read_error(document)
        if len(self._reported_urls) >= MAX_URLS:
            return []
        new = [each for each in images if each.url not in self._reported_urls]
        self._reported_urls.update(each.url for each in new)
        quality = cast(Mapping[str, Any], document).get("quality") if isinstance(document, Mapping) else None
        return [FinishedImage(each, quality if isinstance(quality, str) else None) for each in new]

    def end_response(self, lost: Lost | None) -> list[PaintEvent]:
        """The remaining events at the end of the answer; `lost`: the failure that cut it short, None: its own end.

        Complete images count in either case. Raises PaintFailed when there is no image at all.
        """
        ended = [] if self._reported_urls else self._new_pictures(self._unknown, None)
        if not self._reported_urls:
            raise self._failure(lost)
        if self._usage:
            ended.append(Usage(self._usage, usage_credits(self._price, self._usage)))
        if lost or self.error or self._item_error:
            ended.append(missing_image(self._failure(lost)))
        return ended

    def _failure(self, lost: Lost | None) -> PaintFailed:
        if error := self.error or self._item_error:
            return failure_in_success(error, begun=self._has_begun, trace=self.trace, redact=self._redact)
        if self._said and classify_error(self._said, None, prompt=self._redact.prompt):
            return failure_in_success(self._said, begun=self._has_begun, trace=self.trace, redact=self._redact)
        if lost:
            lost.trace = lost.trace or self.trace
            return lost
        return failure_without_error(self._said, begun=self._has_begun, trace=self.trace, redact=self._redact)
