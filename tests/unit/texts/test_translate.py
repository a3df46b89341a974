"""The texts in every language: none missing, none unused, and one for every failure."""

import inspect
import math
import re
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any

import pytest
from fluent.syntax import FluentParser, ast
from fluent.syntax.visitor import Visitor

from bot import errors, texts
from bot.chat import Action
from bot.errors import EaselError, MessageArgument, OutOfCredits, SettingsWrong
from bot.settings import MODERATION_CATEGORIES as CATEGORIES
from bot.texts import (
    LOCALES,
    close_bidi,
    isolate_bidi,
    negotiate_locale,
    translate,
    translate_error,
    translate_or_replace,
)
from bot.texts.translate import MAX_FACT_CHARS
from tests.support import PROJECT

FACTS: dict[str, MessageArgument] = {
    "all": "images, chat",
    "allowed": "--size, --n",
    "category": "violence",
    "cheaper": "--quality low (1)",
    "charge": "stxA1b2",
    "command": "/paint",
    "cost": 2,
    "count": 7,
    "detail": "BadCredentials: it does not accept the key",
    "hours": 23,
    "id": "abcdefghijkl",
    "kinds": "PNG, JPEG",
    "left": 0,
    "length": 12345,
    "limit": 5,
    "mask": "512×512",
    "megapixels": 50,
    "missing": "Attach Files",
    "model": "gpt-image-1.5",
    "models": "gpt-image-2, Flux",
    "name": "IMG_0001.MOV",
    "nearest": "images",
    "number": 2,
    "option": "--sice",
    "picture": "640×480",
    "quote": "no hands, please",
    "refill": 3,
    "minutes": 60,
    "seconds": 300,
    "subject": "openai",
    "until": "2026-03-01 18:00 UTC",
    "usage": "/admin stats",
    "user": "telegram:123",
    "value": "banana",
    "what": "--size 3:2",
    "words": "Back at noon.",
}
WORDS = {name for name, fact in FACTS.items() if isinstance(fact, str)} | {
    "began",
    "bot",
    "choices",
    "link",
    "menu",
    "missing",
    "options",
    "price",
    "prompt",
    "provider",
    "state",
    "step",
    "time",
}
CODE = (".py", ".js", ".html")
COUNTS = (0, 1, 2, 5, 11, 21, 12345)


class Variables(Visitor):
    """The variables that a message takes, and the messages that it repeats."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.repeated: set[str] = set()

    def visit_VariableReference(self, node: ast.VariableReference) -> None:  # noqa: N802 - the visitor's protocol
        self.names.add(node.id.name)

    def visit_MessageReference(self, node: ast.MessageReference) -> None:  # noqa: N802 - the visitor's protocol
        self.repeated.add(node.id.name)


def parsed(locale: str) -> list[ast.EntryType]:
    source = files(texts).joinpath(f"{locale}.ftl").read_text(encoding="utf-8")
    return FluentParser().parse(source).body


@cache
def messages(locale: str) -> dict[str, set[str]]:
    """Every message's id with its variables."""
    found: dict[str, set[str]] = {}
    for entry in parsed(locale):
        if isinstance(entry, ast.Message):
            variables = Variables()
            variables.visit(entry)
            found[entry.id.name] = variables.names.union(*(found[each] for each in variables.repeated))
    return found


def failures(kind: type[EaselError] = EaselError) -> list[type[EaselError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in failures(child))]


@pytest.mark.parametrize("locale", LOCALES)
def test_a_file_parses_completely_and_has_no_duplicate_ids(locale: str) -> None:
    entries = parsed(locale)
    assert [entry.content for entry in entries if isinstance(entry, ast.Junk)] == []
    names = [entry.id.name for entry in entries if isinstance(entry, ast.Message)]
    assert sorted(names) == sorted(set(names))


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_has_the_same_messages_with_the_same_variables(locale: str) -> None:
    assert messages(locale) == messages("en")


@pytest.mark.parametrize("locale", LOCALES)
def test_every_failure_has_words(locale: str) -> None:
    for kind in failures():
        taken = messages(locale)[kind.key]
        promised = re.findall(r"`(\w+)`", (inspect.getdoc(kind) or "").partition("Facts:")[2])
        assert taken <= set(promised), kind
        sentence = translate(locale, kind.key, **{name: FACTS[name] for name in taken})
        for name in taken - {"refill", "cost", "category"}:
            assert str(FACTS[name]) in sentence, kind


