"""Finds the error in an upstream's answer, whatever its envelope, and what it says: codes, words, time to wait. Pure.

Upstreams wrap each other's errors: in objects, in lists, as JSON inside a string, as JSON inside a sentence. All that
stands anywhere inside counts; the innermost, which is nearest to the cause, comes first. What it means is decided in
`failure_rules`.
"""

import ast
import codecs
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

from bot.providers.http.json_safe import MAX_DEPTH, finite_number, parse_json
from bot.providers.http.quoting import is_page, plain_words
from bot.providers.http.waits import parse_span

Table = Mapping[str, Any]

MAX_NESTING = 40  # levels of objects and texts inside each other; each of a chain of relays adds up to four
MAX_ITEMS = 16  # items of a list that are looked at
MAX_MESSAGE_CHARS = (
    4096  # of an error's messages: each character costs some 5 µs, to be compared with all known phrases
)
MAX_TEXT_CHARS = 64 * 1024  # of a text that may hold JSON; as much as is read of the body of an error
MAX_LITERAL_CHARS = 10_000  # of a Python literal, whose parser is slow
MAX_CODE_CHARS = 120  # a longer value, or one with blanks, is a sentence

# Names of fields as `_fold` spells them: without underscores and case, which upstreams mix.
_CODES = (
    "reason", "code", "type", "status", "name", "errorcode", "errcode", "errno", "ret", "retcode", "resultcode",
    "errortype", "statuscode", "failcode", "failurereason", "failurecode", "blockreason", "finishreason",
    "nativefinishreason", "moderationtype", "state",
)  # fmt: skip
_WORDS = (
    "message", "msg", "error", "errormessage", "errormsg", "errmsg", "statusmsg", "taskstatusmsg", "retmsg",
    "resultmsg", "resultmessage", "failreason", "failmsg", "failurereason", "failuremessage", "detail", "details",
    "description",
    "reason", "raw", "title", "body", "remark", "promptblockedreason", "blockreasonmessage",
)  # fmt: skip
_INNER = (
    "error", "errors", "innererror", "errorinfo", "upstreamerror", "cause", "metadata", "raw", "details", "detail",
    "data", "body", "response", "responsemetadata", "baseresp", "promptfeedback", "violations", "candidates", "choices",
    "output", "result", "task",
)  # fmt: skip
_TRACES = ("traceid", "requestid", "reqid")
_WAITS = {"retrydelay": 1.0, "retryafter": 1.0, "retryafterseconds": 1.0, "retryafterms": 0.001}
_QUOTAS = ("quotalimitvalue", "quotavalue")  # Google: how many requests a quota is for
LIMIT_OF_NOTHING = "limit_of_nothing"  # code for a quota of 0
_FAILED = frozenset({"false", "fail", "failed", "failure", "error"})
_NO_WORDS = frozenset(
    {
        "",
        "null",
        "none",
        "nil",
        "undefined",
        "ok",
        "okay",
        "success",
        "successful",
        "succeeded",
        "{}",
        "[]",
        "false",
        "no error",
        "no_error",
        "noerror",
        "成功",
        "操作成功",
        "请求成功",
    }
)
# What says that all is well where an answer has a `code` beside its data: HTTP's 2xx, 0 (most of China), 1 and 21
# (midjourney-proxy: submitted, known already), 22 (queued), 10000 (Volcengine), 20000 and 100000.
_GOOD_CODES = frozenset({0, 1, 21, 22, 10_000, 20_000, 100_000, *range(200, 300)})
_BAD_CODES = range(400, 600)  # an HTTP status, which is an error whatever stands beside it
_ANSWERS = ("choices", "data", "output", "outputs", "images", "result", "results", "url")

