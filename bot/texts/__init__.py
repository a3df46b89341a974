"""User-visible texts: Fluent messages in every language, and the functions that look them up."""

from bot.texts.shortening import shorten
from bot.texts.translate import (
    LOCALES,
    close_bidi,
    isolate_bidi,
    load_bundle,
    messages_with_prefix,
    negotiate_locale,
    preload_locales,
    translate,
    translate_error,
    translate_or_replace,
)

__all__ = [
    "LOCALES",
    "close_bidi",
    "isolate_bidi",
    "load_bundle",
    "messages_with_prefix",
    "negotiate_locale",
    "preload_locales",
    "shorten",
    "translate",
    "translate_error",
    "translate_or_replace",
]
