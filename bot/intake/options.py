"""Extracts options from a typed prompt: `--size 3:2`, `--quality high`, `--n 2` and more, however a phone spells them.

Pure: text in, values out. Sizes are resolved by `bot.intake.sizes`; the prompt is found by `bot.intake.parser`.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any

from bot.errors import BadOption, ChooseModel, OneModelOnly, OptionWithoutValue, Refusal, UnknownOption
from bot.intake import sizes
from bot.intake.models import AUTO_MODEL, list_models, matching_models, offered_models
from bot.painting import Capabilities, Options
from bot.pictures.frames import PANS, SHAPE, ZOOMS
from bot.texts.shortening import shorten

_LOSSY_FORMATS = ("jpeg", "webp")  # formats; OpenAI's Images API compresses no other,
_ALPHA_FORMATS = ("png", "webp")  # formats; no other can be transparent
QUOTED_MAX_CHARS = 40  # characters of a mistyped option or value that an error quotes
QUOTED_VALUE_MAX_CHARS = 100  # characters of a value between quotation marks
MAX_COMPRESSION_PERCENT = 100  # per cent, of a JPEG or WebP
_ALIASES = {"jpg": "jpeg"}  # typed value -> the providers' word

_HYPHENS = "\\-\u2010\u2011\u2212\ufe63\uff0d"  # ASCII, hyphen, non-breaking hyphen, minus, small, full-width
_DASHES = "\u2012-\u2015\u2e3a\u2e3b\ufe58"  # figure dash to horizontal bar, long dashes, small em dash
_UNAMBIGUOUS_HYPHENS = "\ufe63\uff0d"  # hyphens that no keyboard gives by accident: a single one starts an option
_QUOTES = "\"'`\u2018-\u201f\u00ab\u00bb\u300c-\u300f\uff02\uff07"
_SPACE = r"[^\S\n]"
_BLANKS = " \t\u00a0\u3000"

# `——` is Chinese punctuation and `—` English: there only a known name, or nearly one, is an option.
_OPTION = re.compile(
    rf"(?P<dashes>[{_HYPHENS}{_DASHES}]{{1,4}}+)(?P<name>[^\W_][\w-]*+)"
    rf"(?:{_SPACE}*+[=\uff1d:\uff1a\u2236]{_SPACE}*+|{_SPACE}*+)"
)
_VALUE = re.compile(
    rf"(?!(?:[{_HYPHENS}]{{2}}|[{_DASHES}{_UNAMBIGUOUS_HYPHENS}])[^\W\d_])"
    rf"(?:[{_QUOTES}](?P<quoted>[^\n{_QUOTES}]{{0,{QUOTED_VALUE_MAX_CHARS}}})[{_QUOTES}]|(?P<plain>\S+))"
)
_SENTENCE_MARKS = ",.;:!?\u2026\u3001\u3002\uff0c\uff1b\uff1a\uff01\uff1f"  # may touch an option on either side
_REFRAMES = ("zoom", "pan", "shape")  # options that need a provider that takes masks
_FLAGS = {"file": "as_file", "loose": "loose"}  # options without a value: the field that each sets
REGION = "region"  # option without a value: the region to change is painted by hand, before anything is spent
_VALUELESS = (*_FLAGS, REGION)
_FOREIGN_OPTIONS = (
    "ar",
    "aspect",
    "chaos",
    "seed",
    "stylize",
    "v",
)  # options of other bots, typed from habit; refused, not painted


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedOption:
    """An option where it stands in a text."""

    name: str
    """Its name, case-folded; there may be no such option."""

    typed_name: str
    """Its dashes and its name as typed."""

    value: str
    """Its value as typed, without quotation marks; empty: it has none."""

    start: int
    """Where it begins in the text, characters."""

    end: int
    """Where what follows it begins."""


@dataclass(frozen=True, slots=True)
class ExtractedOptions:
    """A prompt split from its options."""

    prompt: str
    """The text without the options."""

    options: Options
    """The options; defaults for those that were not typed."""


def extract_options(
    text: str, capabilities: Capabilities, choices: Mapping[str, str] | None = None
) -> ExtractedOptions:
    """Splits every option off `text`. Of a repeated option the last value counts; `choices`, the values of a form by
    option name, come first.

    Raises UnknownOption, OptionWithoutValue, BadOption.
    """
    pieces: list[str] = []  # text around the options
    options, at = Options(), 0
    for name, choice in (choices or {}).items():
        options = _apply_option(options, f"--{name}", name, choice, capabilities)
    for option in find_options(text):
        options = _apply_typed(options, option, capabilities)
        pieces.append(text[at : option.start])
        at = option.end
    pieces.append(text[at:])
    return ExtractedOptions(_join_pieces(pieces), _resolve_format(options, capabilities))


def reframe_words(options: Options) -> str:
    """What stands for the prompt of a request that says only how a picture is to grow: `zoom 1.5`, `shape 16:9`; empty:
    it does not say so."""
    shape = options.size if options.reframe == SHAPE else None
    return " ".join(filter(None, (options.reframe, shape)))


def understood_options(text: str, capabilities: Capabilities) -> Options:
    """As `extract_options` finds them in a text that is still being written: what is not understood is left out."""
    options = Options()
    for option in find_options(text):
        with suppress(Refusal):
            options = _apply_typed(options, option, capabilities)
    return options


def asks_for_region(text: str) -> bool:
    """Whether a text has the option `--region`."""
    return any(option.name == REGION for option in find_options(text))


def without_region(text: str) -> str:
    """A text without the option `--region`, its other options left as they are."""
    pieces: list[str] = []
    at = 0
    for option in find_options(text):
        if option.name == REGION:
            pieces.append(text[at : option.start])
            at = option.end
    return _join_pieces([*pieces, text[at:]]).strip()


def find_options(text: str) -> Iterator[TypedOption]:
    """Every option in a text, in order; also those that there are not."""
    at = 0
    for match in _OPTION.finditer(text):
        name = _normalise(match["name"])
        if match.start() < at or not _is_option(text, match, name):
            continue
        value = None if name in _VALUELESS else _VALUE.match(text, match.end())
        typed = "" if value is None else value["quoted"] if value["plain"] is None else value["plain"]
        at = match.end() if value is None else value.end()
        yield TypedOption(
            name=name, typed_name=match["dashes"] + match["name"], value=typed, start=match.start(), end=at
        )


def _is_option(text: str, match: re.Match[str], name: str) -> bool:
    """Whether a match of _OPTION is an option and not punctuation or part of a word."""
    is_known = name in _PARSERS or name in _VALUELESS
    before = text[match.start() - 1] if match.start() else " "
    if not before.isspace():  # Chinese and Japanese put no space before it
        return is_known and (unicodedata.category(before) == "Lo" or before in _SENTENCE_MARKS)
    dashes = match["dashes"]
    if len(dashes) > 1 and re.fullmatch(rf"[{_HYPHENS}]+", dashes):
        return True
    if re.fullmatch(rf"[{_HYPHENS}]", dashes) and dashes not in _UNAMBIGUOUS_HYPHENS:
        return False
    return (
        is_known or name in _FOREIGN_OPTIONS or bool(get_close_matches(name[:QUOTED_MAX_CHARS], _PARSERS, cutoff=0.75))
    )


def _apply_typed(options: Options, option: TypedOption, capabilities: Capabilities) -> Options:
    """As `_apply_option`, of an option in a text."""
    if option.name == REGION:  # says how the request goes on, not what is painted
        return options
    if option.name in _FLAGS:
        flag: dict[str, Any] = {_FLAGS[option.name]: True}
        return replace(options, **flag)
    return _apply_option(options, option.typed_name, option.name, option.value, capabilities)


def _apply_option(options: Options, typed_name: str, name: str, typed: str, capabilities: Capabilities) -> Options:
    """The options with one more. Raises UnknownOption, OptionWithoutValue, BadOption."""
    allowed = [each for each in _PARSERS if _is_supported(each, capabilities)]
    if name == "model" and name not in allowed:
        raise OneModelOnly
    if name not in allowed:
        general = [each for each in allowed if each not in _REFRAMES]  # those are for requests with a picture
        every = (*general, *(each for each in _FLAGS if each != "loose" or capabilities.max_references_with_mask))
        raise UnknownOption(option=_shorten(typed_name), allowed=", ".join(f"--{each}" for each in every))
    value = _normalise(typed).strip().strip(_SENTENCE_MARKS + "\"'`").strip()
    if not value:
        raise OptionWithoutValue(option=f"--{name}", allowed=_allowed_text(name, capabilities))
    return _PARSERS[name](options, value, capabilities)


def _is_supported(name: str, capabilities: Capabilities) -> bool:
    """Whether any provider supports the option."""
    if name in _REFRAMES and not capabilities.max_references_with_mask:
        return False
    return name == "n" or bool(_offered_values(name, capabilities))


def _offered_values(name: str, capabilities: Capabilities) -> tuple[str, ...]:
    """The values of an option to name to the user; empty: no provider supports it."""
    counts = capabilities.allowed_counts
    is_consecutive = counts == tuple(range(1, len(counts) + 1))
    return {
        "model": tuple(each.name for each in offered_models(capabilities.models)),
        "size": sizes.offered_sizes(capabilities),
        "quality": capabilities.qualities,
        "background": capabilities.backgrounds,
        "format": capabilities.formats,
        "compression": (f"0-{MAX_COMPRESSION_PERCENT}",) if capabilities.supports_compression else (),
        "zoom": ZOOMS,
        "pan": PANS,
        "shape": tuple(each for each in sizes.offered_sizes(capabilities) if _is_shape(each)),
        "n": (f"1-{len(counts)}",) if is_consecutive and len(counts) > 1 else tuple(map(str, counts)),
    }[name]


def _allowed_text(name: str, capabilities: Capabilities) -> str:
    """`_offered_values` in one line, for errors."""
    offered = _offered_values(name, capabilities)
    return list_models(capabilities.models) if name == "model" else ", ".join(offered)


def _parse_size(options: Options, value: str, capabilities: Capabilities, name: str = "size") -> Options:
    """Applies `--size`. Shape and tier may come in one value or in two; each replaces its own earlier value."""
    size, tier = sizes.parse_size_option(value)
    updated = replace(options, size=size or options.size, tier=tier or options.tier)
    if sizes.resolve_size(updated.size, updated.tier, capabilities) is None:
        suggested = ", ".join(sizes.suggest_sizes(value, capabilities))
        raise BadOption(option=f"--{name}", value=_shorten(value), allowed=suggested)
    return replace(updated, size=updated.size and sizes.canonical_size(updated.size, capabilities))


def _parse_model(options: Options, value: str, capabilities: Capabilities) -> Options:
    found = matching_models(value, capabilities.models)
    if not found and value == AUTO_MODEL:
        return replace(options, model="")
    if len(found) != 1:
        raise ChooseModel(value=_shorten(value), allowed=list_models(found or capabilities.models))
    return replace(options, model=found[0].name)


def _choice_parser(name: str) -> Callable[[Options, str, Capabilities], Options]:
    """A parser of an option whose values are words listed by the providers."""

    def parse(options: Options, value: str, capabilities: Capabilities) -> Options:
        for word in _offered_values(name, capabilities):
            if word.casefold() == _ALIASES.get(value, value):
                changes: dict[str, Any] = {name: word}
                return replace(options, **changes)
        raise BadOption(option=f"--{name}", value=_shorten(value), allowed=_allowed_text(name, capabilities))

    return parse


def _parse_compression(options: Options, value: str, capabilities: Capabilities) -> Options:
    if re.fullmatch(r"\d{1,3}%?", value) and int(value.rstrip("%")) <= MAX_COMPRESSION_PERCENT:
        return replace(options, compression=int(value.rstrip("%")))
    raise BadOption(option="--compression", value=_shorten(value), allowed=_allowed_text("compression", capabilities))


def _resolve_format(options: Options, capabilities: Capabilities) -> Options:
    """The options with a format that supports compression and background; if none was typed, the first that does.

    Raises BadOption when the typed one does not.
    """
    supported = [
        each
        for each in capabilities.formats
        if (options.compression is None or each in _LOSSY_FORMATS)
        and (options.background != "transparent" or each in _ALPHA_FORMATS)
    ]
    if options.format is not None and options.format not in supported:
        raise BadOption(option="--format", value=options.format, allowed=", ".join(supported))
    if options.compression is not None and options.format is None and supported:
        return replace(options, format=supported[0])
    return options


def _parse_zoom(options: Options, value: str, capabilities: Capabilities) -> Options:
    factor = value.strip("x×").replace(",", ".").removesuffix(".0")
    if factor not in ZOOMS:
        raise BadOption(option="--zoom", value=_shorten(value), allowed=_allowed_text("zoom", capabilities))
    return replace(options, reframe=f"zoom {factor}")


def _parse_pan(options: Options, value: str, capabilities: Capabilities) -> Options:
    if value not in PANS:
        raise BadOption(option="--pan", value=_shorten(value), allowed=_allowed_text("pan", capabilities))
    return replace(options, reframe=f"pan {value}")


def _parse_shape(options: Options, value: str, capabilities: Capabilities) -> Options:
    """Applies `--shape`: the canvas grows to what `--size` would be, and nothing of the picture is cut off."""
    if not sizes.ratio_of(sizes.parse_size_option(value)[0] or ""):
        raise BadOption(option="--shape", value=_shorten(value), allowed=_allowed_text("shape", capabilities))
    return replace(_parse_size(options, value, capabilities, "shape"), reframe=SHAPE)


def _is_shape(size: str) -> bool:
    return sizes.ratio_of(size) is not None and not sizes.pixels_of(size)


def _parse_count(options: Options, value: str, capabilities: Capabilities) -> Options:
    if re.fullmatch(r"\d{1,4}", value) and int(value) in capabilities.allowed_counts:
        return replace(options, n=int(value))
    raise BadOption(option="--n", value=_shorten(value), allowed=_allowed_text("n", capabilities))


_PARSERS: dict[str, Callable[[Options, str, Capabilities], Options]] = {
    "model": _parse_model,
    "size": _parse_size,
    "quality": _choice_parser("quality"),
    "background": _choice_parser("background"),
    "format": _choice_parser("format"),
    "compression": _parse_compression,
    "n": _parse_count,
    "zoom": _parse_zoom,
    "pan": _parse_pan,
    "shape": _parse_shape,
}


def _normalise(text: str) -> str:
    """NFKC, case-folded: full-width letters, digits and colons become ASCII."""
    return unicodedata.normalize("NFKC", text).casefold()


def _shorten(text: str) -> str:
    """The text cut to QUOTED_MAX_CHARS."""
    return shorten(text, QUOTED_MAX_CHARS)


def _join_pieces(pieces: list[str]) -> str:
    """Joins the text around the options, with one space or the line break between."""
    joined = ""
    for piece in pieces:
        left, right = joined.rstrip(_BLANKS), piece.lstrip(_BLANKS)
        joined = left + (" " if left and right and "\n" not in (left[-1], right[0]) else "") + right
    return joined