_NUMBER = re.compile(r"[+-]?\d{1,9}")
_NAMED_STATUS = re.compile(
    r"(?:\bstatus[_ ]?code|\berror code|\bHTTP(?: status)?(?: code)?|\bstatus)['\"]?\s*[:=]?\s*([45]\d\d)\b",
    re.IGNORECASE,
)  # `Error code: 429 - {…}` (OpenAI's SDK), `bad response status code 503` (One API), `status=400`
_NAMED_CODE = re.compile(
    r"(?:code|reason|type|status|blocked|stopped|refused|rejected)['\"]?\s{0,2}[:=(]\s{0,2}['\"]?"
    r"([A-Z][A-Z_]{3,60}\b|[a-z]{2,30}_[a-z_]{2,60}\b|[A-Z][a-z]+[A-Z]\w{2,60}\b)"
)  # `blocked: SAFETY`, `finish_reason: content_filter`, `code=InvalidApiKey`
_CUT_VALUE = re.compile(r'"(code|type|status|reason|message|msg|detail)"\s*:\s*(?:"((?:[^"\\]|\\.)*)"|(-?\d{1,9}))')


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """What an error answer says."""

    codes: tuple[str, ...] = ()
    """All values that name the error (code, type, status), the innermost first."""

    message: str = ""
    """The upstream's description, the innermost; not shortened or redacted. Empty: there is none."""

    outer_messages: tuple[str, ...] = ()
    """Descriptions around it, from the inside out."""

    parameters: tuple[str, ...] = ()
    """Names of the request's fields that the error is about, the innermost first."""

    trace: str | None = None
    """The upstream's id of the request; None: not in the body."""

    moderated: bool = False
    """Whether the body itself proves that content rules were the reason."""

    retry_after: float | None = None
    """Seconds to wait that a field of it names, >= 0; None: none does."""

    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    """Headers of the answer behind a router (OpenRouter), by their names in lower case; empty: none are quoted."""

    @property
    def messages(self) -> tuple[str, ...]:
        """All descriptions, the innermost first."""
        return (self.message, *self.outer_messages) if self.message else self.outer_messages


# ---------------------------------------------------------------- is there an error?


def find_error(document: object, *, beside_answer: bool = False) -> ErrorBody | None:
    """The error in a JSON document that came with a success, whatever the upstream's envelope; None: there is none.
    `beside_answer`: an image was found, in this document or around it.

    Known: `error` or `errors` that say something, `success` false, `status` "error" beside words, a `code` that is no
    success's (`{"code": -1, "msg": …}`) without an answer beside it, MiniMax's `base_resp`, and a list of these.
    """
    if isinstance(document, list):
        return next(filter(None, map(find_error, cast("list[object]", document)[:MAX_ITEMS])), None)
    if not isinstance(document, Mapping):
        return None
    outer = _fold(cast(Table, document))
    has_answer = beside_answer or _has_answer(outer)
    says_failed = (
        any(_says_something(outer.get(name), beside_answer=has_answer) for name in ("error", "errors"))
        or str(outer.get("success")).lower() == "false"
        or _is_bad_code(outer)
        or (_status_failed(outer) and not has_answer)
        or _base_failed(outer.get("baseresp"))
    )
    return read_error(cast(Table, document)) if says_failed else None


def find_item_errors(items: object) -> list[ErrorBody]:
    """The errors of single images, in a list of results: `data: [{"url": …}, {"error": {…}}]`."""
    listed = cast("list[object]", items)[:MAX_ITEMS] if isinstance(items, list) else []
    tables = [cast(Table, each) for each in listed if isinstance(each, Mapping)]
    refused = [ErrorBody(moderated=True) for each in tables if each.get("respect_moderation") is False]  # xAI
    return [error for each in tables if (error := find_error(each))] or refused


def _says_something(error: object, *, beside_answer: bool = False) -> bool:
    """Whether the value of an `error` is one: relays send an empty one, or one with a type alone, beside a success."""
    if isinstance(error, Mapping):
        silent = ("param", "request_id", *(("type",) if beside_answer else ()))
        return any(_says_something(value) for name, value in cast(Table, error).items() if name not in silent)
    if isinstance(error, list):
        return any(_says_something(each) for each in cast("list[object]", error)[:MAX_ITEMS])
    if isinstance(error, str):
        text = error.strip().rstrip(".")
        return text.lower() not in _NO_WORDS and not (_NUMBER.fullmatch(text) and int(text) in _GOOD_CODES)
    number = finite_number(error)
    return error is True or (number is not None and number not in _GOOD_CODES)


def _is_bad_code(outer: Table) -> bool:
    if "choices" in outer:
        return False
    names = ("code", "errorcode", "errcode", "statuscode", "errno", "ret", "retcode")
    codes = [code for name in names for code in _code(outer.get(name)) if code.lower() not in _NO_WORDS]
    numbers = [int(code) for code in codes if _NUMBER.fullmatch(code)]
    if any(number in _BAD_CODES for number in numbers):
        return True
    named = len(codes) > len(numbers) and bool(_own_words(outer))  # a name, such as DashScope's `InvalidApiKey`
    return (named or any(number not in _GOOD_CODES for number in numbers)) and not _has_answer(outer)


def _status_failed(outer: Table) -> bool:
    return str(outer.get("status")).lower() in _FAILED and bool(_own_words(outer))


def _base_failed(base: object) -> bool:
    return isinstance(base, Mapping) and _says_something(cast(Table, base).get("status_code"))


