"""What operators set in the place of a preset's wire: every field, checked by the wire's own types."""

from collections.abc import Mapping
from dataclasses import fields
from datetime import date
from typing import Any, cast

import pytest
from pydantic import SecretStr

from bot.errors import SettingsWrong
from bot.providers.presets import (
    PRESETS,
    ChatWire,
    ImagesWire,
    TasksWire,
    UploadWire,
    Upstream,
    resolve_upstream,
    resolve_upstreams,
)
from bot.providers.presets.overrides import describe_overrides, override_wire

RELAYS: dict[str, dict[str, Any]] = {
    "chat": {"preset": "relay", "base_url": "https://relay.example/v1"},
    "tasks": {"preset": "evolink"},
    "images": {"preset": "openai"},
}


def configured(dialect: str, **given: Any) -> Upstream:
    return resolve_upstream(name="up", **{**RELAYS[dialect], **given})


def problems(dialect: str, **given: Any) -> list[str]:
    with pytest.raises(SettingsWrong) as caught:
        configured(dialect, **given)
    return caught.value.problems


@pytest.mark.parametrize(
    ("dialect", "wire", "line"),
    [
        ("chat", {"size_feild": "x"}, "size_feild: unknown key; did you mean providers.up.wire.size_field?"),
        ("chat", {"colour": "x"}, "colour: unknown key"),
        ("chat", {"poll_s": 5}, "poll_s: unknown key; the dialect chat has none, tasks has"),
        ("chat", {"mask_field": "m"}, "mask_field: unknown key; the dialect chat has none, tasks and images have"),
        ("tasks", {"partial_images": 2}, "partial_images: unknown key; the dialect tasks has none, images has"),
        ("tasks", {"upload": {"frm": "x"}}, "upload.frm: unknown key; did you mean providers.up.wire.upload.form?"),
        ("tasks", {"upload": {"form": "x"}}, "upload.form: input should be 'multipart' or 'base64'"),
        ("tasks", {"upload": 5}, "upload: input should be an object"),
        ("chat", {"modalities": 5}, "modalities: input should be a list"),
        ("chat", {"modalities": [5]}, "modalities.0: input should be a valid string"),
        ("chat", {"size_field": 5}, "size_field: input should be a valid string"),
        (
            "chat",
            {"size_field": "a..b"},
            "size_field: must be the name of a field, with dots between a table's name and the names inside it",
        ),
        ("chat", {"prompt_size_suffix": " big"}, "prompt_size_suffix: must have the placeholder {size}"),
        ("chat", {"prompt_size_suffix": "{0}"}, "prompt_size_suffix: may have no other placeholder than {size}"),
        ("chat", {"prompt_size_suffix": "{size!r}"}, "prompt_size_suffix: may have no other placeholder than {size}"),
        (
            "chat",
            {"prompt_size_suffix": "{size"},
            "prompt_size_suffix: has a brace without its other half; write a brace of the text twice",
        ),
        (
            "tasks",
            {"defaults": {"colour": "x"}},
            "defaults.colour.[key]: input should be 'size', 'tier', 'quality', 'background', 'format' or 'compression'",
        ),
        (
            "chat",
            {"defaults": {"tier": "2K"}},
            "defaults.tier: the wire has no field for it; set providers.up.wire.tier_field",
        ),
        ("tasks", {"task": "/tasks"}, "task: must have the placeholder {id}, or poll_body must"),
        ("tasks", {"reference_item": {"image": "url"}}, "reference_item: must have the placeholder {url}"),
        ("tasks", {"poll_s": 0}, "poll_s: input should be greater than 0"),
        ("tasks", {"poll_s": "5"}, "poll_s: input should be a valid number"),
        ("tasks", {"failed_is_free": "yes"}, "failed_is_free: input should be a valid boolean"),
        (
            "tasks",
            {"states": {"ready": "finished"}},
            "states.ready: input should be 'queued', 'working', 'done', 'failed' or 'cancelled'",
        ),
        ("images", {"partial_images": 4}, "partial_images: input should be less than or equal to 3"),
        ("images", {"partial_images": True}, "partial_images: input should be a valid integer"),
        ("images", {"size_field": "quality"}, "quality_field: quality is the name of size_field already"),
        ("images", {"mask_field": "prompt.mask"}, "mask_field: prompt.mask is the name of prompt_field already"),
        ("images", {"size_field": "stream"}, "size_field: stream is the name of stream already"),
        ("images", {"headers": {"Host": "x"}}, "headers: Easel sends the header Host itself"),
        ("images", {"headers": {"a b": "x"}}, "headers: no header can have such a name"),
        ("images", {"headers": {"X-Id": "é"}}, "headers: the header X-Id has characters that no header can carry"),
        (
            "images",
            {"extra": {"since": date(2026, 1, 1)}},
            "extra: may hold only texts, finite numbers, booleans, lists and tables",
        ),
    ],
)
def test_a_mistake_is_one_line_that_names_its_key(dialect: str, wire: dict[str, object], line: str) -> None:
    assert problems(dialect, wire=wire) == [f"providers.up.wire.{line}"]


