"""A frame of millions of values is none, and is refused before it is parsed; a long text is one value."""

import json

import pytest

from adapters.playground.frame_structure import MAX_VALUES, PIECE_CHARS, exceeds_max_values
from adapters.playground.protocol import parse_frame

SEND: dict[str, object] = {"type": "send", "as": "amber", "chat": "amber", "nonce": "1", "files": []}


@pytest.mark.parametrize("text", ["a, [b], {c}, ", '"', "\\", '\\",', '"\\,', "é,"])
@pytest.mark.parametrize("shift", range(3))
def test_a_long_text_is_one_value_whatever_stands_in_it(text: str, shift: int) -> None:
    long = "x" * shift + text * (PIECE_CHARS // len(text) * 2)
    frame = SEND | {"text": long, "files": ["0" * 32] * 1000}
    for escapes in (True, False):
        assert not exceeds_max_values(json.dumps(frame, ensure_ascii=escapes))


@pytest.mark.parametrize("unit", ["1,", "{},", "[],", '"",', '"\\"",', '{"a":1},'])
def test_many_values_are_no_frame(unit: str) -> None:
    raw = f"[{unit * MAX_VALUES}1]"
    assert exceeds_max_values(raw)
    with pytest.raises(ValueError, match="as many values"):
        parse_frame(raw)


def test_many_values_after_a_long_text_are_counted() -> None:
    text = json.dumps('"\\' * PIECE_CHARS)
    assert exceeds_max_values(f"[{text},{'1,' * MAX_VALUES}1]")
    assert not exceeds_max_values(f"[{text},1]")