@pytest.mark.parametrize("locale", LOCALES)
def test_every_category_of_a_moderation_has_words_of_its_own(locale: str) -> None:
    families = {"-".join(each.split("/")) if each == "sexual/minors" else each.partition("/")[0] for each in CATEGORIES}
    said = {translate(locale, "refusal-flagged-prompt", category=each) for each in [*families, "other"]}
    assert len(said) == len(families) + 1
    assert translate(locale, "refusal-flagged-prompt", category="unheard-of") in said


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("count", COUNTS)
def test_every_message_takes_any_count_and_writes_it_in_plain_digits(locale: str, count: int) -> None:
    for key, variables in messages(locale).items():
        worded = WORDS | {"limit"} if key in ("refusal-picture-too-large", "refusal-mask-too-large") else WORDS
        sentence = translate(locale, key, **{name: "word" if name in worded else count for name in variables})
        if not key.startswith("status-"):  # places in line and seconds stay small
            assert "12,345" not in sentence
            assert "12\u00a0345" not in sentence
        assert sentence.strip() == sentence != ""


@pytest.mark.parametrize(
    ("count", "said"), [(1, "1 кредит\n"), (3, "3 кредита\n"), (5, "5 кредитов\n"), (21, "21 кредит\n")]
)
def test_russian_counts_its_credits_as_russians_do(count: int, said: str) -> None:
    assert said in translate("ru", "done-caption", prompt="x", seconds=1, credits=count) + "\n"


@pytest.mark.parametrize("locale", LOCALES)
def test_every_failed_painting_says_that_nothing_was_charged(locale: str) -> None:
    nothing = {"en": "Nothing was charged", "zh": "没有扣除", "ru": "Ничего не списано"}[locale]
    for key, variables in messages(locale).items():
        if key.startswith("failed-") or key == "cancelled":
            assert nothing in translate(locale, key, **{name: FACTS[name] for name in variables}), key


@pytest.mark.parametrize("locale", LOCALES)
def test_buttons_and_hints_fit_where_platforms_show_them(locale: str) -> None:
    for action in Action:
        assert len(translate(locale, f"button-{action.value}")) <= 20
    for key in messages(locale):
        if key.startswith("hint-"):
            assert len(translate(locale, key)) <= 100  # Discord's limit for a command's description


def test_an_error_is_translated_with_its_facts() -> None:
    assert translate_error("en", OutOfCredits(left=1, cost=2, refill=1)) == (
        "This costs 2 credits, and you have 1 left. New credits come within the hour."
    )


def test_the_locale_is_negotiated_from_the_platforms_language_tag() -> None:
    assert [negotiate_locale(wish) for wish in ("zh-Hans", "ru_RU", "RU", "en-US", "de", "", None)] == [
        "zh", "ru", "ru", "en", "en", "en", "en",
    ]  # fmt: skip
    assert negotiate_locale("de", fallback="ru") == "ru"


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize("kind", [errors.Rejected, errors.Declined, errors.SaidFailed])
def test_a_quote_of_an_upstream_ends_before_our_text(locale: str, kind: type[EaselError]) -> None:
    stop = {"en": "“no”. ", "zh": "“no”。", "ru": "«no». "}[locale]
    assert stop in translate_error(locale, kind(quote="no"))


def test_every_message_is_used() -> None:
    sources = [path for part in ("adapters", "bot") for path in (PROJECT / part).rglob("*") if path.suffix in CODE]
    code = "".join(path.read_text(encoding="utf-8") for path in sources)
    families = set(re.findall(r"[\"'`]([a-z][a-z-]*-)\$?\{", code)) | {"page-example-"}
    said = {key for key in messages("en") if re.search(rf"[\"'`]{key}[\"'`]", code)}
    assert [key for key in messages("en") if key not in said and not key.startswith(tuple(families))] == []


def test_a_missing_message_or_argument_raises() -> None:
    with pytest.raises(KeyError):
        translate("zh", "no-such-message")
    with pytest.raises(Exception, match="limit"):
        translate("zh", "refusal-picture-too-large", name="x")


BOMB = "\u202e" + "e\u0301" * 4000  # turns what follows around, and is longer than Fluent takes