@pytest.mark.parametrize(
    ("dialect", "extra", "line"),
    [
        (
            "images",
            {"quality": "low"},
            "quality: Easel sends this field itself; its name is providers.up.wire.quality_field",
        ),
        ("images", {"stream": True}, "stream: Easel sends this field itself"),
        ("chat", {"messages": []}, "messages: Easel sends this field itself"),
        ("chat", {"messages": {"role": "user"}}, "messages.role: Easel sends this field itself"),
        ("tasks", {"model": "x"}, "model: Easel sends this field itself; its name is providers.up.wire.model_field"),
    ],
)
def test_further_fields_never_stand_in_the_place_of_easels_own(
    dialect: str, extra: dict[str, object], line: str
) -> None:
    for table in ("extra", "extra_edits"):
        assert problems(dialect, **{table: extra}) == [f"providers.up.{table}.{line}"]


def test_a_table_around_a_field_is_shared_and_its_own_name_is_not() -> None:
    wire = {"size_field": "image_config.aspect_ratio", "modalities": "image"}
    assert configured("chat", wire=wire, extra={"image_config": {"strength": 0.5}})
    [line] = problems("chat", wire=wire, extra={"image_config": {"aspect_ratio": "1:1"}})
    assert line.startswith("providers.up.extra.image_config.aspect_ratio: Easel sends this field itself")
    [line] = problems("chat", wire=wire, extra={"image_config": {}})
    assert line.startswith("providers.up.extra.image_config: Easel sends this field itself")


def test_every_mistake_gets_a_line() -> None:
    assert problems("images", wire={"colour": 1, "n_field": 2}, extra={"a": float("nan")}) == [
        "providers.up.wire.colour: unknown key",
        "providers.up.wire.n_field: input should be a valid string",
        "providers.up.extra: may hold only texts, finite numbers, booleans, lists and tables",
    ]


def test_response_format_is_easels_own_only_where_it_is_sent() -> None:
    assert configured("images", extra={"response_format": "url"})
    [line] = problems("images", wire={"response_format": "url"}, extra={"response_format": "url"})
    assert line == "providers.up.extra.response_format: Easel sends this field itself"


def test_names_and_paths_may_be_lists_or_have_dots() -> None:
    wire = configured("chat", wire={"size_field": ["image_config", "aspect_ratio"], "credits_path": "usage.cost"}).wire
    assert (wire.size_field, wire.credits_path) == ("image_config.aspect_ratio", ("usage", "cost"))
    for result_paths in ("data.images.0", ["data.images.0"], [["data", "images", 0]]):
        wire = configured("tasks", wire={"result_paths": result_paths}).wire
        assert isinstance(wire, TasksWire)
        assert wire.result_paths == (("data", "images", 0),)


def test_tables_are_added_to_and_words_have_no_case() -> None:
    wire = configured("tasks", wire={"states": {"Ready": "done", "pending": "working"}}).wire
    assert isinstance(wire, TasksWire)
    assert (wire.states["ready"], wire.states["pending"], wire.states["failed"]) == ("done", "working", "failed")


