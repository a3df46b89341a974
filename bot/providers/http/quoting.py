"""Quotes of an upstream's text that are fit to be shown to a user or logged: one line, short, redacted.

Pure. What the text means is decided elsewhere.
"""

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from unicodedata import category

MAX_QUOTE_CHARS = 200  # a longer text of an upstream does not help a user

MAX_SEARCHED_CHARS = 1_000_000  # of a text that are searched for secrets; of the rest nothing is quoted

MIN_SECRET_PROMPT_CHARS = 16  # a shorter prompt is no secret, and redacting it would garble every quote

# control, invisible, private, surrogate, line breaks
_INVISIBLE_CATEGORIES = frozenset({"Cc", "Cf", "Co", "Cs", "Zl", "Zp"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Redactions:
    """What an upstream's answer may repeat of the request. Iterates over the strings that no quote may contain."""

    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Keys and addresses that nobody may see."""

    prompt: str = field(default="", repr=False)
    """The prompt as sent: its words, where an answer repeats them, are not the upstream's. Empty: there is none."""

    def __iter__(self) -> Iterator[str]:
        yield from self.secrets
        if len(self.prompt) >= MIN_SECRET_PROMPT_CHARS:
            yield self.prompt

    def with_secret(self, secret: str) -> "Redactions":
        """These and one more secret."""
        return replace(self, secrets=(*self.secrets, secret))


NOTHING = Redactions()


def redactions(key: str, prompt: str) -> Redactions:
    """What an answer may repeat of a request with this key and prompt; either may be empty."""
    return Redactions(secrets=(key,) if key else (), prompt=prompt)


_TOKEN = re.compile(r"[\u3040-\u30ff\u3400-\u9fff]|\w+")  # a word, or a character of a script without blanks
_QUOTED_TOKENS = 6  # words in a row that also stand in the prompt: no accident, the answer repeats it

# A tag that a document may begin with, not one inside of a sentence
_PAGE = re.compile(
    r"\s*<(?:!doctype|\?xml|(?!(?:a|b|br|code|em|font|i|small|span|strong|u)[\s>/])[a-z][\w-]*[\s>/])", re.IGNORECASE
)
# `<html><head><title>413 Request Entity Too Large</title>`
_PAGE_STATUS = re.compile(r"\s*<[^\x00]{0,400}?<(?:title|h1)>\s*(?:error )?([45]\d\d)\b", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z!][^<>]{0,1000}>", re.IGNORECASE)
_DATA = re.compile(r"""[{\[]\s*(?:["'{\[]|\\").*""", re.DOTALL)  # an object or a list, to the end of the text
_MARKDOWN = re.compile(r"!\[[^\[\]]{0,1000}\]\([^()]*\)?|(?<=\])\([^()]{0,8192}\)")  # an image, the address of a link
_BLOB = re.compile(
    r"(?:data:[\w/.+;=-]{0,100},)?(?<![A-Za-z0-9+/=_-])(?=[A-Za-z0-9+/=_-]{80})"  # first: seldom, and soon known
    r"(?=\S{0,400}[A-Z])(?=\S{0,400}[a-z])(?=\S{0,400}\d)[A-Za-z0-9+/=_-]{80,}"
)  # base64
_BINARY = ("\0", "\ufffd\ufffd", "\ufffdPNG")  # of what is no text, or text in an unknown encoding
_MIN_LETTERS = 2  # of a sentence: what is left of punctuation says nothing


def without_prompt(text: str, prompt: str) -> str:
    """The text without what it repeats of the prompt: all of it, or any _QUOTED_TOKENS words in a row."""
    asked = [each.casefold() for each in _TOKEN.findall(prompt[:MAX_SEARCHED_CHARS])]
    size = min(len(asked), _QUOTED_TOKENS)
    if not size:
        return text
    runs = {tuple(asked[at : at + size]) for at in range(len(asked) - size + 1)}
    found = list(_TOKEN.finditer(text[:MAX_SEARCHED_CHARS]))
    words = [each[0].casefold() for each in found]
    repeated = {
        at + each for at in range(len(words) - size + 1) if tuple(words[at : at + size]) in runs for each in range(size)
    }
    kept, end = list[str](), 0
    for at, each in enumerate(found):
        if at in repeated:
            kept += [text[end : each.start()], "…"]
            end = each.end()
    return "".join(kept) + text[end:]


def is_page(text: str) -> bool:
    """Whether a text is a web page or another document of markup: a proxy's, not an answer of the upstream."""
    return bool(_PAGE.match(text.lstrip("\ufeff")))


def page_status(text: str) -> int | None:
    """The HTTP status in the title of a proxy's page, which another proxy may have passed on; None: none is."""
    found = _PAGE_STATUS.match(text)
    return int(found[1]) if found else None


def is_binary(text: str) -> bool:
    """Whether a body that was decoded as text is none."""
    return any(mark in text for mark in _BINARY)


def plain_words(text: str) -> str:
    """The sentences of a text that a user may read, without markup and data; empty where nothing else is in it."""
    if is_page(text) or is_binary(text):
        return ""
    text = _DATA.sub(" ", _TAG.sub(" ", without_images(text)))
    sentence = " ".join(text.split()).rstrip(" :：-–—,;(")
    return sentence if sum(map(str.isalpha, sentence)) >= _MIN_LETTERS else ""


def without_images(text: str) -> str:
    """The text without images of markdown, the addresses of its links, and base64."""
    return _BLOB.sub(" ", _MARKDOWN.sub(" ", text))


def quote(text: str, *, redact: Iterable[str] = (), limit: int = MAX_QUOTE_CHARS) -> str:
    """`text` on one line without control characters, at most `limit` characters, an ellipsis included.

    `redact`: strings that must not appear (keys, prompts), also as JSON escapes them in an answer that repeats the
    request; each is replaced by an ellipsis before anything is cut.
    """
    spellings = [spelled for secret in redact if secret for spelled in _spellings(secret)]
    is_cut, text = len(text) > MAX_SEARCHED_CHARS, text[:MAX_SEARCHED_CHARS]
    for spelled in spellings:
        text = text.replace(spelled, "…")
    if is_cut:  # the last part may be the beginning of a secret
        text = text[: -max(map(len, spellings), default=1)]
    short = text[: limit * 8]  # enough even when most of it is blank; a long page of HTML is not scanned to its end
    seen = "".join(" " if category(char) in _INVISIBLE_CATEGORIES else char for char in short)
    line = " ".join(seen.split())
    return line if len(line) <= limit else line[: limit - 1].rstrip() + "…"


def _spellings(secret: str) -> tuple[str, ...]:
    return secret, *(json.dumps(secret, ensure_ascii=escaped)[1:-1] for escaped in (False, True))
