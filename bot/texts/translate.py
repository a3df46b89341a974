"""Looks up user-visible texts: the only place that turns a Fluent message id into a sentence.

`en.ftl` is the reference: a message missing in another locale falls back to it; a test checks that none is missing.
Every fact is cleaned and cut here before it enters a sentence, so that no value of one can keep it from being built,
or from being sent.
"""

import logging
from collections.abc import Mapping
from functools import cache, lru_cache
from importlib.resources import files

import regex
from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import ast

from bot.errors import EaselError, MessageArgument
from bot.observability.metrics import TEXT_FAILURES
from bot.texts.characters import strip_control_chars
from bot.texts.shortening import shorten

log = logging.getLogger(__name__)

LOCALES = ("en", "zh", "ru")
"""Locales with a Fluent file."""

# Characters of one fact inside a sentence. Fluent refuses a placeable of more than 2,500; with two such facts a
# sentence still fits one message of each platform, even when each character is escaped.
MAX_FACT_CHARS = 500
MAX_NUMBER = 10**15  # from there on no count of ours; infinity has no digits

# Families of messages about what ended without costing anything, whose stand-in says so.
_FREE_OF_CHARGE = ("error-", "refusal-", "failed-")

MAX_LANGUAGE_TAGS = 500  # remembered; users' clients send any text as theirs, Discord's command texts ask for 31

_POP, _POP_ISOLATE = "\u202c", "\u2069"  # closes a bidi embedding or override, and a bidi isolate (UAX #9)
_FIRST_STRONG_ISOLATE = "\u2068"
_RIGHT_TO_LEFT = regex.compile(r"[\p{Bidi_Class=R}\p{Bidi_Class=AL}]")
_BIDI_CLOSERS = dict.fromkeys("\u202a\u202b\u202d\u202e", _POP) | dict.fromkeys("\u2066\u2067\u2068", _POP_ISOLATE)


@lru_cache(maxsize=MAX_LANGUAGE_TAGS)
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


def translate(locale: str, key: str, /, **arguments: MessageArgument) -> str:
    """The message `key` in `locale`, or English for a locale that is none of LOCALES.

    No value of an argument can break the sentence: a text loses its control characters and is cut to MAX_FACT_CHARS,
    a number beyond MAX_NUMBER is shown as that. A missing message or argument is a programming error. Raises KeyError
    for an unknown key, and Fluent's own error for a missing argument.
    """
    known = locale if locale in LOCALES else "en"
    return _format_message(known, key, arguments) if arguments else _cached_message(known, key)


def translate_or_replace(locale: str, key: str, facts: Mapping[str, MessageArgument]) -> str:
    """As `translate`, of a key and facts that were stored or raised elsewhere. Raises nothing: a sentence that cannot
    be built, such as one of another version's, is logged and replaced by a general one."""
    try:
        return translate(locale, key, **facts)
    except Exception as failed:
        TEXT_FAILURES.inc()
        log.error("text %s not built in %s: %s", key, locale, type(failed).__name__)  # without facts: they are private
        return translate(locale, "error-internal" if key.startswith(_FREE_OF_CHARGE) else "error-text")


def translate_error(locale: str, error: EaselError) -> str:
    """The sentence that describes a failure to the user. Raises nothing."""
    return translate_or_replace(locale, error.key, error.facts)


@cache
def _cached_message(locale: str, key: str) -> str:
    return _format_message(locale, key, {})


def _format_message(locale: str, key: str, arguments: Mapping[str, MessageArgument]) -> str:
    for bundle in (load_bundle(locale), load_bundle("en")):
        if bundle.has_message(key) and (pattern := bundle.get_message(key).value) is not None:
            facts = {name: _displayable(value) for name, value in arguments.items()}
            text, errors = bundle.format_pattern(pattern, facts)
            if errors:
                raise errors[0]
            return str(text)
    raise KeyError(key)


def _displayable(fact: MessageArgument) -> MessageArgument:
    """A fact as it enters a sentence."""
    if isinstance(fact, str):
        short = shorten(strip_control_chars(fact), MAX_FACT_CHARS)
        return isolate_bidi(close_bidi(short))  # after the cut, which may take the closing mark away
    return min(MAX_NUMBER, max(-MAX_NUMBER, fact)) if fact == fact else 0  # NaN, which no plural rule takes


def isolate_bidi(text: str) -> str:
    """A text that is read from right to left, kept apart from the words around it: they stay in their order, whatever
    their own direction. Any other text is returned as it is."""
    return f"{_FIRST_STRONG_ISOLATE}{text}{_POP_ISOLATE}" if _RIGHT_TO_LEFT.search(text) else text


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
