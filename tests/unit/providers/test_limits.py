"""What a reply may have without end is taken to a limit, and the reply is read all the same."""

import pytest

from bot.errors import Declined
from bot.painting import FinishedImage, Link, PaintEvent, Preview, Progress
from bot.providers.chat import line_scanner
from bot.providers.chat.line_scanner import MAX_SCANS
from bot.providers.chat.message_parts import MessagePart, ParsedMessage
from bot.providers.chat.progress import ReplyParser
from bot.providers.chat.response import MAX_CHANNELS, MAX_REFUSAL_CHARS, ChatResponse
from bot.providers.chat.verdict import MAX_PROSE_CHARS, Verdict, VerdictBuilder
from bot.providers.http.json_safe import MAX_LINES, MAX_VALUES, parse_json, parse_json_documents
from bot.providers.http.quoting import MAX_SEARCHED_CHARS, quote
from bot.providers.image_urls import MAX_URLS
from bot.providers.images.response import ImagesResponse

HOST = "https://files.example"


def read(text: str, *, step: int = 4096) -> list[PaintEvent | Verdict]:
    parser = ReplyParser("a cat")
    events: list[PaintEvent | Verdict] = []
    for start in range(0, len(text), step):
        events += parser.feed(text[start : start + step])
    return events + parser.end_reply()


def test_marks_without_end_are_searched_to_a_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    searched = 0
    find = line_scanner.LineScanner._find_percent  # type: ignore[reportPrivateUsage]  # what costs the time

    def counted(*args: object) -> None:
        nonlocal searched
        searched += 1
        find(*args)  # type: ignore[arg-type]  # passed on as they are

    monkeypatch.setattr(line_scanner.LineScanner, "_find_percent", counted)
    events = read(("%" * 3000 + "\n") * 40 + f"![a]({HOST}/a.png)")
    assert searched <= MAX_SCANS + 4096  # one piece may go beyond
    assert events == [FinishedImage(Link(url=f"{HOST}/a.png"))]


def test_progress_of_ten_minutes_is_within_the_limit() -> None:
    line = "progress: " + "".join(f"{percent}......" for percent in range(1, 100)) + "\n"
    assert [each.percent for each in read(line, step=1) if isinstance(each, Progress)] == list(range(1, 100))


def test_links_without_end_are_looked_at_to_a_limit() -> None:
    pictures = "\n".join(f"![a]({HOST}/{number}.png)" for number in range(MAX_URLS + 50))
    previews = "\n".join(f"> [{number}]({HOST}/half/{number}.png)" for number in range(MAX_URLS + 50))
    events = read(f"{pictures}\n{previews}\n")
    assert sum(isinstance(each, FinishedImage) for each in events) == MAX_URLS
    assert sum(isinstance(each, Preview) for each in events) == MAX_URLS


def test_of_an_endless_line_the_links_at_its_head_count_and_no_half_of_one() -> None:
    line = f"{HOST}/first.png " + f"{HOST}/{'x' * 83}.png " * 2000
    events = read(line)
    urls = {each.source.url for each in events if isinstance(each, FinishedImage) and isinstance(each.source, Link)}
    assert urls == {f"{HOST}/first.png", f"{HOST}/{'x' * 83}.png"}


def test_choices_without_end_are_read_to_a_limit() -> None:
    response = ChatResponse("a cat")
    parts = tuple(MessagePart(index=number, text=f"![a]({HOST}/{number}.png)\n") for number in range(MAX_CHANNELS + 9))
    assert len(response.apply_message(ParsedMessage(parts=parts))) == MAX_CHANNELS


def test_images_beside_the_text_without_end_are_taken_to_a_limit() -> None:
    response = ChatResponse("a cat")
    for _ in range(3):
        images = tuple(Link(url=f"{HOST}/{number}.png") for number in range(3 * MAX_URLS))
        response.apply_message(ParsedMessage(parts=(MessagePart(images=images),)))
    assert len(response.end_response(None)) == MAX_URLS


def test_a_refusal_without_end_is_kept_to_a_limit() -> None:
    response = ChatResponse("a cat")
    for _ in range(30):
        response.apply_message(ParsedMessage(parts=(MessagePart(refusal="no " * 1000),)))
    assert len(response._refusal) < 2 * MAX_REFUSAL_CHARS  # type: ignore[reportPrivateUsage]  # what it holds in memory
    with pytest.raises(Declined):
        response.end_response(None)


def test_prose_without_end_is_kept_to_a_limit() -> None:
    builder = VerdictBuilder()
    for _ in range(50):
        builder.add_prose_line("words " * 20)
    assert sum(map(len, builder._prose)) <= MAX_PROSE_CHARS + 120  # type: ignore[reportPrivateUsage]  # as above
    assert builder.build() is not None


def test_images_of_a_document_without_end_are_taken_to_a_limit() -> None:
    response = ImagesResponse()
    document = {"data": [{"url": f"{HOST}/{number}.png"} for number in range(2 * MAX_URLS)]}
    assert len(response.apply_document(document)) <= MAX_URLS
    response.apply_document({"url": f"{HOST}/last.png"})
    assert response.apply_document({"url": f"{HOST}/more.png"}) == []


@pytest.mark.parametrize("part", ["[],", "{},", "1,", '"a",'])
def test_a_document_of_nothing_but_structure_is_none(part: str) -> None:
    text = "[" + part * (MAX_VALUES + 1) + "0]"
    with pytest.raises(ValueError, match="too many values"):
        parse_json(text)
    assert parse_json_documents(text) == []


def test_a_text_of_nothing_but_lines_has_no_documents() -> None:
    assert parse_json_documents("{}\n" * (MAX_LINES + 1)) == []
    assert parse_json_documents("{}\n{}") == [{}, {}]


def test_half_characters_anywhere_in_a_document_are_replaced() -> None:
    assert parse_json(r'{"\ud83e": ["\ud83e", 1, null, {"a": "\ud83e\udd8a"}]}') == {"?": ["?", 1, None, {"a": "🦊"}]}


def test_no_half_of_a_secret_is_quoted_from_a_text_without_end() -> None:
    secret = "sk-very-secret-" + "k" * 50
    text = secret * (MAX_SEARCHED_CHARS // len(secret) + 5)
    assert set(quote(text, redact=[secret])) == {"…"}
    assert quote("x" * (MAX_SEARCHED_CHARS + 1)) == "x" * 199 + "…"
