"""Answers of relays that say HTTP 200 and hold no image, as a table: the failure each becomes in every dialect.

Shared by tests of the wire; asserts nothing by itself.
"""

from bot.errors import (
    BadCredentials,
    Busy,
    Moderated,
    OutOfFunds,
    SaidFailed,
)
from tests.wire.providers.failure_answer import (
    GOOGLE_KEY,
    MODERATION,
    SAFETY,
    Answer,
    openai,
    wrapped,
)

# Errors inside of an HTTP 200 that is nothing but the error.

IN_SUCCESS: tuple[Answer, ...] = (
    Answer(
        name="negative",
        body={"code": -1, "msg": "服务器开小差了", "data": None},
        becomes=SaidFailed,
        quote="服务器开小差了",
    ),
    Answer(name="markup", body={"code": -1, "msg": "<b>No luck</b> today"}, becomes=SaidFailed, quote="No luck today"),
    Answer(name="markup-moderated", body={"code": -1, "msg": '<font color="red">敏感词</font>'}, becomes=Moderated),
    Answer(name="negative-key", body={"code": -2, "msg": "apikey error: invalid api key"}, becomes=BadCredentials),
    Answer(name="own-number", body={"code": 10_003, "msg": "insufficient balance", "data": {}}, becomes=OutOfFunds),
    Answer(
        name="own-number-moderated",
        body={"code": 50_411, "message": "Pre Img Risk Not Pass: content policy", "data": None},
        becomes=Moderated,
    ),
    Answer(name="number-as-text", body={"code": "-1001", "message": "the queue is full"}, becomes=Busy),
    Answer(
        name="minimax", body={"base_resp": {"status_code": 1004, "status_msg": "login fail"}}, becomes=BadCredentials
    ),
    Answer(
        name="named",
        body={"code": "InvalidApiKey", "message": "Invalid API-key provided.", "request_id": "r"},
        becomes=BadCredentials,
    ),
    Answer(name="list", body=[{"error": GOOGLE_KEY}], becomes=BadCredentials),
    Answer(name="raw", body=wrapped(MODERATION), becomes=Moderated),
    Answer(name="success-false", body={"success": False, "message": "token quota is not enough"}, becomes=OutOfFunds),
    Answer(name="status-error", body={"status": "error", "message": SAFETY}, becomes=Moderated),
    Answer(name="wait", body=openai("Please try again in 20s", "rate_limit_exceeded"), becomes=Busy, wait=20),
    # errors by whatever name, since an answer without an image has nothing else to say
    Answer(name="ret", body={"ret": -1, "errmsg": "余额不足"}, becomes=OutOfFunds),
    Answer(name="result-code", body={"resultCode": "FAIL", "resultMsg": "invalid token"}, becomes=BadCredentials),
    Answer(name="ok-false", body={"ok": False, "message": "Too many requests"}, becomes=Busy),
    Answer(name="number-one", body={"code": 1, "msg": "提示词包含敏感词", "data": None}, becomes=Moderated),
    Answer(name="detail-alone", body={"detail": "Invalid token"}, becomes=BadCredentials),
    Answer(name="words-alone", body={"msg": "余额不足"}, becomes=OutOfFunds),
    Answer(name="error-is-a-number", body={"error": 401}, becomes=BadCredentials),
    Answer(name="error-is-a-status", body={"error": "429"}, becomes=Busy),
    Answer(name="capitals", body={"Error": {"Code": "InvalidApiKey", "Message": "wrong"}}, becomes=BadCredentials),
    Answer(
        name="volcengine",
        body={"ResponseMetadata": {"Error": {"Code": "SensitiveContentDetected", "Message": "no"}}},
        becomes=Moderated,
    ),
    Answer(name="error-in-the-data", body={"code": 200, "data": {"error": {"message": SAFETY}}}, becomes=Moderated),
    Answer(name="sentence-as-data", body={"code": -1, "data": SAFETY}, becomes=Moderated),
    Answer(name="item", body={"data": [{"finish_reason": "content_filter"}]}, becomes=Moderated),
    Answer(name="block-reason", body={"promptFeedback": {"blockReason": "SAFETY"}}, becomes=Moderated),
    Answer(
        name="unknown-words", body={"message": "the painter is ill"}, becomes=SaidFailed, quote="the painter is ill"
    ),
)