def _has_answer(outer: Table) -> bool:
    return any(_is_answer(outer.get(name)) for name in _ANSWERS)


def _is_answer(value: object) -> bool:
    """Whether the value of a field of results holds any: not an object or a list of nothing but empty values."""
    if isinstance(value, Mapping):
        return any(map(_is_answer, cast(Table, value).values()))
    if isinstance(value, list):
        return any(map(_is_answer, cast("list[object]", value)[:MAX_ITEMS]))
    return bool(value) and value is not True


# ---------------------------------------------------------------- what does it say?


def parse_error_body(body: bytes) -> ErrorBody:
    """The error in the body of an HTTP status that is no success."""
    return read_error(_decode(body))


def _decode(body: bytes) -> str:
    """The body as text: UTF-8, or what Chinese and Windows machines send instead. Its last character may be cut."""
    if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return body.decode("utf-16", "replace")
    for encoding in ("utf-8", "gb18030"):
        try:
            return codecs.getincrementaldecoder(encoding)().decode(body)
        except UnicodeDecodeError:
            continue
    return body.decode("utf-8", "replace")


def read_error(value: object) -> ErrorBody:
    """All that a document or a text says of an error."""
    layers = list(_layers(value, 0))
    inner_first = sorted(range(len(layers)), key=lambda at: -layers[at][0])
    errors = [layers[at][1] for at in inner_first]
    messages = _within_limit(dict.fromkeys(words for each in errors for words in each.messages))
    plain = next((each for each in messages if plain_words(each)), messages[0] if messages else "")
    waits = [each.retry_after for each in errors if each.retry_after is not None]
    return ErrorBody(
        codes=tuple(dict.fromkeys(code for each in errors for code in each.codes)),
        message=plain,
        outer_messages=tuple(each for each in messages if each != plain),
        parameters=tuple(dict.fromkeys(each for error in errors for each in error.parameters)),
        trace=next((each.trace for each in reversed(errors) if each.trace), None),
        moderated=any(each.moderated for each in errors),
        retry_after=waits[0] if waits else None,
        headers=next((each.headers for each in errors if each.headers), dict[str, str]()),
    )


def _within_limit(messages: Iterable[str]) -> tuple[str, ...]:
    """The first messages, MAX_MESSAGE_CHARS in all; of one that is longer, its beginning and its end."""
    kept, left = list[str](), MAX_MESSAGE_CHARS
    for each in messages:
        half = left // 2
        kept.append(each if len(each) <= left else f"{each[:half]} … {each[len(each) - half :]}")
        left -= len(each)
        if left <= 0:
            break
    return tuple(kept)


def _layers(value: object, depth: int) -> Iterator[tuple[int, ErrorBody]]:
    """The errors in a value, each with its depth."""
    if depth > MAX_NESTING:
        return
    if isinstance(value, str):
        yield from _layers_of_text(value, depth)
    elif isinstance(value, list):
        for each in cast("list[object]", value)[:MAX_ITEMS]:
            yield from _layers(each, depth)
    elif isinstance(value, Mapping):
        table = _fold(cast(Table, value))
        yield depth, _own_error(table)
        inside: list[object] = [table.get(name) for name in _INNER if isinstance(table.get(name), Mapping | list)]
        inside += [table.get(name) for name in _WORDS if _may_hold_json(table.get(name))]
        if isinstance(errors := table.get("errors"), Mapping):  # by the fields that they are about
            inside += cast(Table, errors).values()
        for each in inside:
            yield from _layers(each, depth + 1)


def _fold(table: Table) -> Table:
    """A table with its names as the lists above spell them."""
    folded: dict[str, Any] = {}
    for name, value in table.items():
        folded.setdefault(name.lower().replace("_", "").replace("-", ""), value)
    return folded


def _layers_of_text(text: str, depth: int) -> Iterator[tuple[int, ErrorBody]]:
    """The errors in a text: its own words, and those of JSON inside it."""
    document, before = (None, text) if is_page(text) else _embedded_document(text[:MAX_TEXT_CHARS])
    if document is None:
        is_cut = _may_hold_json(text) and not is_page(text)
        values = list(_CUT_VALUE.finditer(text[:MAX_TEXT_CHARS])) if is_cut else []
        words = next((each[2] for each in values if each[1] in ("message", "msg", "detail") and each[2]), None)
        codes = [each[2] or each[3] for each in values if each[1] not in ("message", "msg", "detail")]
        yield depth, ErrorBody(message=words or _said_in(text), codes=tuple(filter(None, codes)))
        return
    if before.strip():
        yield depth, ErrorBody(message=before.strip())
    yield from _layers(document, depth + 1)


