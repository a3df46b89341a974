"""What relays answer when they fail, as a table: what it looked like, and the failure it must become in every dialect.

Shared by the tests of the wire and by the one that holds the documentation against it; asserts nothing by itself.
"""

import json
from dataclasses import dataclass

from bot.errors import (
    PaintFailed,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """One answer of an upstream without an image."""

    name: str
    body: object
    """A document, or the text of a body."""
    becomes: type[PaintFailed]
    status: int = 400
    headers: tuple[str, ...] = ()
    wait: float | None = None
    """Seconds that it asks to wait."""
    quote: str | None = None
    """What a member reads of it; None: nothing is quoted."""

    def __str__(self) -> str:
        return self.name

    @property
    def text(self) -> str:
        return self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)


def openai(message: str, code: object = None, kind: str | None = None) -> dict[str, object]:
    return {"error": {"message": message, "type": kind, "param": None, "code": code}}


def wrapped(raw: object, code: int = 400) -> dict[str, object]:
    """OpenRouter passes on what a provider has said, as text."""
    text = raw if isinstance(raw, str) else json.dumps(raw)
    metadata = {"raw": text, "provider_name": "OpenAI", "is_byok": False}
    return {"error": {"message": "Provider returned error", "code": code, "metadata": metadata}, "user_id": "user_1"}


SAFETY = "Your request was rejected by the safety system."
BLOCKED = (
    "Your resource has been temporarily blocked because we detected behavior that may violate our content policy. For "
    "more details on Azure OpenAI service content policy, please visit https://aka.ms/aoaicodeofconduct"
)
NGINX = (
    "<html>\r\n<head><title>413 Request Entity Too Large</title></head>\r\n<body>\r\n"
    "<center><h1>413 Request Entity Too Large</h1></center>\r\n<hr><center>nginx</center>\r\n</body>\r\n</html>\r\n"
)
CHALLENGE = (
    '<!DOCTYPE html><html lang="en-US"><head><title>Just a moment...</title></head><body><noscript>Enable JavaScript '
    "and cookies to continue</noscript><script>window._cf_chl_opt={cType: 'managed'}</script></body></html>"
)
ATTENTION = "<!DOCTYPE html><html><head><title>Attention Required! | Cloudflare</title></head></html>"
GOOGLE_KEY = {
    "code": 400,
    "message": "API key not valid. Please pass a valid API key.",
    "status": "INVALID_ARGUMENT",
    "details": [{"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}],
}
GOOGLE_QUOTA = (
    "You exceeded your current quota, please check your plan and billing details.\n* Quota exceeded for metric: "
    "generativelanguage.googleapis.com/generate_content_free_tier_requests, limit: {limit}, model: "
    "gemini-2.5-flash-preview-image\nPlease retry in 12.5s."
)


def google_quota(limit: str) -> dict[str, object]:
    details = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "12s"}]
    message = GOOGLE_QUOTA.format(limit=limit)
    return {"error": {"code": 429, "message": message, "status": "RESOURCE_EXHAUSTED", "details": details}}


def nested_blocked() -> dict[str, object]:
    """Three relays, each of which has put the answer of the one before into a text."""
    azure = json.dumps({"error": {"code": "Forbidden", "message": BLOCKED}})
    inner = json.dumps({"error": "Forbidden", "message": azure, "requestParameters": {"prompt": "a cat"}})
    return {"success": False, "error": {"message": inner}}


MODERATION = openai(f"{SAFETY} safety_violations=[sexual].", "moderation_blocked", "image_generation_user_error")