def test_an_upload_service_is_changed_made_or_taken_away() -> None:
    changed = configured("tasks", wire={"upload": {"name_field": ""}}).wire
    assert isinstance(changed, TasksWire)
    assert changed.upload is not None
    assert (changed.upload.file_field, changed.upload.name_field) == ("base64_data", "")
    none = configured("tasks", wire={"upload": False})
    assert isinstance(none.wire, TasksWire)
    assert none.wire.upload is None
    assert none.overrides == ("wire.upload = false",)
    with pytest.raises(SettingsWrong) as caught:
        resolve_upstream(name="up", preset="evolink", wire={"upload": 0})
    assert caught.value.problems == ["providers.up.wire.upload: input should be an object"]


def test_an_upload_service_where_there_is_none_needs_a_path() -> None:
    with pytest.raises(SettingsWrong) as caught:
        override_wire(TasksWire(), {"upload": {"form": "base64"}}, "wire")
    assert caught.value.problems == ["wire.upload: needs path"]
    made = override_wire(TasksWire(), {"upload": {"path": "/up"}}, "wire").upload
    assert made == UploadWire(path="/up")


def test_what_stands_in_the_place_of_the_preset_can_be_listed() -> None:
    made = configured(
        "tasks",
        wire={
            "size_field": "aspect_ratio",
            "states": {"drawn": "done"},
            "upload": {"path": "/up", "form": "multipart", "fields": {"folder": "easel"}},
            "headers": {"X-Title": "Easel"},
        },
        extra={"seed": 7, "provider": {"only": ["x"]}},
    )
    assert set(made.overrides) == {
        'wire.size_field = "aspect_ratio"',
        'wire.states = {"drawn":"done"}',
        'wire.upload.path = "/up"',
        'wire.upload.form = "multipart"',
        'wire.upload.fields = {"folder":"easel"}',
        "wire.headers: X-Title",
        "extra: seed, provider.only",
    }
    assert configured("images", wire={"reference_item": {"image": "{url}"}}).overrides == (
        'wire.reference_item = {"image":"{url}"}',
    )
    assert configured("tasks").overrides == ()
    assert describe_overrides(ChatWire(), ImagesWire()) == ()


def test_every_value_of_a_preset_beside_its_wire_can_be_set() -> None:
    price = {"text": 5, "image": 10, "output": 40, "factor": 0.5}
    made = configured(
        "images", auth_header="X-Key", auth_prefix="", probe="/ping", probe_proves=False, lists_models=False,
        token_price=price,
    )  # fmt: skip
    assert (made.auth_header, made.auth_prefix, made.probe) == ("X-Key", "", "/ping")
    assert (made.probe_proves, made.lists_models) == (False, False)
    assert made.overrides[:3] == ('auth_header = "X-Key"', 'auth_prefix = ""', 'probe = "/ping"')
    assert made.token_price is not None
    assert made.token_price.output == 40
    assert problems("images", token_price={**price, "factor": "x"}) == [
        "providers.up.token_price.factor: input should be a valid number"
    ]


@pytest.mark.parametrize("preset", PRESETS)
def test_every_field_of_every_wire_is_a_setting(preset: str) -> None:
    """Each field of a preset's wire, written as JSON or TOML has it, is accepted and changes nothing."""
    wire = PRESETS[preset].wire
    given = {each.name: as_json(getattr(wire, each.name)) for each in fields(wire)}
    made = resolve_upstream(name="up", preset=preset, base_url="https://relay.example/v1", wire=given)
    assert (made.wire, made.overrides) == (wire, ())


def as_json(value: object) -> object:
    if isinstance(value, tuple):
        return [as_json(each) for each in cast("tuple[object, ...]", value)]
    if isinstance(value, UploadWire):
        return {each.name: as_json(getattr(value, each.name)) for each in fields(value)}
    if isinstance(value, Mapping):
        return dict(cast("Mapping[str, object]", value))
    return False if value is None else value


# ---------------------------------------------------------------- of one model


def several(models: list[dict[str, Any]], **given: Any) -> tuple[Upstream, ...]:
    return resolve_upstreams(name="up", **{**RELAYS["images"], **given}, models=models)