def _embedded_document(text: str) -> tuple[object, str]:
    """The JSON object or list in a text, also as Python prints one, and the text before it; None: there is none."""
    if text.lstrip().startswith('"'):  # JSON inside of a JSON string
        try:
            return parse_json(text), ""
        except ValueError:
            pass
    begins = [at for mark in "{[" if (at := text.find(mark)) >= 0]
    for begin in sorted(begins):
        end = text.rfind("}" if text[begin] == "{" else "]")
        inside = text[begin : end + 1]
        for parse in (parse_json, _parse_literal):
            try:
                document = parse(inside)
            except ValueError:
                continue
            if isinstance(document, Mapping) or _holds_table(document):
                return cast(object, document), text[:begin]
    return None, text


def _holds_table(value: object) -> bool:
    return isinstance(value, list) and any(isinstance(each, Mapping) for each in cast("list[object]", value))


def _parse_literal(text: str) -> object:
    """An object as Python prints it: `{'error': {'code': 400, 'param': None}}`. Raises ValueError."""
    if len(text) > MAX_LITERAL_CHARS or sum(map(text.count, "[{(")) > MAX_DEPTH:
        raise ValueError("too large")
    try:
        return ast.literal_eval(text)
    except (SyntaxError, TypeError, MemoryError, RecursionError) as exc:
        raise ValueError("no literal") from exc


def _may_hold_json(value: object) -> bool:
    return isinstance(value, str) and any(mark in value for mark in ('{"', "{'", '{\\"', "{\n", "{ "))


def _own_error(table: Table) -> ErrorBody:
    """What an object, folded, says of itself, without the objects inside it."""
    codes = [code for name in _CODES for code in _code(table.get(name))]
    codes += [LIMIT_OF_NOTHING for name in _QUOTAS if str(table.get(name)) == "0"]
    error = table.get("error")
    if isinstance(error, int) or (isinstance(error, str) and _NUMBER.fullmatch(error)):
        codes += _code(error)  # `"error": 401`
    waits = [wait for name, scale in _WAITS.items() if (wait := _wait(table.get(name), scale)) is not None]
    words = _own_words(table)
    headers = table.get("headers")
    return ErrorBody(
        codes=tuple(codes),
        message=words[0] if words else "",
        outer_messages=words[1:],
        parameters=tuple(_code(table.get("param"))),
        trace=next((quoted for name in _TRACES if isinstance(quoted := table.get(name), str) and quoted), None),
        moderated=isinstance(table.get("reasons"), list) and bool(table["reasons"]),  # OpenRouter: why it was flagged
        retry_after=waits[0] if waits else None,
        headers={name.lower(): str(value) for name, value in cast(Table, headers).items()}
        if isinstance(headers, Mapping)
        else {},
    )


def _own_words(table: Table) -> tuple[str, ...]:
    """The descriptions in an object, folded."""
    values = [table.get(name) for name in _WORDS]
    if isinstance(data := table.get("data"), str) and not (data.isascii() and " " not in data):  # a sentence in it
        values.append(data)
    texts = [_said_in(each) for each in values if isinstance(each, str) and not _may_hold_json(each)]
    return tuple(dict.fromkeys(filter(None, texts)))


def _said_in(text: str) -> str:
    """The text without blanks around it; empty where it says nothing, or only a number."""
    text = text.strip()
    return "" if text.lower() in _NO_WORDS or _NUMBER.fullmatch(text) else text


def _code(value: object) -> Iterator[str]:
    if isinstance(value, bool) or not isinstance(value, str | int):
        return
    text = str(value).strip()
    if text and len(text) <= MAX_CODE_CHARS and not any(map(str.isspace, text)):
        yield text


def codes_in_words(text: str) -> tuple[str, ...]:
    """The codes in a description: one that stands alone (`moderation_blocked`), those that it names (`blockReason:
    SAFETY`), and statuses (`bad response status code 503`)."""
    alone = tuple(_code(text)) if "_" in text[:MAX_CODE_CHARS] else ()
    short = text[:MAX_TEXT_CHARS]
    return (*alone, *_NAMED_CODE.findall(short), *_NAMED_STATUS.findall(short))


def _wait(value: object, scale: float) -> float | None:
    """Seconds in the value of a field: `30`, `"30"`, `"12s"`."""
    seconds = parse_span(value) if isinstance(value, str) else finite_number(value)
    return seconds * scale if seconds is not None and seconds >= 0 else None
