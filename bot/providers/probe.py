"""Probes an upstream with a request that paints nothing, to check address, key and model.

For `easel check`. The results are sentences for the operator, in English like all terminal output.
"""

from collections.abc import Mapping
from typing import Any, cast

from bot.errors import Busy, PaintFailed, Rejected, SettingsWrong, WrongEndpoint
from bot.providers.diagnostics import endpoint_hint, remedy
from bot.providers.http.client import UpstreamClient, exchange
from bot.providers.http.json_safe import parse_json_documents
from bot.providers.http.quoting import redactions
from bot.providers.presets import Upstream

PROBE_TIMEOUT_S = 10.0  # seconds; nothing is painted, so a healthy upstream answers sooner
_NO_API = "HTTP 200 without JSON"  # a web page is at this address
_MAX_NAMED_MODELS = 5  # models named when the configured one is not listed: one line of a terminal


async def list_models(upstream: Upstream, client: UpstreamClient) -> set[str]:
    """The names of the models that it lists; empty where it lists none, or does not answer."""
    try:
        return await _fetch_models(upstream, client)
    except PaintFailed:
        return set()


async def probe_upstream(upstream: Upstream, client: UpstreamClient) -> str:
    """One sentence about a healthy upstream.

    Raises SettingsWrong when it is not healthy: one line that says what to do.
    """
    try:
        models = await _fetch_models(upstream, client)
    except PaintFailed as failure:
        return _judge_failure(upstream, failure)
    if not upstream.lists_models or not models or upstream.model in models:
        return f"answers at {upstream.base_url} and accepts the key"
    near = ", ".join(sorted(models, key=lambda name: (upstream.model[:9] not in name, name))[:_MAX_NAMED_MODELS])
    raise SettingsWrong([f"does not list the model {upstream.model}; it has {near}; set model"])


async def _fetch_models(upstream: Upstream, client: UpstreamClient) -> set[str]:
    """The names of its models; empty where it lists none. Raises PaintFailed."""
    headers = {"Accept": "application/json"} | upstream.headers()
    async with exchange(
        client, upstream.url(upstream.probe), None, headers, method="GET", repeatable=True,
        timeout_s=PROBE_TIMEOUT_S, idle_timeout_s=PROBE_TIMEOUT_S, redact=redactions(upstream.key, ""),
    ) as response:  # fmt: skip
        body = await response.read_body()
    documents = parse_json_documents(body.decode("utf-8", "replace"))
    if not documents:
        raise WrongEndpoint(detail=_NO_API)
    document: Mapping[str, Any] = cast(Mapping[str, Any], documents[0]) if isinstance(documents[0], Mapping) else {}
    listed = document.get("data")
    entries = cast(list[object], listed) if isinstance(listed, list) else []
    return {str(cast(Mapping[str, Any], each)["id"]) for each in entries if isinstance(each, Mapping) and "id" in each}


def _judge_failure(upstream: Upstream, failure: PaintFailed) -> str:
    """One sentence about an upstream whose probe failed in a way that proves nothing wrong.

    Raises SettingsWrong when the failure proves address or key wrong.
    """
    is_healthy = isinstance(failure, Busy | Rejected) or (
        isinstance(failure, WrongEndpoint) and not upstream.probe_proves
    )
    if is_healthy and failure.detail != _NO_API:
        return f"answers at {upstream.base_url}; whether it accepts the key shows at the first painting"
    why = failure.detail or type(failure).__name__
    if isinstance(failure, WrongEndpoint):
        why += f"; {endpoint_hint(upstream, why)}"
    raise SettingsWrong([f"{upstream.base_url}: {remedy(failure) or 'it failed'} ({why})"]) from failure
