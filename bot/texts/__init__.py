"""User-visible texts: Fluent messages in every language, and the functions that look them up."""

from bot.texts.translate import (
    LOCALES,
    close_bidi,
    load_bundle,
    messages_with_prefix,
    negotiate_locale,
    preload_locales,
    translate,
    translate_error,
)

__all__ = [
    "LOCALES",
    "close_bidi",
    "load_bundle",
    "messages_with_prefix",
    "negotiate_locale",
    "preload_locales",
    "translate",
    "translate_error",
]
