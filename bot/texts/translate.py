"""The words of Easel in each language. The only place that turns a message id into a sentence.

`en.ftl` is the reference: a message missing elsewhere falls back to it, and a test sees that none is missing.
"""

from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import ast

from bot.errors import EaselError, MessageArgument

LOCALES = ("en", "zh", "ru")

_POP, _POP_ISOLATE = "\u202c", "\u2069"  # what closes an embedding or override of direction, and an isolate
_BIDI_CLOSERS = dict.fromkeys("\u202a\u202b\u202d\u202e", _POP) | dict.fromkeys("\u2066\u2067\u2068", _POP_ISOLATE)


def negotiate_locale(language_tag: str | None, fallback: str = "en") -> str:
    """The locale of ours that fits a platform's language tag (`zh-Hans`, `ru_RU`), else `fallback`."""
    language = (language_tag or "").replace("_", "-").split("-")[0].lower()
    return language if language in LOCALES else fallback


@cache
def load_bundle(locale: str) -> FluentBundle:
    """The parsed messages of one of LOCALES."""
    # isolation marks would end up in what members copy
    made = FluentBundle([locale, "en"], use_isolating=False)
    made.add_resource(FluentResource(files("bot.texts").joinpath(f"{locale}.ftl").read_text(encoding="utf-8")))
    return made


def preload_locales() -> None:
    """Reads every file that the words need, so that no later sentence does: for a worker thread, at the start."""
    for locale in LOCALES:
        translate(locale, "answer-cancelled", count=1)  # a number and a plural: these read the language's own data


def translate(locale: str, key: str, **facts: MessageArgument) -> str:
    """The message `key` in `locale`. A missing message or fact is a programming error and raises."""
    return _format_message(locale, key, facts) if facts else _cached_message(locale, key)


@cache
def _cached_message(locale: str, key: str) -> str:
    return _format_message(locale, key, {})


def _format_message(locale: str, key: str, facts: Mapping[str, MessageArgument]) -> str:
    for each in (load_bundle(locale), load_bundle("en")):
        if each.has_message(key) and (pattern := each.get_message(key).value) is not None:
            given = {name: close_bidi(fact) if isinstance(fact, str) else fact for name, fact in facts.items()}
            text, errors = each.format_pattern(pattern, given)
            if errors:
                raise errors[0]
            return str(text)
    raise KeyError(key)


def close_bidi(text: str) -> str:
    """Foreign words whose changes of writing direction end with them, so that they turn none of ours around."""
    if text.isascii():
        return text
    open_: list[str] = []
    for character in text:
        if character in _BIDI_CLOSERS:
            open_.append(_BIDI_CLOSERS[character])
        elif character == _POP and open_[-1:] == [_POP]:
            open_.pop()
        elif character == _POP_ISOLATE and _POP_ISOLATE in open_:  # closes what was opened within it, too
            while open_.pop() != _POP_ISOLATE:
                pass
    return text + "".join(reversed(open_))


def messages_with_prefix(locale: str, prefix: str) -> dict[str, str]:
    """All messages whose id starts with `prefix`, which take no facts, in `locale`."""
    entries = FluentResource(files("bot.texts").joinpath("en.ftl").read_text(encoding="utf-8")).body
    names = [entry.id.name for entry in entries if isinstance(entry, ast.Message)]
    return {name: translate(locale, name) for name in names if name.startswith(prefix)}


def translate_error(locale: str, error: EaselError) -> str:
    """The sentence for a failure."""
    return translate(locale, error.key, **error.facts)
