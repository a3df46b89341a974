"""Bodies of requests: what Easel sends stands before what operators add, in tables too; forms write tables as OpenAI's
own client does.
"""

from bot.providers.body import build_body, form_fields
from bot.providers.presets import ChatWire
from bot.providers.presets.wire_fields import fill

WIRE = ChatWire(
    extra={"input": {"seed": 7, "style": {"a": 1}}, "tags": ["x"]},
    extra_edits={"input": {"seed": 8, "style": {"b": 2}}, "tags": ["y"]},
)


def test_further_fields_share_tables_with_easels_own() -> None:
    fields = {"input.prompt": "a fox", "tags": ["mine"], "": "left out"}
    assert build_body(WIRE, fields, has_references=False) == {
        "input": {"seed": 7, "style": {"a": 1}, "prompt": "a fox"},
        "tags": ["mine"],
    }
    assert build_body(WIRE, {"input.a.b": 1}, has_references=True) == {
        "input": {"seed": 8, "style": {"a": 1, "b": 2}, "a": {"b": 1}},
        "tags": ["y"],
    }
    assert WIRE.extra == {"input": {"seed": 7, "style": {"a": 1}}, "tags": ["x"]}


def test_a_form_has_a_name_for_each_value() -> None:
    body = {"a": 1, "b": True, "c": None, "d": [1, {"e": "f"}], "g": {"h": {"i": 0.5}}}
    assert list(form_fields(body)) == [("a", "1"), ("b", "true"), ("d[]", "1"), ("d[][e]", "f"), ("g[h][i]", "0.5")]


def test_a_placeholder_is_filled_wherever_it_stands() -> None:
    template = {"id": "{id}", "ids": ["{id}", 7], "path": "/x/{id}"}
    assert fill(template, "{id}", "t") == {"id": "t", "ids": ["t", 7], "path": "/x/t"}