@pytest.mark.parametrize("locale", LOCALES)
def test_no_fact_is_too_long_for_any_sentence_in_any_language(locale: str) -> None:
    for key, variables in messages(locale).items():
        worded = WORDS | {"limit"} if key in ("refusal-picture-too-large", "refusal-mask-too-large") else WORDS
        sentence = translate(locale, key, **{name: BOMB if name in worded else 5 for name in variables})
        assert len(sentence) < 3 * MAX_FACT_CHARS + 1000, key
        assert close_bidi(sentence) == sentence, key


@pytest.mark.parametrize("locale", LOCALES)
def test_no_fact_brings_characters_into_a_sentence_that_cannot_be_sent(locale: str) -> None:
    for key, variables in messages(locale).items():
        odd = "a\x00\x1b[31m\ud83d\r\nfox\udc00\x9f"
        sentence = translate(locale, key, **{name: odd if name in WORDS else 5 for name in variables})
        assert not {each for each in sentence if unicodedata.category(each) in ("Cc", "Cs")} - {"\n", "\t"}, key
        assert sentence.encode()


@pytest.mark.parametrize("locale", LOCALES)
@pytest.mark.parametrize(
    "fact", [math.inf, -math.inf, math.nan, 10**5000, -(10**5000), 10**15, 1e300], ids=lambda _: ""
)
def test_no_number_breaks_any_sentence_in_any_language(locale: str, fact: float) -> None:
    for key, variables in messages(locale).items():
        assert translate(locale, key, **dict.fromkeys(variables, fact)), key


def test_a_locale_of_another_version_is_english() -> None:
    assert translate("tlh", "cancelled") == translate("en", "cancelled")


@pytest.mark.parametrize(
    ("key", "facts", "said"),
    [
        ("failed-of-tomorrow", {}, "error-internal"),
        ("refusal-not-a-picture", {"nom": "x"}, "error-internal"),
        ("refusal-not-a-picture", {"name": ["a"], "kinds": {}}, "error-internal"),
        ("nonsense", {"key": "x", "locale": "x"}, "error-text"),
    ],
)
def test_a_stored_sentence_that_cannot_be_built_is_replaced(key: str, facts: dict[str, Any], said: str) -> None:
    for locale in LOCALES:
        assert translate_or_replace(locale, key, facts) == translate(locale, said)


def test_an_error_without_its_facts_has_words_all_the_same() -> None:
    assert translate_error("ru", errors.NotAPicture()) == translate("ru", "error-internal")


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines()[4:]:
        branch, _, rest = line.partition("── ")
        depth = len(branch) // 4 if rest else 0
        names: list[str] = []
        for word in (rest or line).split():
            if not inspect.isclass(getattr(errors, word, None)):
                break
            names.append(word)
        if names:
            drawn.update(dict.fromkeys(names, above[depth - 1] if depth else "Exception"))
            above[depth:] = [names[-1]]
    assert sorted(drawn) == sorted(kind.__name__ for kind in failures())
    for name, parent in drawn.items():
        if parent != "Exception":
            assert issubclass(getattr(errors, name), getattr(errors, parent)), f"{name} hangs below {parent}"


def test_settings_errors_keep_every_line() -> None:
    assert SettingsWrong(["a: x", "b: y"]).problems == ["a: x", "b: y"]


@pytest.mark.parametrize(
    ("foreign", "shown"),
    [
        ("plain", "plain"),
        ("مرحبا", "\u2068مرحبا\u2069"),  # what stands around it keeps its order
        ("a fox שועל", "\u2068a fox שועל\u2069"),
        ("a \u202etxt.exe", "a \u202etxt.exe\u202c"),
        ("\u202ea\u202c b", "\u202ea\u202c b"),
        ("\u202a\u202b\u202d", "\u202a\u202b\u202d\u202c\u202c\u202c"),
        ("\u2066a\u202eb", "\u2066a\u202eb\u202c\u2069"),
        ("\u2067a\u202eb\u2069", "\u2067a\u202eb\u2069"),
        ("\u2068a\u202c", "\u2068a\u202c\u2069"),  # an isolate is not closed by what closes an embedding
        ("\u202c\u2069", "\u202c\u2069"),  # closes nothing of ours: we open nothing
        ("\u202ea\u2069", "\u202ea\u2069\u202c"),
    ],
)
def test_foreign_bidi_controls_do_not_affect_our_text(foreign: str, shown: str) -> None:
    assert isolate_bidi(close_bidi(foreign)) == shown
    said = translate("en", "refusal-bad-option", option="--size", value=foreign, allowed="1:1")
    assert shown in said
    assert close_bidi(said) == said
