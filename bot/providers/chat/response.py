"""One answer of a chat-style upstream, from its JSON chunks to events and, in the end, to a judgement.

No I/O. The text is read by `progress`, the JSON by `messages`; here stands how the two make one story.
"""

from collections.abc import Callable, Iterable
from typing import Literal

from bot.errors import Busy, Declined, Lost, Moderated, NoPicture, PaintFailed, SaidFailed
from bot.painting import Accepted, FinishedImage, Link, PaintEvent, Preview, Progress, Usage
from bot.providers.chat.message_parts import Part, Reading
from bot.providers.chat.progress import ReplyReader
from bot.providers.chat.verdict import Saying, Verdict
from bot.providers.http.error_bodies import Complaint, inside
from bot.providers.http.quoting import quote

_Channel = Literal["text", "thoughts"]


class Reply:
    """Takes the chunks of one answer in order. `prompt`: as sent. `hide`: what no quote may contain.

    Pictures inline in the answer come as `Picture(Link(url="data:…"))`.
    """

    def __init__(self, prompt: str, *, hide: Iterable[str] = ()) -> None:
        self._prompt = prompt
        self._hide = tuple(hide)
        self._readers: dict[tuple[int, _Channel], ReplyReader] = {}
        self._carried: dict[str, None] = {}
        self._shown: set[str] = set()
        self._usage: Usage | None = None
        self._id: str | None = None
        self._finish: set[str] = set()
        self._refusal = ""
        self._begun = False  # something other than an error was said
        self._painting = False
        self.complaint: Complaint | None = None
        self.complete = False

    @property
    def trace(self) -> str | None:
        """By which the upstream finds this answer again."""
        return (self.complaint.trace if self.complaint else None) or self._id

    def take(self, reading: Reading) -> list[PaintEvent]:
        """What a chunk tells."""
        events: list[PaintEvent] = []
        if reading.id and not self._id:
            self._id = quote(reading.id, hide=self._hide)
            events.append(Accepted(self._id))
        if reading.usage:
            self._usage = Usage(reading.usage)
        self._begun = self._begun or bool(reading.parts)
        for part in reading.parts:
            events += self._take_part(part)
        self.complaint = self.complaint or reading.complaint
        return events

    def _take_part(self, part: Part) -> list[PaintEvent]:
        events = [
            *self._feed(part.index, "thoughts", part.thoughts),
            *self._feed(part.index, "text", part.text),
        ]
        self._carried.update(dict.fromkeys(part.pictures))
        self._refusal += part.refusal
        if part.finish:
            self._finish.add(part.finish.lower())
            self.complete = True
        return events

    def _feed(self, index: int, channel: _Channel, text: str) -> list[PaintEvent]:
        if not text:
            return []
        reader = self._readers.get((index, channel))
        if reader is None:
            reader = self._readers[index, channel] = ReplyReader(self._prompt, thoughts=channel == "thoughts")
        return self._new(reader.feed(text))

    def _new(self, said: Iterable[PaintEvent]) -> list[PaintEvent]:
        """Leaves out pictures that another choice has shown."""
        events: list[PaintEvent] = []
        for event in said:
            if isinstance(event, FinishedImage) and isinstance(event.source, Link):
                if event.source.url in self._shown:
                    continue
                self._shown.add(event.source.url)
            self._painting = self._painting or isinstance(event, Progress | Preview)
            events.append(event)
        return events

    def close(self, lost: Lost | None) -> list[PaintEvent]:
        """The answer has ended, by itself or (`lost`) by a failure. What was complete counts in either case.

        Raises PaintFailed when there is no picture at all.
        """
        cut = lost is not None
        events: list[PaintEvent] = []
        verdicts: list[Verdict] = []
        for reader in self._readers.values():
            events += self._sift(reader.close(cut=cut, links=not self._carried), verdicts)
        if not self._shown:
            events += self._new(FinishedImage(Link(url=url)) for url in self._carried)
        if not self._shown:
            raise self._failure(lost, verdicts)
        return [*events, self._usage] if self._usage else events

    def _sift(self, said: Iterable[PaintEvent | Verdict], verdicts: list[Verdict]) -> list[PaintEvent]:
        verdicts += [each for each in said if isinstance(each, Verdict)]
        return self._new(each for each in said if not isinstance(each, Verdict))

    # ------------------------------------------------------------ why there is no picture

    def _failure(self, lost: Lost | None, verdicts: list[Verdict]) -> PaintFailed:
        """The most exact reason: an error in the JSON, the model's refusal, the words, the way it ended."""
        if self.complaint:
            return inside(self.complaint, begun=self._begun, trace=self.trace, hide=self._hide)
        if self._refusal and not lost:
            return Declined(trace=self.trace, quote=quote(self._refusal, hide=self._hide))
        for verdict in verdicts:
            if not lost or verdict.saying in (Saying.FAILED, Saying.MODERATED):
                return self._judged(verdict)
        if "content_filter" in self._finish:
            return Moderated(trace=self.trace)
        if lost:
            lost.trace = lost.trace or self.trace
            return lost
        return NoPicture(trace=self.trace)

    def _judged(self, verdict: Verdict) -> PaintFailed:
        words = quote(verdict.words, hide=self._hide)
        make: Callable[[], PaintFailed] = {
            Saying.FAILED: lambda: SaidFailed(trace=self.trace, quote=words),
            Saying.MODERATED: lambda: Moderated(trace=self.trace),
            Saying.BUSY: lambda: Busy(trace=self.trace),
            Saying.REFUSED: lambda: Declined(trace=self.trace, quote=words),
        }[Saying.REFUSED if verdict.saying is Saying.BUSY and self._painting else verdict.saying]
        return make()
