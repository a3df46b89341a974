"""Looks up user-visible texts: the only place that turns a Fluent message id into a sentence.

`en.ftl` is the reference: a message missing in another locale falls back to it; a test checks that none is missing.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import ast

from bot.errors import EaselError, MessageArgument

LOCALES = ("en", "zh", "ru")
"""Locales with a Fluent file."""

_POP, _POP_ISOLATE = "\u202c", "\u2069"  # closes a bidi embedding or override, and a bidi isolate (UAX #9)
_BIDI_CLOSERS = dict.fromkeys("\u202a\u202b\u202d\u202e", _POP) | dict.fromkeys("\u2066\u2067\u2068", _POP_ISOLATE)


def negotiate_locale(language_tag: str | None, fallback: str = "en") -> str:
    """The one of LOCALES whose language is that of a platform's tag (`zh-Hans`, `ru_RU`), else `fallback`."""
    language = (language_tag or "").replace("_", "-").split("-")[0].lower()
    return language if language in LOCALES else fallback


@cache
def load_bundle(locale: str) -> FluentBundle:
    """The parsed messages of one of LOCALES. Blocking at the first call for a locale."""
    # isolation marks would end up in what users copy
    bundle = FluentBundle([locale, "en"], use_isolating=False)
    bundle.add_resource(FluentResource(files("bot.texts").joinpath(f"{locale}.ftl").read_text(encoding="utf-8")))
    return bundle


def preload_locales() -> None:
    """Loads every file that `translate` needs, so that no later call blocks. Blocking: call it in a worker thread."""
    for locale in LOCALES:
        translate(locale, "answer-cancelled", count=1)  # a number and a plural, which load the locale's own data


def translate(locale: str, key: str, **arguments: MessageArgument) -> str:
    """The message `key` in `locale`. A missing message or argument is a programming error.

    Raises KeyError for an unknown key, and Fluent's own error for a missing argument.
    """
    return _format_message(locale, key, arguments) if arguments else _cached_message(locale, key)


@cache
def _cached_message(locale: str, key: str) -> str:
    return _format_message(locale, key, {})


def _format_message(locale: str, key: str, arguments: Mapping[str, MessageArgument]) -> str:
    for bundle in (load_bundle(locale), load_bundle("en")):
        if bundle.has_message(key) and (pattern := bundle.get_message(key).value) is not None:
            closed = {name: close_bidi(value) if isinstance(value, str) else value for name, value in arguments.items()}
            text, errors = bundle.format_pattern(pattern, closed)
            if errors:
                raise errors[0]
            return str(text)
    raise KeyError(key)


def close_bidi(text: str) -> str:
    """The text with every bidi embedding, override and isolate closed, so that foreign text cannot reverse what follows
    it."""
    if text.isascii():
        return text
    pending: list[str] = []  # closers of what is open, innermost last
    for character in text:
        if character in _BIDI_CLOSERS:
            pending.append(_BIDI_CLOSERS[character])
        elif character == _POP and pending[-1:] == [_POP]:
            pending.pop()
        elif character == _POP_ISOLATE and _POP_ISOLATE in pending:  # closes what was opened within it, too
            while pending.pop() != _POP_ISOLATE:
                pass
    return text + "".join(reversed(pending))


def messages_with_prefix(locale: str, prefix: str) -> dict[str, str]:
    """All messages without arguments whose id starts with `prefix`, in `locale`, by id."""
    entries = FluentResource(files("bot.texts").joinpath("en.ftl").read_text(encoding="utf-8")).body
    keys = [entry.id.name for entry in entries if isinstance(entry, ast.Message)]
    return {key: translate(locale, key) for key in keys if key.startswith(prefix)}


def translate_error(locale: str, error: EaselError) -> str:
    """The sentence that describes a failure to the user."""
    return translate(locale, error.key, **error.facts)
