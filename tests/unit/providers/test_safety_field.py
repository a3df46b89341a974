"""The user's name for upstreams stands in the field that each of them takes, and nowhere else."""

import json
from dataclasses import replace
from typing import Any

import pytest

from bot.errors import SettingsWrong
from bot.painting import Image, PaintRequest
from bot.providers.chat.request import encode_request as encode_chat
from bot.providers.images.request import encode_request as encode_images
from bot.providers.presets import PRESETS, ChatWire, ImagesWire, TasksWire, Upstream, resolve_upstream
from bot.providers.tasks.request import encode_submission

FIELDS = {"openai": "safety_identifier", "azure": "user", "openrouter": "user"}  # of others nothing is known
PICTURE = Image(data=b"\x89PNG picture", media_type="image/png", width=300, height=200)
REQUEST = PaintRequest(prompt="a fox", safety_identifier="f" * 64)
EDIT = replace(REQUEST, references=(PICTURE,))


def upstream(**given: Any) -> Upstream:
    return resolve_upstream(name="up", base_url="https://relay.example", **given)


def sent(upstream: Upstream, request: PaintRequest) -> bytes:
    """The body of a request."""
    match upstream.wire:
        case ChatWire():
            payload = encode_chat(request.prompt, request, upstream, upstream.wire)
        case ImagesWire():
            payload = encode_images(request, upstream, upstream.wire)
        case TasksWire():
            urls = ["https://files.example/1"] * len(request.references)
            body = encode_submission(request, upstream, upstream.wire, references=urls, mask=None, callback=None)
            return json.dumps(body).encode()
    return b"".join(part if isinstance(part, bytes) else b"" for part in payload.pieces)


@pytest.mark.parametrize("request_", [REQUEST, EDIT], ids=["generation", "edit"])
@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_sends_it_where_its_upstream_takes_it(preset: str, request_: PaintRequest) -> None:
    body = sent(upstream(preset=preset), request_)
    field = FIELDS.get(preset)
    assert ((b"f" * 64) in body) == (field is not None)
    assert field is None or field.encode() in body
    assert b"f" * 64 not in sent(upstream(preset=preset), replace(request_, safety_identifier=None))


@pytest.mark.parametrize("preset", PRESETS)
def test_an_operator_turns_it_on_and_off(preset: str) -> None:
    on, off = (upstream(preset=preset, safety_identifier=sends) for sends in (True, False))
    assert FIELDS.get(preset, "safety_identifier").encode() in sent(on, REQUEST)
    assert b"f" * 64 not in sent(off, REQUEST)
    assert ("safety_identifier = true" in on.overrides, "safety_identifier = false" in off.overrides) == (True, True)


@pytest.mark.parametrize("table", ["extra", "extra_edits"])
def test_an_operators_own_field_stands_in_its_place(table: str) -> None:
    made = upstream(preset="openai", **{table: {"safety_identifier": "easel"}})
    assert b"f" * 64 not in sent(made, EDIT)
    assert b"easel" in sent(made, EDIT)


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"safety_identifier": False, "wire": {"safety_field": "end_user"}}, "names a field for it"),
        ({"safety_identifier": True, "wire": {"safety_field": ""}}, "is empty"),
    ],
)
def test_settings_that_contradict_each_other_are_a_mistake(given: dict[str, Any], why: str) -> None:
    with pytest.raises(SettingsWrong, match=rf"providers.up.safety_identifier: .*{why}"):
        upstream(preset="openai", **given)


def test_a_field_may_have_any_name() -> None:
    made = upstream(preset="relay", wire={"safety_field": "metadata.end_user"})
    assert b'"metadata": {"end_user": "fff' in sent(made, REQUEST).replace(b'":{', b'": {').replace(b'":"', b'": "')
