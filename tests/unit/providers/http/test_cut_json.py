"""JSON that breaks off anywhere: what is whole in it, and nothing of what is not."""

import json

import pytest

from bot.providers.http.cut_json import close_cut_json

DOCUMENT = json.dumps(
    {"created": 1, "data": [{"b64_json": "QUJD\\u00e9", "n": [True, None, -1.5]}, {"url": "https://x.example/a,{.png"}]}
)


def texts(value: object) -> set[str]:
    if isinstance(value, dict):
        return {text for each in value.values() for text in texts(each)}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    if isinstance(value, list):
        return {text for each in value for text in texts(each)}  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType] - JSON
    return {value} if isinstance(value, str) else set()


def test_wherever_a_document_breaks_off_only_whole_texts_are_kept() -> None:
    kept: set[str] = set()
    whole = texts(json.loads(DOCUMENT))
    for end in range(1, len(DOCUMENT) + 1):
        closed = close_cut_json(DOCUMENT[:end])
        found = texts(json.loads(closed)) if closed else set[str]()
        assert kept <= found <= whole, "what was there before it broke off later is still there"
        kept = found
    assert kept == whole


@pytest.mark.parametrize(
    ("text", "closed"),
    [
        ('{"data": [{"url": "a"', '{"data": [{"url": "a"}]}'),
        ('{"data": [{"url": "a"}, {"url": "b', '{"data": [{"url": "a"}]}'),
        ('["a", "b', '["a"]'),
        ('{"a": "b", "c"', '{"a": "b"}'),
        ('{"a": "b"} trailing', '{"a": "b"}'),
        ('{"a": "b"]', '{"a": "b"}'),
        ('{"a": 1', None),
        ("{", None),
        ("<html>", None),
        ("[" * 100, None),
    ],
)
def test_what_is_open_is_closed(text: str, closed: str | None) -> None:
    assert close_cut_json(text) == closed


@pytest.mark.parametrize("end", ["", "\\", "\\u", "\\u00e", "\\\\", "\\u00e9"])
def test_a_text_of_a_named_field_counts_as_far_as_it_came(end: str) -> None:
    closed = close_cut_json(f'{{"content": "see this{end}', open_texts=("content",))
    assert closed is not None
    assert json.loads(closed)["content"].startswith("see this")


def test_a_hostile_text_is_looked_at_once() -> None:
    assert close_cut_json('["' + "\\" * 2_000_001) is None
    assert close_cut_json('{"a":' * 50 + '"' * 3_000_000) is not None
