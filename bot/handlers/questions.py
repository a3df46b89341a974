"""How the bot asks for what a request lacks: the words of a question, and how an old one is recognised by them.

Pure; what a request lacks is `bot.handlers.unfinished`'s.
"""

import re
from functools import cache

from bot.chat import Action, Button, Card, Question
from bot.errors import EaselError
from bot.handlers.unfinished import Awaits, PendingRequest
from bot.texts import LOCALES, translate, translate_error

MAX_RECOGNISED_COUNT = 20  # pictures in a question that is recognised; plurals repeat well before

PHOTO_PREFIX = "photo-"  # of `Button.job_id` of a region button, before the id of a pending request

_ADDED_BY_PLATFORMS = re.compile(r"[\u2060\\\s]+")
_NUMBER = re.compile(r"\d+")


def refusal_card(locale: str, refusal: EaselError, request: PendingRequest | None, *, may_change: bool) -> Card:
    """The reply to a refused message. `request`: what is kept of it; None: nothing. `may_change`: further pictures
    will be counted in the same message."""
    if request is None or request.awaits is Awaits.NOTHING:
        return Card(text=translate_error(locale, refusal), locale=locale)
    text = _count_text(locale, request) if request.is_counted else translate_error(locale, refusal)
    placeholder = translate(locale, "question-example-edit" if request.pictures else "question-example")
    needs_words = request.awaits is not Awaits.PICTURES or not request.words
    question = Question(placeholder=placeholder, needs_words=needs_words, may_change=may_change)
    return Card(text=text, locale=locale, question=question)


def region_button(request: PendingRequest, locale: str) -> Button:
    """The button below a question by which its pictures can be painted over by hand."""
    label = translate(locale, f"button-{Action.REGION.value}")
    return Button(action=Action.REGION, job_id=f"{PHOTO_PREFIX}{request.id}", label=label)


def is_question(text: str) -> bool:
    """Whether the text of a message of the bot, as a platform returns it, asks for words: in any language, whenever
    it was asked."""
    return _normalise(text) in _question_texts()


def _count_text(locale: str, request: PendingRequest) -> str:
    key = "question-pictures-full" if request.left_out else "question-pictures"
    return translate(locale, key, count=len(request.images))


@cache
def _question_texts() -> frozenset[str]:
    keys = ("refusal-prompt-empty", "refusal-pictures-without-prompt")
    counted = ("question-pictures", "question-pictures-full")
    texts = [translate(locale, key) for locale in LOCALES for key in keys]
    texts += [
        translate(locale, key, count=count)
        for locale in LOCALES
        for key in counted
        for count in range(1, MAX_RECOGNISED_COUNT + 1)
    ]
    return frozenset(map(_normalise, texts))


def _normalise(text: str) -> str:
    """The text without what platforms insert, and without its numbers."""
    return _NUMBER.sub("0", _ADDED_BY_PLATFORMS.sub("", text))
