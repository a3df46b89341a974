"""Settings that contradict each other, or would have no effect, end the start with one line that names the key."""

from typing import Any

import pytest
from pydantic import SecretStr

from bot.errors import SettingsWrong
from bot.providers.presets import resolve_upstreams


def problems(**given: Any) -> list[str]:
    with pytest.raises(SettingsWrong) as caught:
        resolve_upstreams(name="up", **given)
    return caught.value.problems


@pytest.mark.parametrize(
    ("given", "line"),
    [
        (
            {"preset": "acedata", "token_price": {"text": 1, "image": 1, "output": 1, "factor": 1}},
            "token_price: only the dialect images counts tokens; set wire.credits_path",
        ),
        (
            {"preset": "openai", "auth_header": "content-TYPE"},
            "auth_header: Easel sends the header content-TYPE itself",
        ),
        (
            {"preset": "openai", "counts": [2, 4]},
            "counts: must have 1, which is what members ask for who name no number",
        ),
        (
            {
                "preset": "azure",
                "base_url": "http://a.example",
                "api_version": "1",
                "wire": {"query": {"api-version": "2"}},
            },
            "api_version: wire.query has one as well; leave one of them out",
        ),
        (
            {"preset": "openai", "token_price": {"text": -1, "image": 1, "output": 1, "factor": 1}},
            "token_price.text: input should be greater than or equal to 0",
        ),
    ],
)
def test_a_contradiction_is_told_by_its_key(given: dict[str, Any], line: str) -> None:
    assert problems(**given) == [f"providers.up.{line}"]


def test_one_of_a_model_is_told_at_the_model() -> None:
    models = [{"name": "a"}, {"name": "b", "counts": [2]}]
    assert problems(preset="openai", models=models) == [
        "providers.up.models.1.counts: must have 1, which is what members ask for who name no number"
    ]


@pytest.mark.parametrize(
    "given",
    [
        {
            "preset": "openai",
            "usage_rate": 0.1,
            "token_price": {"text": 0, "image": 1, "output": 1, "factor": 1},
            "api_key": SecretStr("k"),
            "wire": {"headers": {"X-Id": "1"}},
        },
        {"preset": "openai", "counts": [1, 3]},
    ],
)
def test_what_has_an_effect_is_taken(given: dict[str, Any]) -> None:
    assert resolve_upstreams(name="up", **given)
