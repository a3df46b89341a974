"""What upstreams say when they fail, in their own words and languages, and the class of each; no wire."""

import json
from datetime import UTC, datetime

import pytest

from bot.errors import (
    AccountBlocked,
    BadCredentials,
    Busy,
    Moderated,
    OutOfFunds,
    PaintFailed,
    TooLarge,
    WrongModel,
)
from bot.providers.http.failures import failure_of_response
from bot.providers.http.quoting import Redactions
from bot.providers.http.scripts import to_simplified

NOW = datetime(2026, 11, 29, 22, 0, tzinfo=UTC)
IN_30_S = int(NOW.timestamp()) + 30

WORDS: dict[type[PaintFailed], tuple[str, ...]] = {
    Moderated: (
        "Your request was rejected by our safety system",
        "This request has been blocked by our content filters.",
        "The prompt contains words that are not allowed.",
        "Prompt contains banned words: nude",
        "Banned prompt detected",
        "Your input was flagged as potentially harmful",
        "Image generation blocked: prompt is unsafe",
        "We're so sorry, but the image we created may violate our guardrails around nudity.",
        "Unable to show the generated image. The model's output violated Vertex AI's usage guidelines.",
        "gemini blocked: SAFETY",
        "response blocked, finishReason=IMAGE_SAFETY",
        "finish_reason: content_filter",
        "Failure to pass the risk control system",
        "您的请求被安全系统拒绝",
        "输入内容包含违禁词，请修改后重试",
        "该图片可能不符合我们的使用政策",
        "内容不合规，无法生成",
        "触发了安全策略",
        "图片中含有色情内容",
        "提示词未通过安全检测",
        "提示詞包含敏感內容，請修改",
        "內容審查未通過",
        "检测到不当内容",
        "输入文本含有不安全信息",
        "Запрос отклонён системой безопасности",
        "Ваш запрос нарушает правила использования",
    ),
    AccountBlocked: (
        "Your access was terminated due to violation of our policies",
        "Your API access has been temporarily suspended because of repeated content policy violations",
        "Your subscription has been blocked for violating the content policy",
        "Access denied: this account was blocked for violating our usage policies",
        "You have been temporarily blocked from generating images due to repeated policy violations",
        "Your API key has been blocked due to abuse.",
        "您的账号因违反内容政策已被封禁",
        "用户已被封禁",
        "帳號已被停用",
    ),
    BadCredentials: (
        "User location is not supported for the API use.",
        "无效的API Key",
        "令牌验证失败",
        "API密钥不正确",
        "该令牌无权访问模型 gpt-image-1",
        "令牌無效",
    ),
    OutOfFunds: (
        "You have reached your monthly spending limit",
        "Key limit exceeded (total limit).",
        "quota exceeded, limit=0",
        "您的餘額不足",
        "当前账户积分不够",
        "Недостаточно средств на балансе",
    ),
    WrongModel: (
        "No available channel for model gpt-image-1 under group default (distributor)",
        "分组 default 下模型 gpt-image-1 的可用渠道不存在（distributor）",
    ),
    TooLarge: (
        "Image file too large: 52MB, max 50MB",
        "图片大小不能超过10MB",
        "上传的图片太大了",
        "Request too large for gpt-image-1 on tokens per min (TPM): Limit 30000, Requested 40000",
    ),
    Busy: ("当前访问人数过多，请稍后再试", "系統繁忙，請稍後再試", "上游服务繁忙", "Сервер перегружен"),
}

# Ordinary refusals of a request, and ordinary outages, whose words come near to those above
OTHERWISE = (
    "Invalid image: content type not allowed",
    "Extra inputs are not permitted",
    "size 8x8 is not allowed for this model",
    "Content is not allowed in prolog.",
    "For image edits an explicit mask is required",
    "The image data you provided does not represent a valid image",
    "Your prompt is empty",
    "Internal error encountered.",
    "输入参数不合法",
    "尺寸不符合要求",
    "提示词不能为空",
    "内容长度超过限制",
    "非法图片格式",
    "图片数量超过上限",
    "请检查输入内容",
    "安全验证失败",
    "模型暂不可用",
)


def said(words: str, status: int = 500, **headers: str) -> PaintFailed:
    body = json.dumps({"error": {"message": words}}, ensure_ascii=False).encode()
    return failure_of_response(
        status, {name.replace("_", "-"): value for name, value in headers.items()}, body, now=NOW
    )


