"""State of one answer of a chat-style upstream: its JSON chunks become events and, at the end, a failure or none.

No I/O. `progress` parses the text, `message_parts` the JSON; this module merges the two.
"""

from collections.abc import Iterable
from typing import Literal

from bot.errors import Busy, Declined, Lost, Moderated, NoPicture, PaintFailed, Retry
from bot.painting import Accepted, FinishedImage, Link, PaintEvent, Preview, Progress, Usage
from bot.providers.chat.message_parts import MessagePart, ParsedMessage
from bot.providers.chat.progress import ReplyParser
from bot.providers.chat.verdict import Verdict, VerdictKind
from bot.providers.http.error_bodies import ErrorBody, read_error
from bot.providers.http.failure_rules import classify_error, classify_finish
from bot.providers.http.failures import failure_in_success, failure_without_error, missing_image, named_wait
from bot.providers.http.quoting import NOTHING, Redactions, is_binary, plain_words, quote
from bot.providers.image_urls import MAX_URLS, find_images_anywhere

MAX_REFUSAL_CHARS = 10_000  # of a refusal in words that are kept; a quote needs fewer
MAX_CHANNELS = 32  # choices of one answer that are read, text and thoughts apart; we ask for one choice

_Channel = Literal["text", "thoughts"]


class ChatResponse:
    """Applies the chunks of one answer in order.

    Images inline in the answer are reported as `FinishedImage(Link(url="data:…"))`.
    """

    def __init__(self, prompt: str, *, redact: Redactions = NOTHING) -> None:
        """`prompt`: as sent. `redact`: what no quote may contain."""
        self._prompt = prompt
        self._redact = redact
        self._parsers: dict[tuple[int, _Channel], ReplyParser] = {}
        self._attached: dict[str, Link] = {}  # images beside the text, by address
        self._draft: Link | None = None  # the last one
        self._reported_urls: set[str] = set()
        self._usage: Usage | None = None
        self._id: str | None = None
        self._finish_reasons: set[str] = set()
        self._refusal = ""
        self._said: ErrorBody | None = None  # by a document with neither a choice nor an error
        self._has_begun = False  # a choice came, not only an error
        self._is_painting = False
        self.error: ErrorBody | None = None
        """The first error in the answer."""
        self.is_complete = False
        """Whether the answer came to its own end."""

    @property
    def trace(self) -> str | None:
        """The upstream's id of this answer."""
        return (self.error.trace if self.error else None) or self._id

    def apply_message(self, message: ParsedMessage) -> list[PaintEvent]:
        """The events of a chunk."""
        events: list[PaintEvent] = []
        if message.id and not self._id:
            self._id = quote(message.id, redact=self._redact)
            events.append(Accepted(self._id))
        if message.usage:
            self._usage = Usage(message.usage)
        self._has_begun = self._has_begun or bool(message.parts)
        for part in message.parts:
            events += self._apply_part(part)
        self.error = self.error or message.error
        self._said = self._said or message.said
        return events

    def apply_text(self, text: str, *, is_error: bool, is_whole: bool) -> list[PaintEvent]:
        """The events of text where a document should be. `is_error`: its event has that name. `is_whole`: no event
        carried it."""
        images = find_images_anywhere(text)
        if is_error:
            self.error = self.error or read_error(text)
        elif not images and not is_binary(text):
            self._said = self._said or read_error(text)
        self.is_complete = self.is_complete or (is_whole and not self._has_begun and not is_binary(text))
        return self._without_repeats(map(FinishedImage, images))

    def _apply_part(self, part: MessagePart) -> list[PaintEvent]:
        events = [
            *self._feed(part.index, "thoughts", part.reasoning),
            *self._feed(part.index, "text", part.text),
        ]
        if len(self._attached) < MAX_URLS:
            self._attached.update((image.url, image) for image in part.images[:MAX_URLS])
        for self._draft in part.drafts:
            events.append(Preview(self._draft))
        if len(self._refusal) < MAX_REFUSAL_CHARS:
            self._refusal += part.refusal
        if part.finish_reason:
            self._finish_reasons.update(filter(None, (part.finish_reason, part.native_finish_reason)))
            self.is_complete = True
        return events

    def _feed(self, index: int, channel: _Channel, text: str) -> list[PaintEvent]:
        if not text:
            return []
        parser = self._parsers.get((index, channel))
        if parser is None and len(self._parsers) >= MAX_CHANNELS:
            return []
        if parser is None:
            parser = self._parsers[index, channel] = ReplyParser(self._prompt, is_reasoning=channel == "thoughts")
        return self._without_repeats(parser.feed(text))

    def _without_repeats(self, parsed: Iterable[PaintEvent]) -> list[PaintEvent]:
        """The events without images that another choice has reported."""
        events: list[PaintEvent] = []
        for event in parsed:
            if isinstance(event, FinishedImage) and isinstance(event.source, Link):
                if event.source.url in self._reported_urls:
                    continue
                self._reported_urls.add(event.source.url)
            self._is_painting = self._is_painting or isinstance(event, Progress | Preview)
            events.append(event)
        return events

    def end_response(self, lost: Lost | None) -> list[PaintEvent]:
        """The remaining events at the end of the answer; `lost`: the failure that cut it short, None: its own end.

        Complete images count in either case. Raises PaintFailed when there is no image at all.
        """
        cut = lost is not None
        events: list[PaintEvent] = []
        verdicts: list[Verdict] = []
        for parser in self._parsers.values():
            events += self._split_verdicts(parser.end_reply(cut=cut, accept_links=not self._attached), verdicts)
        if not self._reported_urls:
            events += self._without_repeats(map(FinishedImage, self._attached.values()))
        if not self._reported_urls:
            failure = self._failure(lost, verdicts)
            if not isinstance(failure, NoPicture) or self._draft is None:
                raise failure
            events.append(FinishedImage(self._draft))  # paid for, and as far as the model came
        events += [self._usage] if self._usage else []
        return [*events, missing_image(self._failure(lost, verdicts))] if lost or self.error else events

    def _split_verdicts(self, parsed: Iterable[PaintEvent | Verdict], verdicts: list[Verdict]) -> list[PaintEvent]:
        verdicts += [each for each in parsed if isinstance(each, Verdict)]
        return self._without_repeats(each for each in parsed if not isinstance(each, Verdict))

    # ------------------------------------------------------------ failures

    def _failure(self, lost: Lost | None, verdicts: list[Verdict]) -> PaintFailed:
        """The most exact failure: an error in the JSON, the model's refusal, the text's verdict, its end."""
        if self.error:
            return failure_in_success(self.error, begun=self._has_begun, trace=self.trace, redact=self._redact)
        finished = classify_finish(self._finish_reasons)
        if finished and finished.retry is Retry.NEVER:
            return finished(trace=self.trace, detail=" ".join(sorted(self._finish_reasons)))
        if self._said and classify_error(self._said, None, prompt=self._redact.prompt):
            return failure_in_success(self._said, begun=self._has_begun, trace=self.trace, redact=self._redact)
        if self._refusal and not lost:
            return self._declined(self._refusal)
        for verdict in verdicts:
            if not lost or verdict.kind in (VerdictKind.FAILED, VerdictKind.MODERATED):
                return self._failure_of_verdict(verdict)
        if lost:
            lost.trace = lost.trace or self.trace
            return lost
        return failure_without_error(self._said, begun=self._has_begun, trace=self.trace, redact=self._redact)

    def _failure_of_verdict(self, verdict: Verdict) -> PaintFailed:
        error = read_error(verdict.words)
        if verdict.kind is VerdictKind.MODERATED:
            return Moderated(trace=self.trace, detail=quote(verdict.words, redact=self._redact))
        if verdict.kind is VerdictKind.FAILED:
            return failure_in_success(error, begun=self._is_painting, trace=self.trace, redact=self._redact)
        if verdict.kind is VerdictKind.BUSY and not self._is_painting:
            return Busy(trace=self.trace, retry_after=named_wait(error, self._redact))
        return self._declined(verdict.words)

    def _declined(self, words: str) -> PaintFailed:
        """Prose instead of an image; data or markup instead of one is no sentence to be quoted."""
        sentence = quote(plain_words(words), redact=self._redact)
        return Declined(trace=self.trace, quote=sentence) if sentence else NoPicture(trace=self.trace)
