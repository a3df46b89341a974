"""One answer of the Images API, from its JSON documents to events and, in the end, to a judgement.

No I/O. An answer is one document with `data`, or typed events, each with a picture.
"""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from bot.errors import Lost, NoPicture, PaintFailed
from bot.painting import FinishedImage, Link, PaintEvent, Preview, Usage
from bot.providers.http.error_bodies import ErrorBody, failure_in_success, find_error
from bot.providers.image_urls import find_image_urls
from bot.providers.presets import TokenPrice
from bot.providers.prices import usage_credits

# The ends of event types. OpenAI's own are `image_generation.*` and `image_edit.*`; `partial_succeeded` is one of
# several finished pictures, as ByteDance's models stream them. Any other type is passed over.
_UNFINISHED = ".partial_image"
_FINISHED = (".completed", ".partial_succeeded")


class ImagesResponse:
    """Takes the documents of one answer in order.

    `price`: what the upstream takes for its tokens. `redact`: what no quote may contain. `trace`: by which the
    upstream finds the answer again. `complete`: it came to its own end.
    """

    def __init__(
        self, *, price: TokenPrice | None = None, redact: Iterable[str] = (), trace: str | None = None
    ) -> None:
        self._price = price
        self._redact = tuple(redact)
        self.trace: str | None = None
        self._reported_urls: set[str] = set()
        self._usage: Mapping[str, Any] = {}
        self._has_begun = False  # something other than an error was said
        self.error: ErrorBody | None = None
        self.is_complete = False

    def apply_document(self, document: object, kind: str = "") -> list[PaintEvent]:
        """What a document tells. `kind`: the name of its event, where it came as one."""
        if not isinstance(document, Mapping):
            return []
        outer = cast(Mapping[str, Any], document)
        kind = str(outer.get("type") or kind)
        found = find_error(outer) or (find_error({"error": outer}) if kind == "error" else None)
        if found:
            self.error = self.error or found
            return []
        self._has_begun = True
        if kind.endswith(_UNFINISHED):
            return [Preview(Link(url=url)) for url in find_image_urls(outer)]
        if "." in kind and not kind.endswith(_FINISHED):
            return []
        self.is_complete = self.is_complete or kind.endswith(_FINISHED[0])
        usage = outer.get("usage")
        self._usage = cast(Mapping[str, Any], usage) if isinstance(usage, Mapping) else self._usage
        return self._pictures(outer)

    def _pictures(self, outer: Mapping[str, Any]) -> list[PaintEvent]:
        data = outer.get("data")
        items: list[object] = [outer, *(cast("list[object]", data) if isinstance(data, list) else [])]
        urls = [url for item in items for url in find_image_urls(item) if url not in self._reported_urls]
        self._reported_urls.update(urls)
        return [FinishedImage(Link(url=url)) for url in dict.fromkeys(urls)]

    def finish(self, lost: Lost | None) -> list[PaintEvent]:
        """The answer has ended, by itself or (`lost`) by a failure. What was complete counts in either case.

        Raises PaintFailed when there is no picture at all.
        """
        if not self._reported_urls:
            raise self._failure(lost)
        return [Usage(self._usage, usage_credits(self._price, self._usage))] if self._usage else []

    def _failure(self, lost: Lost | None) -> PaintFailed:
        if self.error:
            return failure_in_success(self.error, begun=self._has_begun, trace=self.trace, redact=self._redact)
        if lost:
            lost.trace = lost.trace or self.trace
            return lost
        return NoPicture(trace=self.trace)
