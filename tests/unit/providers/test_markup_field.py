"""Marks as a layer stand in the field of the wire that takes them, written as its references are."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.errors import SettingsWrong
from bot.painting import Image, PaintRequest
from bot.providers.chat.request import encode_request as encode_chat
from bot.providers.http.payload import Base64
from bot.providers.images.request import encode_request as encode_images
from bot.providers.presets import PRESETS, ChatWire, ImagesWire, TasksWire, Upstream, resolve_upstream
from bot.providers.tasks.request import encode_submission

PICTURE = Image(data=b"\x89PNG picture", media_type="image/png", width=300, height=200)
MARKS = replace(PICTURE, data=b"\x89PNG marks")
REQUEST = PaintRequest(prompt="a hat", references=(PICTURE,), markup=MARKS)
TABLE = {"type": "image_url", "image_url": {"url": "{url}"}}


def upstream(**given: Any) -> Upstream:
    return resolve_upstream(name="up", base_url="https://relay.example", **given)


def test_openais_newest_models_take_them_and_of_no_other_preset_it_is_known() -> None:
    taking = {
        (preset, family)
        for preset, known in PRESETS.items()
        for family in (rule.families[0] for rule in known.models)
        if upstream(preset=preset, model=family).capabilities.supports_markup
    }
    assert taking == {("openai", "gpt-image-2.6")}
    assert upstream(preset="openai", model="gpt-image-2.5-flare").capabilities.supports_markup
    assert not upstream(preset="openai", model="gpt-image-2.5", markup=False).capabilities.supports_markup


@pytest.mark.parametrize("preset", PRESETS)
def test_an_operator_turns_it_on_where_there_are_references(preset: str) -> None:
    on = upstream(preset=preset, markup=True)
    assert on.capabilities.supports_markup
    assert "markup = true" in on.overrides
    no_references = upstream(dialect="images", markup=True, wire={"edits": ""})
    assert not no_references.capabilities.supports_markup


def raw(made: Upstream) -> bytes:
    """The body of a request; pictures in base64 stand there as DATA."""
    match made.wire:
        case ChatWire():
            payload = encode_chat("a hat", REQUEST, made, made.wire)
        case ImagesWire():
            payload = encode_images(REQUEST, made, made.wire)
        case TasksWire():
            url = "https://files.example/m"
            return json.dumps(
                encode_submission(REQUEST, made, made.wire, references=["u"], mask=None, markup=url, callback=None)
            ).encode()
    return b"".join(b"DATA" if isinstance(each, Base64) else each for each in payload.pieces)


def body(made: Upstream) -> Any:
    return json.loads(raw(made))


def test_a_chat_gets_them_beside_the_messages_as_a_part_of_them_would_be() -> None:
    sent = body(upstream(preset="openrouter", markup=True))
    assert sent["markup"]["type"] == "image_url"
    assert sent["markup"]["image_url"]["url"].startswith("data:image/png;base64,")


def test_the_images_dialect_sends_a_file_or_what_stands_for_one() -> None:
    form = raw(upstream(preset="openai", model="gpt-image-2.6-sunburst"))
    assert b'name="markup"; filename="markup.png"' in form
    assert b"PNG marks" in form
    sent = body(upstream(dialect="images", markup=True, wire={"edits_form": "json", "reference_item": TABLE}))
    assert sent["markup"]["image_url"]["url"].startswith("data:image/png;base64,")


def test_a_task_gets_their_address() -> None:
    assert body(upstream(dialect="tasks", markup=True))["markup"] == "https://files.example/m"
    sent = body(upstream(dialect="tasks", wire={"markup_field": "input.markup_image_url"}))
    assert sent["input"]["markup_image_url"] == "https://files.example/m"


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"markup": False, "wire": {"markup_field": "marks"}}, "names a field for it"),
        ({"markup": True, "wire": {"markup_field": ""}}, "is empty"),
    ],
)
def test_settings_that_contradict_each_other_are_a_mistake(given: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingsWrong, match=rf"providers.up.markup: .*{why}"):
        upstream(preset="openai", **given)
