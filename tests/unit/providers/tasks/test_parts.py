"""The pure parts of the tasks dialect: pauses, addresses, places in documents, hints for operators."""

import itertools
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import WrongEndpoint
from bot.painting import Usage
from bot.providers.diagnostics import endpoint_hint, endpoint_hints, preset_for_url
from bot.providers.presets import PRESETS, TaskState, TasksWire, join_url, resolve
from bot.providers.tasks.request import MAX_JITTER, poll_pauses
from bot.providers.tasks.response import parse_task, value_at

WIRE = TasksWire()


@given(
    jitter=st.floats(0, 1, exclude_max=True),
    growth=st.floats(1, 3),
    cap=st.floats(3, 120),
    first=st.floats(0.5, 10),
)
def test_pauses_grow_gently_up_to_the_cap(jitter: float, growth: float, cap: float, first: float) -> None:
    wire = TasksWire(first_poll_s=first, poll_s=3, poll_growth=growth, poll_cap_s=cap)
    begun, *then = itertools.islice(poll_pauses(wire, lambda: jitter), 30)
    assert first <= begun <= first * (1 + MAX_JITTER)
    assert then == sorted(then)
    assert all(3 <= each <= cap * (1 + MAX_JITTER) for each in then)


def test_going_on_begins_at_once() -> None:
    assert list(itertools.islice(poll_pauses(WIRE, float, at_once=True), 3)) == pytest.approx([0.0, 3.0, 3.6])


@pytest.mark.parametrize(
    ("base", "path", "address"),
    [
        ("https://toapis.com", "/v1/images/generations", "https://toapis.com/v1/images/generations"),
        ("https://toapis.com/v1", "/v1/images/generations", "https://toapis.com/v1/images/generations"),
        ("https://toapis.com/v1/", "/v1/images/generations", "https://toapis.com/v1/images/generations"),
        (
            "https://toapis.com/v1/images/generations",
            "/v1/images/generations",
            "https://toapis.com/v1/images/generations",
        ),
        ("https://relay.example/api/v1", "/api/v1/x", "https://relay.example/api/v1/x"),
        ("https://relay.example/v1", "/v2/x", "https://relay.example/v1/v2/x"),
        ("https://images", "/images/x", "https://images/images/x"),
    ],
)
def test_what_both_name_stands_once(base: str, path: str, address: str) -> None:
    assert join_url(base, path) == address


DOCUMENT = {"data": {"urls": ["a", "b"], "n": 0}, "3": "three"}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ((), DOCUMENT),
        (("data", "urls", 0), "a"),
        (("data", "urls", -1), "b"),
        (("data", "urls", 2), None),
        (("data", "urls", "x"), None),
        (("data", 0), None),
        (("data", "n"), 0),
        (("nothing", "there"), None),
        (("3",), "three"),
    ],
)
def test_places_in_a_document(path: tuple[str | int, ...], found: object) -> None:
    assert value_at(DOCUMENT, path) == found


@pytest.mark.parametrize(
    ("told", "percent"),
    [
        (0, 0.0),
        (48, 48.0),
        (48.5, 48.5),
        ("48", 48.0),
        (" 48% ", 48.0),
        (-1, 0.0),
        (250, 100.0),
        ("NaN", None),
        (None, None),
        ("soon", None),
        (True, None),
        ([1], None),
        ({"percent": 1}, None),
        (10**400, None),
        (float("inf"), None),
    ],
)
def test_progress_is_a_percentage_or_nothing(told: object, percent: float | None) -> None:
    assert parse_task({"id": "t", "progress": told}, WIRE).progress == percent


def test_a_fraction_becomes_a_percentage_where_the_preset_says_so() -> None:
    wire = replace(WIRE, progress_scale=100.0)
    assert parse_task({"id": "t", "progress": "0.48"}, wire).progress == 48.0


def test_states_may_be_numbers() -> None:
    wire = replace(
        WIRE,
        status_paths=(("data", "successFlag"),),
        result_paths=(("data", "response", "resultUrls"),),
        states={"0": TaskState.WORKING, "1": TaskState.DONE},
    )
    told = parse_task({"data": {"successFlag": 1, "response": {"resultUrls": ["https://a.example/1"]}}}, wire)
    assert (told.state, told.image_urls) == (TaskState.DONE, ("https://a.example/1",))
    assert parse_task({"data": {"successFlag": 0}}, wire).state is TaskState.WORKING


@pytest.mark.parametrize("document", [None, 7, "text", [], {}, {"id": {}, "status": [], "results": {"url": 7}}])
def test_unknown_shapes_carry_nothing(document: object) -> None:
    told = parse_task(document, WIRE)
    assert (told.id, told.state, told.image_urls, told.request_error) == (None, TaskState.WORKING, (), None)


def test_usage_with_and_without_credits() -> None:
    wire = replace(WIRE, credits_path=("usage", "credits_reserved"))
    counts = {"credits_reserved": 1.5}
    assert parse_task({"id": "t", "usage": counts}, wire).usage == Usage(counts, credits=1.5)
    assert parse_task({"id": "t", "usage": {"credits_reserved": "?"}}, wire).usage == Usage({"credits_reserved": "?"})
    assert parse_task({"id": "t", "usage": counts}, WIRE).usage == Usage(counts)
    assert parse_task({"id": "t", "usage": {}}, wire).usage is None


# ---------------------------------------------------------------- hints


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
def test_whose_address_it_is(url: str, preset: str | None) -> None:
    assert preset_for_url(url) == preset


@pytest.mark.parametrize(
    ("settings", "said", "words"),
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
def test_an_operator_is_told_what_to_change(settings: dict[str, str], said: str, words: str) -> None:
    upstream = resolve(name="up", **settings)  # type: ignore[arg-type]  # as settings do
    assert words in endpoint_hint(upstream, said)
    with pytest.raises(WrongEndpoint) as caught, endpoint_hints(upstream):
        raise WrongEndpoint(trace="t", detail=said)
    assert caught.value.trace == "t"
    assert words in str(caught.value.detail)
