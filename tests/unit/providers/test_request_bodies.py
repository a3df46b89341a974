"""No combination of options reaches a wire that cannot carry it: it is refused in words before anything is sent, or all
that was chosen stands in the request.

Every preset and every family of models, with whatever an operator sets in their place; the real builders of requests.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from bot.errors import SettingsWrong
from bot.intake.sizes import offered_sizes, resolve_request_size
from bot.painting import Capabilities, Image, Options, PaintRequest
from bot.providers.chat.request import encode_request as encode_chat
from bot.providers.chat.request import prompt_with_options
from bot.providers.http.payload import Base64, Payload
from bot.providers.images.request import encode_request as encode_images
from bot.providers.images.request import request_url
from bot.providers.presets import DIALECTS, PRESETS, ChatWire, ImagesWire, TasksWire, Upstream, resolve_upstream
from bot.providers.requirements import can_satisfy, merge_capabilities, requirements_of
from bot.providers.tasks.request import encode_submission
from tests.support.examples import examples

PICTURE = Image(data=b"\x89PNG picture", media_type="image/png", width=300, height=200)
OPTIONS = ("size", "tier", "quality", "background", "format", "compression")
TABLES = [*((name, preset) for name, preset in PRESETS.items()), *((name, preset) for name, preset in DIALECTS.items())]
FAMILIES = sorted(
    {family for _, preset in TABLES for rule in preset.models for family in rule.families} | {"unheard-of"}
)


# ---------------------------------------------------------------- what operators and members may say


@st.composite
def upstreams(draw: st.DrawFn) -> Upstream:
    """A provider as an operator may have configured it. Settings that contradict each other are refused in words."""
    given: dict[str, Any] = {"name": "up", "base_url": "https://relay.example/v1"}
    if draw(st.booleans()):
        given["preset"] = draw(st.sampled_from(sorted(PRESETS)))
        dialect = PRESETS[given["preset"]].dialect
    else:
        given["dialect"] = dialect = draw(st.sampled_from(sorted(DIALECTS)))
    given["model"] = draw(st.sampled_from(FAMILIES))
    given |= draw(
        st.fixed_dictionaries(
            {},
            optional={
                "sizes": st.lists(st.sampled_from(["auto", "1:1", "3:2", "1024x1024", "1536x1024"]), max_size=3),
                "tiers": st.lists(st.sampled_from(["1K", "2k", "4K"]), max_size=3),
                "qualities": st.lists(st.sampled_from(["low", "high"]), max_size=2),
                "backgrounds": st.lists(st.sampled_from(["transparent", "opaque"]), max_size=2),
                "formats": st.lists(st.sampled_from(["png", "jpeg", "webp"]), max_size=3),
                "max_n": st.integers(1, 4),
                "max_references": st.integers(0, 4),
                "masks": st.booleans(),
                "stream": st.booleans(),
                "extra": st.sampled_from([{"seed": 7}, {"input": {"seed": 7}}, {"quality": "low"}]),
                "extra_edits": st.sampled_from([{"fidelity": "high"}, {"input": {"seed": 8}}]),
            },
        )
    )
    given["wire"] = draw(wire_settings(dialect))
    problems: list[str] = []
    try:
        return resolve_upstream(**given)
    except SettingsWrong as refused:
        problems = refused.problems
    event("the operator is told")
    assert all(line.startswith("providers.up.") and ": " in line for line in problems), problems
    return resolve_upstream(name="up", preset=given.get("preset"), dialect=given.get("dialect"), base_url="https://x.y")


def wire_settings(dialect: str) -> st.SearchStrategy[dict[str, Any]]:
    def names(option: str) -> st.SearchStrategy[str]:
        return st.sampled_from(["", f"my_{option}", f"input.{option}"])

    own: dict[str, dict[str, st.SearchStrategy[Any]]] = {
        "chat": {
            "prompt_size_suffix": st.sampled_from(["", "\nSize: {size}"]),
            "prompt_quality_suffix": st.sampled_from(["", "\nQuality: {quality}"]),
            "modalities": st.sampled_from([[], ["image"]]),
        },
        "tasks": {
            "n_field": names("n"),
            "references_field": names("pictures"),
            "mask_field": names("mask"),
            "single_reference": st.booleans(),
            "prompt_field": st.just("input.prompt"),
        },
        "images": {
            "n_field": names("n"),
            "edits": st.sampled_from(["", "/edits"]),
            "edits_form": st.sampled_from(["multipart", "json"]),
            "image_field": st.sampled_from(["image", "images"]),
            "mask_field": st.sampled_from(["", "my_mask"]),
            "single_reference": st.booleans(),
            "reference_item": st.just({"image_url": {"url": "{url}"}}),
        },
    }
    optional = {f"{option}_field": names(option) for option in OPTIONS} | own[dialect]
    optional["defaults"] = st.sampled_from([{"quality": "low"}, {"size": "auto"}, {"format": "png"}])
    optional["spellings"] = st.just({"jpeg": "jpg", "high": "hd"})
    return st.fixed_dictionaries({}, optional=optional)


@st.composite
def requests(draw: st.DrawFn, able: Capabilities) -> PaintRequest:
    """A request as members make it: mostly of what is offered, sometimes of what is not."""

    is_wild = draw(st.sampled_from([False, False, False, True]))

    def one_of(offered: Sequence[Any], *others: Any) -> Any:
        return draw(st.sampled_from([None, *offered, *(others if is_wild else ())]))

    size = one_of(offered_sizes(able)[:6], "1024x1024", "1280x720", "7:1")
    if size is not None and re.fullmatch(r"\d+K", size):
        size = None  # a tier, which the parser makes the other option
    references = draw(st.integers(0, min(able.max_references, 3) + is_wild))
    takes_mask = references and ((able.supports_masks and references <= able.max_masked_references) or is_wild)
    options = Options(
        size=size,
        tier=one_of(able.tiers, "2K"),
        quality=one_of(able.qualities, "high"),
        background=one_of(able.backgrounds, "transparent"),
        format=one_of(able.formats, "webp"),
        compression=one_of([80] if able.supports_compression else [], 50),
        n=draw(st.sampled_from([*able.allowed_counts, *([2] if is_wild else [])])),
        model=one_of([each.name for each in able.models]),
    )
    mask = PICTURE if takes_mask and draw(st.booleans()) else None
    return PaintRequest(prompt="a fox", references=(PICTURE,) * references, mask=mask, options=options)


# ---------------------------------------------------------------- what stands in a request


def body_of(request: PaintRequest, upstream: Upstream) -> Mapping[str, list[str]]:
    """The values of a request's body by their names with dots; the address as `url`."""
    match upstream.wire:
        case ChatWire() as wire:
            prompt = prompt_with_options(request, upstream, wire)
            return {"url": [upstream.endpoint(wire.path)], **read_payload(encode_chat(prompt, request, upstream, wire))}
        case TasksWire() as wire:
            body = encode_submission(
                request,
                upstream,
                wire,
                references=[f"https://files.example/{at}" for at in range(len(request.references))],
                mask="https://files.example/mask" if request.mask else None,
                callback="https://easel.example/callbacks/x",
            )
            return {"url": [upstream.endpoint(wire.submit)], **flattened(body)}
        case ImagesWire() as wire:
            return {
                "url": [request_url(request, upstream, wire)],
                **read_payload(encode_images(request, upstream, wire)),
            }


