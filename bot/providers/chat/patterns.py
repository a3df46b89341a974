"""Patterns for the words and marks by which chat-style relays report. Data only; `progress` applies it.

All patterns except those for addresses expect text from `to_half_width`.
"""

import re
from unicodedata import normalize

from bot.painting import Stage


def to_half_width(text: str) -> str:
    """Makes full-width punctuation and digits half-width, so that one pattern matches both."""
    return text if text.isascii() else normalize("NFKC", text)


def normalize_for_comparison(text: str) -> str:
    """The form of a text in which it is compared with the prompt: upstreams change its blanks and its punctuation."""
    return "".join(to_half_width(text).casefold().split())


def _compile(pattern: str) -> re.Pattern[str]:
    return re.compile(pattern, re.IGNORECASE)


# ---------------------------------------------------------------- progress

_NUMBER = r"(\d{1,3}(?:[.,]\d+)?)"
_PROGRESS = r"(?:进度|進度|完成度|progress|прогресс)"
_WORKING = r"(?:生成中|绘制中|正在生成|正在绘制|正在绘图|generating|drawing|rendering|processing)"
_BETWEEN = r"(?:[\s:*_~|>()\[\]【】=#\-—█▓▒░■□▰▱●○]|is|at|now|为|到|已达|更新){0,48}"

PERCENT = _compile(
    rf"(?:{_PROGRESS}{_BETWEEN}|{_WORKING}[\s.:(*\[]{{0,16}}){_NUMBER}\s*(?:\*\*|__)?\s*%$"
)  # `进度：8.4%`, `**Progress**: 35%`, `生成中... 35%`
PERCENT_BEFORE_DOTS = _compile(rf"{_PROGRESS}{_BETWEEN}{_NUMBER}\.\.$")  # `进度 72..`
PERCENT_AT_LINE_END = _compile(rf"{_PROGRESS}{_BETWEEN}{_NUMBER}[\s.*]*$")  # `Progress 72` at the end of a line
NEXT_PERCENT = _compile(rf"[.\s]{_NUMBER}(?:\.\.|\s*%)$")  # `....13..` in a line that began with one of the above
NEXT_PERCENT_AT_LINE_END = _compile(rf"\.\s*{_NUMBER}\s*$")
PERCENT_CHAIN = re.compile(r"[\d\s.…%％*]*")  # the text between two numbers of such a line
PROGRESS_LINE = _compile(_PROGRESS + _BETWEEN + _NUMBER)

# ---------------------------------------------------------------- stages, the furthest first

STAGES = (
    (
        Stage.SAVING,
        _compile(
            r"(?:绘制|生成|绘图)(?:成功|完成)"
            r"|(?:drawing|generation|image) (?:was |is )?(?:success|complete)|generated success"
        ),
    ),
    (Stage.PAINTING, _compile(_WORKING)),
    (Stage.QUEUED, _compile(r"排队|队列|等待中|\bqueu(?:e|ed|ing)\b|\bpending\b")),
)
UPLOAD_NOTICE = _compile(
    r"上传.{0,8}\d|\bupload(?:ed|ing)?\b.{0,8}\d|^\W*(?:task\s*)?id\s*:"
)  # tells neither progress nor stage

# ---------------------------------------------------------------- echo, reasoning

KEYWORDS_LABEL = _compile(r"[\W_]*(?:关键[字词]|提示词|keywords?|prompt)\W{0,3}?\s*:")
THINK_TAG = _compile(r"(</?(?:think(?:ing)?|thought|reasoning)>)")

# ---------------------------------------------------------------- addresses

DATA_URL_PREFIX = "data:image/"
URL = _compile(r"https?://[^\s<>\"'`\\\[\](){}|（）【】，。；、！？]+")
MARKDOWN_LINK = _compile(
    r"\[([^\[\]]{0,200})\]\(\s*<?(https?://[^\s<>()]++(?:\([^\s<>()]*+\)[^\s<>()]*+)*+)>?[^()]{0,200}\)"
)
IMAGE_PATH = _compile(r"(?:\.|[?&](?:format|fm)=)(?:png|jpe?g|webp|gif|avif|heic|bmp)(?:$|[?#&])")
DOWNLOAD_LABEL = _compile(r"下载|download|原图|скачать")
IMAGE_LABEL = _compile(
    r"(?:查看|点击|打开).{0,6}图|大图|\b(?:view|open|see|show|click)\b.{0,20}\b(?:image|picture|full)\b"
    r"|^\W*(?:image|picture|result|图片|图像|结果|изображение|картинка)\W*\d*\W*$"
)  # of a link to a picture
DATA_URL_END = re.compile(r"[\s\"'`<>()]")

# ---------------------------------------------------------------- failures

FAILURE = _compile(
    r"❌|(?:生成|绘制|绘图|任务|请求|处理)(?:图片|图像)?(?:生成|绘制|执行)?失败|generation failed"
    r"|failed to (?:generate|create|draw|paint)|^\W*(?:错误|error|ошибка)\s*:"
)
RETRY_NOTICE = _compile(r"正在重试|重试中|自动重试|重新生成中|\bretrying\b|will retry")  # not "请重试", which is final
FAILURE_REASON = _compile(r"^\W*(?:失败)?原因\s*:|^\W*reason\s*:")
MODERATION = _compile(r"content.?polic|usage polic|moderat|safety|nsfw|违规|违反|敏感|审核")
RATE_LIMIT = _compile(
    r"rate.?limit|too many requests|请求过于频繁|限流|频率限制|try again (?:later|in)|稍后(?:再试|重试)"
)
REFUSAL = _compile(r"can.?t\b|cannot|unable|sorry|won.?t\b|violat|polic(?:y|ies)|无法|不能|抱歉|对不起|违反|не могу")
