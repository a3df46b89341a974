"""Errors of relays as a table: what it looked like, and the failure it must become in every dialect.

Shared by tests of the wire; asserts nothing by itself. Wordings alone are in `unit/providers/http`.
"""

import json

from bot.errors import (
    AccountBlocked,
    BadCredentials,
    Busy,
    Firewalled,
    Moderated,
    NoAnswer,
    OutOfFunds,
    Rejected,
    TooLarge,
    UpstreamDown,
    WrongModalities,
    WrongModel,
)
from tests.wire.providers.failure_answer import (
    ATTENTION,
    BLOCKED,
    CHALLENGE,
    GOOGLE_KEY,
    MODERATION,
    NGINX,
    SAFETY,
    Answer,
    google_quota,
    nested_blocked,
    openai,
    wrapped,
)

ERRORS: tuple[Answer, ...] = (
    # content rules: the member's prompt
    Answer(name="raw-moderation", body=wrapped(MODERATION), becomes=Moderated),
    Answer(name="raw-moderation-as-502", body=wrapped(MODERATION, 502), status=502, becomes=Moderated),
    Answer(name="raw-twice", body=wrapped(wrapped(MODERATION)), becomes=Moderated),
    Answer(name="raw-four-times", body=wrapped(wrapped(wrapped(wrapped(MODERATION)))), becomes=Moderated),
    Answer(name="fields-of-a-form", body={"errors": {"prompt": ["violates our content policy"]}}, becomes=Moderated),
    Answer(name="block-reason", body={"promptFeedback": {"blockReason": "SAFETY"}}, becomes=Moderated),
    Answer(name="raw-words", body=wrapped(SAFETY, 500), status=500, becomes=Moderated),
    Answer(name="safety-500", body=openai(SAFETY), status=500, becomes=Moderated),
    Answer(name="safety-text", body=f"upstream error: {SAFETY}", status=500, becomes=Moderated),
    Answer(
        name="dall-e-safety",
        body=openai("Your request was rejected as a result of our safety system."),
        becomes=Moderated,
    ),
    Answer(
        name="sdk-repr",
        body=openai(
            "Error code: 400 - {'error': {'message': 'The response was filtered due to the prompt triggering Azure "
            "OpenAI\\'s content management policy.', 'type': None, 'param': 'prompt', 'code': 'content_filter', "
            "'status': 400}}"
        ),
        status=500,
        becomes=Moderated,
    ),
    Answer(
        name="ark",
        body=openai(
            "The request failed because the output image may contain sensitive information.",
            "OutputImageSensitiveContentDetected.PolicyViolation",
        ),
        becomes=Moderated,
    ),
    Answer(
        name="dashscope",
        body={"code": "DataInspectionFailed", "message": "Output data may contain inappropriate content."},
        becomes=Moderated,
    ),
    Answer(
        name="fal",
        body={
            "detail": [
                {
                    "loc": ["body", "prompt"],
                    "msg": "The content could not be processed because it contained "
                    "material flagged by a content checker.",
                    "type": "content_policy_violation",
                }
            ]
        },
        status=422,
        becomes=Moderated,
    ),
    Answer(
        name="xai",
        body={
            "code": "The caller does not have permission",
            "error": "Content violates usage guidelines. Team: t, API key ID: k, Failed check: SAFETY_CHECK_TYPE_BIO",
        },
        status=403,
        becomes=Moderated,
    ),
    Answer(name="one-api-words", body=openai("提示词包含敏感词", "prompt_blocked", "new_api_error"), becomes=Moderated),
    Answer(
        name="google-blocked",
        body=openai("request blocked by Gemini API: PROHIBITED_CONTENT"),
        status=500,
        becomes=Moderated,
    ),
    # the operator's account
    Answer(
        name="azure-blocked",
        body={"error": {"code": "Forbidden", "message": BLOCKED}},
        status=403,
        becomes=AccountBlocked,
    ),
    Answer(name="azure-blocked-three-deep", body=nested_blocked(), status=500, becomes=AccountBlocked),
    Answer(
        name="deactivated",
        body=openai("The OpenAI account associated with this API key has been deactivated.", "account_deactivated"),
        status=401,
        becomes=AccountBlocked,
    ),
    Answer(name="banned", body=openai("User has been banned"), status=403, becomes=AccountBlocked),
    Answer(
        name="google-suspended",
        body=[
            {
                "error": {
                    "code": 403,
                    "status": "PERMISSION_DENIED",
                    "message": "Permission denied: Consumer 'api_key:AIza' has been suspended.",
                }
            }
        ],
        status=403,
        becomes=AccountBlocked,
    ),
    Answer(name="google-key", body=[{"error": GOOGLE_KEY}], becomes=BadCredentials),
    Answer(name="google-key-object", body={"error": GOOGLE_KEY}, becomes=BadCredentials),
    Answer(
        name="google-key-in-text", body=openai(json.dumps([{"error": GOOGLE_KEY}])), status=500, becomes=BadCredentials
    ),
    Answer(
        name="one-api-token",
        body=openai("无效的令牌 (request id: 2026)", None, "new_api_error"),
        status=401,
        becomes=BadCredentials,
    ),
    Answer(
        name="unverified",
        body=openai("Your organization must be verified to use the model `gpt-image-1`."),
        status=403,
        becomes=WrongModel,
    ),
    Answer(name="plain-401", body="Unauthorized", status=401, becomes=BadCredentials),
    # the operator's balance
    Answer(
        name="one-api-quota",
        body=openai(
            "token quota is not enough, token remain quota: ¥0.1, need quota: ¥0.2",
            "pre_consume_token_quota_failed",
            "new_api_error",
        ),
        status=403,
        becomes=OutOfFunds,
    ),
    Answer(name="one-api-quota-words", body=openai("user quota is not enough"), status=403, becomes=OutOfFunds),
    Answer(name="one-api-balance", body=openai("预扣费额度失败, 用户剩余额度: ¥0.0"), status=403, becomes=OutOfFunds),
    Answer(
        name="insufficient-quota",
        body=openai(
            "You exceeded your current quota, please check your plan and billing details.",
            "insufficient_quota",
            "insufficient_quota",
        ),
        status=429,
        headers=("Retry-After: 2",),
        becomes=OutOfFunds,
    ),
    Answer(name="google-limit-0", body=google_quota("0"), status=429, becomes=OutOfFunds),
    Answer(
        name="openai-limit-0",
        body=openai(
            "Rate limit reached for gpt-image-1 in organization org-1 on images per "
            "min: Limit 0, Used 0, Requested 1. Please try again in 12s.",
            "rate_limit_exceeded",
            "images",
        ),
        status=429,
        becomes=OutOfFunds,
    ),
    Answer(
        name="fal-balance",
        body={"detail": "User is locked. Reason: Exhausted balance. Top up your balance at fal.ai/dashboard/billing."},
        status=403,
        becomes=OutOfFunds,
    ),
    Answer(
        name="kie-credits",
        body={"code": 402, "msg": "Credits insufficient", "data": None},
        status=402,
        becomes=OutOfFunds,
    ),
    # limits of the moment
    Answer(
        name="openai-12s",
        body=openai(
            "Rate limit reached for gpt-image-1 (for limit gpt-image) on images per min: "
            "Limit 5, Used 5, Requested 1. Please try again in 12s.",
            "rate_limit_exceeded",
            "images",
        ),
        status=429,
        becomes=Busy,
        wait=12,
    ),
    Answer(
        name="openai-6.2s",
        body=openai("Rate limit reached. Please try again in 6.2s. Visit https://x.example"),
        status=429,
        becomes=Busy,
        wait=6.2,
    ),
    Answer(name="openai-1m30s", body=openai("Please try again in 1m30s."), status=429, becomes=Busy, wait=90),
    Answer(
        name="minutes", body=openai("Too many requests, try again in 2 minutes"), status=429, becomes=Busy, wait=120
    ),
    Answer(
        name="azure-30",
        body=openai("Requests have exceeded call rate limit. Please retry after 30 seconds.", "429"),
        status=429,
        becomes=Busy,
        wait=30,
    ),
    Answer(name="google-limit-15", body=google_quota("15"), status=429, becomes=Busy, wait=12),
    Answer(
        name="openrouter-429",
        body=wrapped("x is temporarily rate-limited upstream. Please retry shortly.", 429),
        status=429,
        becomes=Busy,
    ),
    Answer(name="raw-429-as-500", body=wrapped(openai("Slow down", 429), 500), status=500, becomes=Busy),
    Answer(name="header", body="busy", status=429, headers=("Retry-After: 3",), becomes=Busy, wait=3),
    Answer(
        name="header-date",
        body="busy",
        status=429,
        headers=("Date: Wed, 21 Oct 2026 07:28:00 GMT", "Retry-After: Wed, 21 Oct 2026 07:28:30 GMT"),
        becomes=Busy,
        wait=30,
    ),
    Answer(
        name="503-header",
        body=openai("Service unavailable"),
        status=503,
        headers=("Retry-After: 2",),
        becomes=Busy,
        wait=2,
    ),
    Answer(
        name="503-page", body="<html>Maintenance</html>", status=503, headers=("Retry-After: 2",), becomes=Busy, wait=2
    ),
    Answer(
        name="529-header",
        body=openai("Overloaded", kind="overloaded_error"),
        status=529,
        headers=("Retry-After: 2",),
        becomes=Busy,
        wait=2,
    ),
    Answer(
        name="google-overloaded",
        body={
            "error": {
                "code": 503,
                "message": "The model is overloaded. Please try again later.",
                "status": "UNAVAILABLE",
            }
        },
        status=503,
        becomes=Busy,
    ),
    Answer(
        name="one-api-saturated",
        body=openai("当前分组上游负载已饱和，请稍后再试 (request id: 2026)", None, "new_api_error"),
        status=429,
        becomes=Busy,
    ),
    # too large
    Answer(name="nginx-413", body=NGINX, status=413, becomes=TooLarge),
    Answer(name="nginx-413-as-502", body=NGINX, status=502, becomes=TooLarge),
    Answer(name="nginx-413-as-500", body=openai(NGINX), status=500, becomes=TooLarge),
    Answer(
        name="openai-413",
        body=openai("Maximum content size limit (26214400) exceeded (26428490 bytes read)"),
        status=413,
        becomes=TooLarge,
    ),
    Answer(
        name="google-payload",
        body={
            "error": {
                "code": 400,
                "status": "INVALID_ARGUMENT",
                "message": "Request payload size exceeds the limit: 20971520 bytes.",
            }
        },
        becomes=TooLarge,
    ),
    Answer(name="vercel", body="Request Entity Too Large\n\nFUNCTION_PAYLOAD_TOO_LARGE", status=413, becomes=TooLarge),
    # the address, the upstream itself
    Answer(
        name="no-endpoint",
        body=openai("No endpoints found for google/gemini-1.", 404),
        status=404,
        becomes=WrongModel,
    ),
    Answer(
        name="no-channel",
        body=openai("当前分组 default 下对于模型 gpt-image-2 无可用渠道", None, "new_api_error"),
        status=503,
        becomes=WrongModel,
    ),
    Answer(
        name="model-by-parameter",
        body={
            "error": {
                "message": "Invalid value: 'gpt-image-9'. Supported values are: 'gpt-image-2' and 'gpt-image-1.5'.",
                "type": "invalid_request_error",
                "param": "model",
                "code": "invalid_value",
            }
        },
        becomes=WrongModel,
    ),
    Answer(
        name="only-images", body=openai("This model only supports output modalities: image"), becomes=WrongModalities
    ),
    Answer(
        name="modalities-by-parameter",
        body={"error": {"message": "Invalid value: 'text'.", "param": "modalities[1]", "code": "invalid_value"}},
        becomes=WrongModalities,
    ),
    Answer(
        name="page-502",
        body='<!DOCTYPE html><html><body>Bad gateway {"error": 1}</body></html>',
        status=502,
        becomes=UpstreamDown,
    ),
    # what stands in front of the upstream: neither the key nor the request were looked at
    Answer(name="challenge-403", body=CHALLENGE, status=403, becomes=Firewalled),
    Answer(name="challenge-503", body=CHALLENGE, status=503, headers=("Retry-After: 2",), becomes=Firewalled),
    Answer(name="challenge-401", body=CHALLENGE, status=401, becomes=Firewalled),
    Answer(name="attention-403", body=ATTENTION, status=403, becomes=Firewalled),
    Answer(
        name="nginx-403",
        body=NGINX.replace("413 Request Entity Too Large", "403 Forbidden"),
        status=403,
        becomes=Firewalled,
    ),
    Answer(name="page-451", body="<html>Unavailable For Legal Reasons</html>", status=451, becomes=Firewalled),
    Answer(name="cloudflare-1020", body="error code: 1020", status=403, becomes=Firewalled),
    Answer(
        name="cloudflare-json",
        body={"title": "Error 1010: Access denied", "status": 403, "detail": "The site owner has blocked access."},
        status=403,
        becomes=Firewalled,
    ),
    Answer(name="page-403-as-500", body=openai(NGINX.replace("413", "403")), status=500, becomes=Firewalled),
    Answer(name="cloudflare-1015", body="error code: 1015", status=429, becomes=Busy),
    Answer(name="503-silent", body="", status=503, becomes=UpstreamDown),
    Answer(name="504", body="<html>504 Gateway Time-out</html>", status=504, becomes=NoAnswer),
    # refused for what was asked
    Answer(
        name="raw-size",
        body=wrapped(openai("Invalid size '8x8'.", "invalid_value", "invalid_request_error")),
        becomes=Rejected,
        quote="Invalid size '8x8'.",
    ),
    Answer(
        name="raw-images",
        body=wrapped(
            openai("Model 'x' supports at most 1 image per prompt.", "invalid_request_error", "invalid_request_error")
        ),
        becomes=Rejected,
        quote="Model 'x' supports at most 1 image per prompt.",
    ),
    Answer(name="no-words", body={"error": {"code": "invalid_size"}}, becomes=Rejected, quote="HTTP 400 invalid_size"),
    Answer(
        name="cut-json",
        body='{"error": {"message": "Invalid size.", "code": "invalid_size", "param": "si',
        becomes=Rejected,
        quote="Invalid size.",
    ),
    Answer(
        name="fastapi",
        body={"detail": [{"loc": ["body", "n"], "msg": "Input should be less than 5"}]},
        status=422,
        becomes=Rejected,
        quote="Input should be less than 5",
    ),
)