def read_payload(payload: Payload) -> Mapping[str, list[str]]:
    raw = b"".join(b"DATA" if isinstance(each, Base64) else each for each in payload.pieces)
    if payload.media_type == "application/json":
        return flattened(json.loads(raw))
    found: dict[str, list[str]] = {}
    for part in raw.split(b"\r\n--"):
        if named := re.search(
            rb'name="([^"]+)"(?:; filename=[^\r]*)?\r\n(?:Content-Type[^\r]*\r\n)?\r\n(.*)', part, re.DOTALL
        ):
            name = re.sub(r"\[([^\]]+)\]", r".\1", named[1].decode())
            found.setdefault(name, []).append(named[2].decode(errors="replace"))
    return found


def flattened(document: Mapping[str, object]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in leaves(document, ""):
        found.setdefault(name, []).append(value)
    return found


def leaves(value: object, name: str) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        for key, each in cast("Mapping[str, object]", value).items():
            yield from leaves(each, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from leaves(each, name)
    else:
        yield name, str(value)


def missing(request: PaintRequest, upstream: Upstream) -> list[str]:
    """What was chosen and does not stand in the request."""
    wire, body, options = upstream.wire, body_of(request, upstream), request.options
    size = resolve_request_size(request, upstream.capabilities)
    chosen = {
        "size": size.size,
        "tier": size.tier,
        "quality": options.quality,
        "background": options.background,
        "format": options.format,
        "compression": options.compression,
    }
    text = " ".join(value for name, values in body.items() if name.endswith("text") for value in values)
    spelled = {
        option: wire.spellings.get(str(value), str(value)) for option, value in chosen.items() if value is not None
    }
    lacking = [
        option
        for option, value in spelled.items()
        if value not in body.get(getattr(wire, f"{option}_field"), [])
        and f"{option}: {value}".casefold() not in text.casefold()
    ]
    if (options.size or options.tier) and not (size.size or size.tier):
        lacking.append("any size")
    if options.tier and not size.tier and not re.fullmatch(r"\d+x\d+", size.size or ""):
        lacking.append("the tier")
    if not isinstance(wire, ChatWire):  # there each picture is a request of its own
        lacking += ["n"] if options.n > 1 and body.get(wire.n_field) != [str(options.n)] else []
    if not any(upstream.model in value for value in [*body["url"], *body.get("model", [])]):
        lacking.append("model")
    pictures = sum(
        "files.example" in value or "DATA" in value or "PNG" in value for each in body.values() for value in each
    )
    if pictures != len(request.references) + (request.mask is not None):
        lacking.append("pictures")
    return lacking


@settings(max_examples=examples(200), suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_what_was_chosen_is_refused_or_stands_in_the_request(data: st.DataObject) -> None:
    upstream = data.draw(upstreams())
    request = data.draw(requests(upstream.capabilities))
    if not can_satisfy(upstream.capabilities, requirements_of(request)):
        event("the member is told")
        assert str(requirements_of(request))
        return
    event("sent")
    assert missing(request, upstream) == []


@pytest.mark.parametrize("name", [*PRESETS, *DIALECTS])
def test_all_that_a_preset_offers_reaches_its_wire(name: str) -> None:
    """Each single option of each family of models."""
    kind = "preset" if name in PRESETS else "dialect"
    table = PRESETS.get(name) or DIALECTS[name]
    for family in (family for rule in table.models for family in rule.families):
        upstream = resolve_upstream(name="up", base_url="https://x.example", model=family, **cast("Any", {kind: name}))
        able = upstream.capabilities
        chosen = [Options(size=each) for each in offered_sizes(able) if not re.fullmatch(r"\d+K", each)]
        chosen += [Options(tier=each) for each in able.tiers]
        chosen += [Options(quality=each) for each in able.qualities]
        chosen += [Options(background=each) for each in able.backgrounds]
        chosen += [Options(format=each) for each in able.formats]
        chosen += [Options(n=each) for each in able.allowed_counts]
        for options in chosen:
            request = PaintRequest(prompt="a fox", options=options)
            assert can_satisfy(able, requirements_of(request)), (family, options)
            assert missing(request, upstream) == [], (family, options)
        edit = PaintRequest(prompt="a fox", references=(PICTURE,) * able.max_references)
        assert missing(edit, upstream) == [], family


@pytest.mark.parametrize("name", PRESETS)
@pytest.mark.parametrize(
    ("lost", "without"),
    [
        ({"size_field": "", "prompt_size_suffix": ""}, {"sizes": (), "size_rules": ()}),
        ({"tier_field": ""}, {"tiers": ()}),
        ({"quality_field": "", "prompt_quality_suffix": ""}, {"qualities": ()}),
        ({"background_field": ""}, {"backgrounds": ()}),
        ({"format_field": ""}, {"formats": ()}),
        ({"compression_field": ""}, {"supports_compression": False}),
        ({"n_field": ""}, {"allowed_counts": (1,)}),
        ({"mask_field": ""}, {"supports_masks": False}),
        ({"references_field": ""}, {"max_references": 0, "supports_masks": False}),
        ({"edits": ""}, {"max_references": 0, "supports_masks": False}),
    ],
)
def test_what_a_wire_loses_is_not_offered(name: str, lost: dict[str, str], without: dict[str, object]) -> None:
    preset = PRESETS[name]
    wire = {key: value for key, value in lost.items() if hasattr(preset.wire, key)}
    for family in (rule.families[0] for rule in preset.models if wire):
        able = resolve_upstream(
            name="up", preset=name, base_url="https://x.example", model=family, wire=wire
        ).capabilities
        assert {key: getattr(able, key) for key in without} == without
        assert merge_capabilities([able])  # what members' options are parsed by


def test_a_tier_that_needs_a_size_goes_alone_where_there_is_none() -> None:
    upstream = resolve_upstream(name="up", preset="evolink", model="gpt-image-2", wire={"size_field": ""})
    assert missing(PaintRequest(prompt="a fox", options=Options(tier="2K")), upstream) == []
