"""The words of Easel in each language. The only place that turns a message id into a sentence.

`en.ftl` is the reference: a message missing elsewhere falls back to it, and a test sees that none is missing.
"""

from functools import cache
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource

from bot.errors import EaselError, Fact

LOCALES = ("en", "zh", "ru")


def choose(wish: str | None, fallback: str = "en") -> str:
    """The locale of ours that fits a platform's language tag (`zh-Hans`, `ru_RU`), else `fallback`."""
    language = (wish or "").replace("_", "-").split("-")[0].lower()
    return language if language in LOCALES else fallback


@cache
def bundle(locale: str) -> FluentBundle:
    """The parsed messages of one of LOCALES."""
    made = FluentBundle([locale, "en"], use_isolating=False)  # isolation marks would end up in what members copy
    made.add_resource(FluentResource(files(__name__).joinpath(f"{locale}.ftl").read_text(encoding="utf-8")))
    return made


def say(locale: str, key: str, **facts: Fact) -> str:
    """The message `key` in `locale`. A missing message or fact is a programming error and raises."""
    for each in (bundle(locale), bundle("en")):
        if each.has_message(key) and (pattern := each.get_message(key).value) is not None:
            text, errors = each.format_pattern(pattern, dict(facts))
            if errors:
                raise errors[0]
            return str(text)
    raise KeyError(key)


def explain(locale: str, error: EaselError) -> str:
    """The sentence for a failure."""
    return say(locale, error.key, **error.facts)
