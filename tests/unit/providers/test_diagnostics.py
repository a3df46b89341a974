"""Hints for the operator where preset and address do not fit."""

import pytest

from bot.errors import WrongEndpoint, WrongModel
from bot.providers.diagnostics import endpoint_hint, endpoint_hints, preset_for_url
from bot.providers.presets import PRESETS, resolve_upstream


@pytest.mark.parametrize(
    ("url", "preset"),
    [(preset.base_url, name) for name, preset in PRESETS.items() if preset.base_url]
    + [
        ("https://eu.api.evolink.ai/v1", "evolink"),
        ("https://my-resource.openai.azure.com", "azure"),
        ("https://evilevolink.ai", None),
        ("http://127.0.0.1:1", None),
        ("nonsense", None),
    ],
)
def test_preset_of_an_address(url: str, preset: str | None) -> None:
    assert preset_for_url(url) == preset


@pytest.mark.parametrize(
    ("settings", "error_text", "words"),
    [
        (
            {"preset": "relay", "base_url": "https://toapis.com/v1"},
            "",
            'toapis.com is the upstream of preset = "toapis"',
        ),
        ({"dialect": "tasks", "base_url": "https://api.openai.com/v1"}, "", 'of preset = "openai"'),
        (
            {"preset": "relay", "base_url": "http://127.0.0.1:1"},
            "invalid apitype: -1",
            'preset = "toapis" or "evolink"',
        ),
        ({"preset": "toapis"}, "invalid api type: -1", "gpt-4o-image is not painted at this endpoint"),
        ({"preset": "evolink"}, "HTTP 404", 'try dialect = "chat", "images"'),
    ],
)
def test_hint_says_what_to_change(settings: dict[str, str], error_text: str, words: str) -> None:
    upstream = resolve_upstream(name="up", **settings)  # type: ignore[arg-type]  # as settings do
    assert words in endpoint_hint(upstream, error_text)
    with pytest.raises(WrongEndpoint) as caught, endpoint_hints(upstream):
        raise WrongEndpoint(trace="t", detail=error_text)
    assert caught.value.trace == "t"
    assert words in str(caught.value.detail)


@pytest.mark.parametrize(
    ("settings", "error_text"),
    [
        (
            {"preset": "azure", "base_url": "https://my.openai.azure.com", "model": "paint"},
            "HTTP 404 Resource not found",
        ),
        ({"dialect": "tasks", "base_url": "http://127.0.0.1:1", "wire": {"submit": "/{model}"}}, "HTTP 404"),
        ({"dialect": "chat", "base_url": "http://127.0.0.1:1", "wire": {"path": "/{model}/chat"}}, "HTTP 404"),
        ({"preset": "openai", "model": "gpt-image-9"}, "HTTP 404 there is no GPT-image-9 here"),
    ],
)
def test_what_is_not_found_for_a_models_name_concerns_that_model(settings: dict[str, str], error_text: str) -> None:
    upstream = resolve_upstream(name="up", **settings)  # type: ignore[arg-type]  # as settings do
    with pytest.raises(WrongModel), endpoint_hints(upstream):
        raise WrongEndpoint(detail=error_text)
