"""The words of Easel in each language. The only place that turns a message id into a sentence.

`en.ftl` is the reference: a message missing elsewhere falls back to it, and a test sees that none is missing.
"""

from functools import cache
from importlib.resources import files

from fluent.runtime import FluentBundle, FluentResource
from fluent.syntax import ast

from bot.errors import EaselError, Fact

LOCALES = ("en", "zh", "ru")


def choose(wish: str | None, fallback: str = "en") -> str:
    """The locale of ours that fits a platform's language tag (`zh-Hans`, `ru_RU`), else `fallback`."""
    language = (wish or "").replace("_", "-").split("-")[0].lower()
    return language if language in LOCALES else fallback


@cache
def bundle(locale: str) -> FluentBundle:
    """The parsed messages of one of LOCALES."""
    # isolation marks would end up in what members copy
    made = FluentBundle([locale, "en"], use_isolating=False)
    made.add_resource(FluentResource(files(__name__).joinpath(f"{locale}.ftl").read_text(encoding="utf-8")))
    return made


def load() -> None:
    """Reads every file that the words need, so that no later sentence does: for a worker thread, at the start."""
    for locale in LOCALES:
        say(locale, "answer-cancelled", count=1)  # a number and a plural: these read the language's own data


def say(locale: str, key: str, **facts: Fact) -> str:
    """The message `key` in `locale`. A missing message or fact is a programming error and raises."""
    for each in (bundle(locale), bundle("en")):
        if each.has_message(key) and (pattern := each.get_message(key).value) is not None:
            text, errors = each.format_pattern(pattern, dict(facts))
            if errors:
                raise errors[0]
            return str(text)
    raise KeyError(key)


def phrases(locale: str, prefix: str) -> dict[str, str]:
    """All messages whose id starts with `prefix`, which take no facts, in `locale`."""
    entries = FluentResource(files(__name__).joinpath("en.ftl").read_text(encoding="utf-8")).body
    names = [entry.id.name for entry in entries if isinstance(entry, ast.Message)]
    return {name: say(locale, name) for name in names if name.startswith(prefix)}


def explain(locale: str, error: EaselError) -> str:
    """The sentence for a failure."""
    return say(locale, error.key, **error.facts)