def test_a_model_has_what_its_provider_sets_and_what_it_sets_itself_before_that() -> None:
    plain, own = several(
        [
            {"name": "gpt-image-2"},
            {
                "name": "gpt-image-1.5",
                "wire": {"partial_images": 1, "headers": {"X-B": "2"}, "reference_item": {"url": "{url}"}},
                "extra": {"provider": {"sort": "price"}, "seed": 8},
                "extra_edits": {"input_fidelity": "high"},
            },
        ],
        wire={
            "partial_images": 0,
            "headers": {"X-A": "1"},
            "n_field": "count",
            "reference_item": {"type": "image", "image": "{url}"},
        },
        extra={"provider": {"only": ["x"]}, "seed": 7, "moderation": "low"},
    )
    assert isinstance(plain.wire, ImagesWire)
    assert isinstance(own.wire, ImagesWire)
    assert (plain.wire.partial_images, own.wire.partial_images) == (0, 1)
    assert (plain.wire.n_field, own.wire.n_field) == ("count", "count")
    assert (dict(plain.wire.headers), dict(own.wire.headers)) == ({"X-A": "1"}, {"X-A": "1", "X-B": "2"})
    assert own.wire.reference_item == {"url": "{url}"}, "no table of options, but one value"
    assert plain.wire.extra == {"provider": {"only": ["x"]}, "seed": 7, "moderation": "low"}
    assert own.wire.extra == {"provider": {"only": ["x"], "sort": "price"}, "seed": 8, "moderation": "low"}
    assert (dict(plain.wire.extra_edits), dict(own.wire.extra_edits)) == ({}, {"input_fidelity": "high"})


def test_a_model_offers_what_its_own_wire_carries() -> None:
    without, with_field = several(
        [{"name": "a", "wire": {"quality_field": ""}}, {"name": "b", "wire": {"tier_field": "tier"}, "tiers": ["2K"]}]
    )
    assert (without.capabilities.qualities, without.capabilities.tiers) == ((), ())
    assert with_field.capabilities.qualities
    assert with_field.capabilities.tiers == ("2K",)


@pytest.mark.parametrize(
    ("provider", "model", "lines"),
    [
        (
            {},
            {"wire": {"n_feild": "x"}},
            ["models.0.wire.n_feild: unknown key; did you mean KEY.models.0.wire.n_field?"],
        ),
        ({"wire": {"n_field": 5}}, {"wire": {"n_field": "n"}}, ["wire.n_field: input should be a valid string"]),
        (
            {"wire": {"colour": 1}},
            {"wire": {"color": 1}},
            ["wire.colour: unknown key", "models.0.wire.color: unknown key"],
        ),
        (
            {},
            {"extra": {"quality": "low"}},
            ["models.0.extra.quality: Easel sends this field itself; its name is KEY.wire.quality_field"],
        ),
        (
            {"extra": {"detail": "low"}},
            {"wire": {"quality_field": "detail"}},
            ["extra.detail: Easel sends this field itself; its name is KEY.models.0.wire.quality_field"],
        ),
        (
            {"wire": {"size_field": "shape"}},
            {"wire": {"quality_field": "shape"}},
            ["models.0.wire.quality_field: shape is the name of size_field already"],
        ),
        (
            {"wire": {"headers": {"X-Team": "a"}}},
            {"wire": {"headers": {"x-team": "b"}}},
            ["wire.headers: names x-team twice"],
        ),
        ({}, {"extra": [1]}, ["models.0.extra: input should be an object"]),
    ],
)
def test_a_mistake_of_a_model_is_told_where_it_stands(
    provider: dict[str, Any], model: dict[str, Any], lines: list[str]
) -> None:
    with pytest.raises(SettingsWrong) as caught:
        several([{"name": "gpt-image-2", **model}], **provider)
    assert caught.value.problems == [f"providers.up.{each.replace('KEY', 'providers.up')}" for each in lines]


@pytest.mark.parametrize("given", [{"preset": "openai"}, {"preset": "azure", "base_url": "http://a.example"}])
def test_no_header_is_sent_with_two_values(given: dict[str, Any]) -> None:
    name = PRESETS[given["preset"]].auth_header
    wire = {"headers": {name.upper(): "other"}}
    assert resolve_upstream(name="up", **given, wire=wire).headers() == {name.upper(): "other"}
    with pytest.raises(SettingsWrong) as caught:
        resolve_upstream(name="up", **given, wire=wire, api_key=SecretStr("sk-1"))
    assert caught.value.problems == [
        f"providers.up.wire.headers: {name} carries the api_key; set auth_header, or no api_key"
    ]
