"""One answer of a chat-style upstream, from its JSON chunks to events and, in the end, to a judgement.

No I/O. The text is read by `progress`, the JSON by `messages`; here stands how the two make one story.
"""

from collections.abc import Callable, Iterable
from typing import Literal

from bot.errors import Busy, Declined, Lost, Moderated, NoPicture, PaintFailed, SaidFailed
from bot.painting import Accepted, FinishedImage, Link, PaintEvent, Preview, Progress, Usage
from bot.providers.chat.message_parts import MessagePart, ParsedMessage
from bot.providers.chat.progress import ReplyParser
from bot.providers.chat.verdict import Verdict, VerdictKind
from bot.providers.http.error_bodies import ErrorBody, failure_in_success
from bot.providers.http.quoting import quote

_Channel = Literal["text", "thoughts"]


class ChatResponse:
    """Takes the chunks of one answer in order. `prompt`: as sent. `redact`: what no quote may contain.

    Pictures inline in the answer come as `Picture(Link(url="data:…"))`.
    """

    def __init__(self, prompt: str, *, redact: Iterable[str] = ()) -> None:
        self._prompt = prompt
        self._redact = tuple(redact)
        self._parsers: dict[tuple[int, _Channel], ReplyParser] = {}
        self._attached_urls: dict[str, None] = {}
        self._reported_urls: set[str] = set()
        self._usage: Usage | None = None
        self._id: str | None = None
        self._finish_reasons: set[str] = set()
        self._refusal = ""
        self._has_begun = False  # something other than an error was said
        self._is_painting = False
        self.error: ErrorBody | None = None
        self.is_complete = False

    @property
    def trace(self) -> str | None:
        """By which the upstream finds this answer again."""
        return (self.error.trace if self.error else None) or self._id

    def apply_message(self, reading: ParsedMessage) -> list[PaintEvent]:
        """What a chunk tells."""
        events: list[PaintEvent] = []
        if reading.id and not self._id:
            self._id = quote(reading.id, redact=self._redact)
            events.append(Accepted(self._id))
        if reading.usage:
            self._usage = Usage(reading.usage)
        self._has_begun = self._has_begun or bool(reading.parts)
        for part in reading.parts:
            events += self._apply_part(part)
        self.error = self.error or reading.error
        return events

    def _apply_part(self, part: MessagePart) -> list[PaintEvent]:
        events = [
            *self._feed(part.index, "thoughts", part.thoughts),
            *self._feed(part.index, "text", part.text),
        ]
        self._attached_urls.update(dict.fromkeys(part.pictures))
        self._refusal += part.refusal
        if part.finish:
            self._finish_reasons.add(part.finish.lower())
            self.is_complete = True
        return events

    def _feed(self, index: int, channel: _Channel, text: str) -> list[PaintEvent]:
        if not text:
            return []
        reader = self._parsers.get((index, channel))
        if reader is None:
            reader = self._parsers[index, channel] = ReplyParser(self._prompt, thoughts=channel == "thoughts")
        return self._without_repeats(reader.feed(text))

    def _without_repeats(self, said: Iterable[PaintEvent]) -> list[PaintEvent]:
        """Leaves out pictures that another choice has shown."""
        events: list[PaintEvent] = []
        for event in said:
            if isinstance(event, FinishedImage) and isinstance(event.source, Link):
                if event.source.url in self._reported_urls:
                    continue
                self._reported_urls.add(event.source.url)
            self._is_painting = self._is_painting or isinstance(event, Progress | Preview)
            events.append(event)
        return events

    def finish(self, lost: Lost | None) -> list[PaintEvent]:
        """The answer has ended, by itself or (`lost`) by a failure. What was complete counts in either case.

        Raises PaintFailed when there is no picture at all.
        """
        cut = lost is not None
        events: list[PaintEvent] = []
        verdicts: list[Verdict] = []
        for reader in self._parsers.values():
            events += self._split_verdicts(reader.finish(cut=cut, links=not self._attached_urls), verdicts)
        if not self._reported_urls:
            events += self._without_repeats(FinishedImage(Link(url=url)) for url in self._attached_urls)
        if not self._reported_urls:
            raise self._failure(lost, verdicts)
        return [*events, self._usage] if self._usage else events

    def _split_verdicts(self, said: Iterable[PaintEvent | Verdict], verdicts: list[Verdict]) -> list[PaintEvent]:
        verdicts += [each for each in said if isinstance(each, Verdict)]
        return self._without_repeats(each for each in said if not isinstance(each, Verdict))

    # ------------------------------------------------------------ why there is no picture

    def _failure(self, lost: Lost | None, verdicts: list[Verdict]) -> PaintFailed:
        """The most exact reason: an error in the JSON, the model's refusal, the words, the way it ended."""
        if self.error:
            return failure_in_success(self.error, begun=self._has_begun, trace=self.trace, redact=self._redact)
        if self._refusal and not lost:
            return Declined(trace=self.trace, quote=quote(self._refusal, redact=self._redact))
        for verdict in verdicts:
            if not lost or verdict.kind in (VerdictKind.FAILED, VerdictKind.MODERATED):
                return self._failure_of_verdict(verdict)
        if "content_filter" in self._finish_reasons:
            return Moderated(trace=self.trace)
        if lost:
            lost.trace = lost.trace or self.trace
            return lost
        return NoPicture(trace=self.trace)

    def _failure_of_verdict(self, verdict: Verdict) -> PaintFailed:
        words = quote(verdict.words, redact=self._redact)
        make: Callable[[], PaintFailed] = {
            VerdictKind.FAILED: lambda: SaidFailed(trace=self.trace, quote=words),
            VerdictKind.MODERATED: lambda: Moderated(trace=self.trace),
            VerdictKind.BUSY: lambda: Busy(trace=self.trace),
            VerdictKind.REFUSED: lambda: Declined(trace=self.trace, quote=words),
        }[VerdictKind.REFUSED if verdict.kind is VerdictKind.BUSY and self._is_painting else verdict.kind]
        return make()