@pytest.mark.parametrize(("becomes", "words"), [(each, words) for each, listed in WORDS.items() for words in listed])
def test_words_name_a_failure(becomes: type[PaintFailed], words: str) -> None:
    assert type(said(words)) is becomes
    assert type(said(words, 400)) is becomes


@pytest.mark.parametrize("words", OTHERWISE)
def test_words_of_other_failures_do_not(words: str) -> None:
    assert type(said(words, 400)).__name__ == "Rejected"
    assert type(said(words, 500)).__name__ == "UpstreamDown"


@pytest.mark.parametrize(
    ("words", "wait"),
    [
        ("Please retry in 1 minute.", 60),
        ("Please try again in a minute.", 60),
        ("Please try again in one minute", 60),
        ("Please try again in 500ms.", 0.5),
        ("Please try again in 2m.", 120),
        ("Please try again in 1h2m3s.", 3723),
        ("Rate limited, 12 seconds remaining", 12),
        ("請求過於頻繁，請 5 秒後再試", 5),
        ("Повторите через 15 секунд.", 15),
        ("Please try again in a while.", None),
    ],
)
def test_words_name_a_time(words: str, wait: float | None) -> None:
    failed = said(words, 429)
    assert isinstance(failed, Busy)
    assert failed.retry_after == (wait if wait is None else pytest.approx(wait))


@pytest.mark.parametrize(
    ("headers", "wait"),
    [
        ({"retry_after": "2026-11-29T22:00:30Z"}, 30),
        ({"retry_after": "Sunday, 29-Nov-26 22:00:30 GMT"}, 30),
        ({"x_ratelimit_reset_requests": "12s"}, 12),
        (
            {
                "x_ratelimit_reset_requests": "1m30s",
                "x_ratelimit_remaining_requests": "0",
                "x_ratelimit_reset_tokens": "9m",
                "x_ratelimit_remaining_tokens": "900",
            },
            90,
        ),
        ({"x_ratelimit_reset": "30", "x_ratelimit_remaining": "unknown"}, 30),
        ({"ratelimit_reset": "30"}, 30),
        ({"x_ratelimit_reset": str(IN_30_S)}, 30),
        ({"x_ratelimit_reset": f"{IN_30_S}000"}, 30),
        ({"x_ratelimit_reset": "-1"}, None),
        ({"x_ratelimit_reset": "soon"}, None),
        ({"retry_after": "0", "x_ratelimit_reset": "30"}, 0),
    ],
)
def test_headers_name_a_time(headers: dict[str, str], wait: float | None) -> None:
    failed = said("Slow down", 429, **headers)
    assert isinstance(failed, Busy)
    assert failed.retry_after == wait


def test_a_moment_needs_a_clock() -> None:
    failed = failure_of_response(429, {"x-ratelimit-reset": str(IN_30_S)}, b"")
    assert isinstance(failed, Busy)
    assert failed.retry_after is None


def test_a_router_quotes_the_headers_of_the_answer_behind_it() -> None:
    quoted = {"X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0", "X-RateLimit-Reset": f"{IN_30_S}000"}
    body = {"error": {"message": "Rate limit exceeded", "code": 429, "metadata": {"headers": quoted}}}
    failed = failure_of_response(429, {}, json.dumps(body).encode(), now=NOW)
    assert isinstance(failed, Busy)
    assert failed.retry_after == 30


def test_a_quota_of_nothing_is_named_by_a_field() -> None:
    for quota in ({"metadata": {"quota_limit_value": "0"}}, {"violations": [{"quotaValue": 0}]}):
        details = [{"reason": "RATE_LIMIT_EXCEEDED", **quota}]
        body = [{"error": {"code": 429, "status": "RESOURCE_EXHAUSTED", "message": "Quota", "details": details}}]
        assert type(failure_of_response(429, {}, json.dumps(body).encode())) is OutOfFunds


def test_no_code_in_a_quoted_prompt_decides() -> None:
    prompt = "a poster that says: HTTP status 401, blocked: SAFETY"
    body = json.dumps({"error": {"message": f"cannot render: {prompt}"}}).encode()
    assert type(failure_of_response(500, {}, body, redact=Redactions(prompt=prompt))).__name__ == "UpstreamDown"


def test_traditional_characters_become_simplified() -> None:
    assert to_simplified("內容審核 ok") == "内容审核 ok"
    assert to_simplified("ok") == "ok"
