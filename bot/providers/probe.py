"""Asks an upstream something that paints nothing, and says what the answer tells of address, key and model.

For `easel check`. The answers are words for the operator, in English like all that a terminal shows.
"""

from collections.abc import Mapping
from typing import Any, cast
from urllib.parse import urlencode

from bot.errors import Busy, PaintFailed, Rejected, SettingsWrong, WrongEndpoint
from bot.providers.diagnostics import endpoint_hint, remedy
from bot.providers.http.client import UpstreamClient, exchange
from bot.providers.http.json_safe import parse_json_documents
from bot.providers.presets import ImagesWire, Upstream

PROBE_TIMEOUT_S = 10.0  # seconds; nothing is painted, so an answer that takes longer is none
_NO_API = "HTTP 200 without JSON"  # a web page lives there
_NAMED = 5  # models that are named when the configured one is not among them


async def probe_upstream(upstream: Upstream, client: UpstreamClient) -> str:
    """What an operator may know of an upstream that is well.

    Raises SettingsWrong with one line that says what to do when it is not.
    """
    try:
        models = await _fetch_models(upstream, client)
    except PaintFailed as failed:
        return _judge_failure(upstream, failed)
    if not upstream.lists_models or not models or upstream.model in models:
        return f"answers at {upstream.base_url} and accepts the key"
    near = ", ".join(sorted(models, key=lambda name: (upstream.model[:9] not in name, name))[:_NAMED])
    raise SettingsWrong([f"does not list the model {upstream.model}; it has {near}; set model"])


async def _fetch_models(upstream: Upstream, client: UpstreamClient) -> set[str]:
    """The names of its models; empty where it lists none. Raises PaintFailed."""
    query: Mapping[str, str] = upstream.wire.query if isinstance(upstream.wire, ImagesWire) else {}
    address = upstream.url(upstream.probe) + (f"?{urlencode(query)}" if query else "")
    headers = {"Accept": "application/json"} | upstream.auth_headers()
    async with exchange(
        client, address, None, headers, method="GET", repeatable=True,
        timeout_s=PROBE_TIMEOUT_S, idle_timeout_s=PROBE_TIMEOUT_S, redact=[upstream.key],
    ) as answer:  # fmt: skip
        body = await answer.read_body()
    documents = parse_json_documents(body.decode("utf-8", "replace"))
    if not documents:
        raise WrongEndpoint(detail=_NO_API)
    document: Mapping[str, Any] = cast(Mapping[str, Any], documents[0]) if isinstance(documents[0], Mapping) else {}
    listed = document.get("data")
    entries = cast(list[object], listed) if isinstance(listed, list) else []
    return {str(cast(Mapping[str, Any], each)["id"]) for each in entries if isinstance(each, Mapping) and "id" in each}


def _judge_failure(upstream: Upstream, failed: PaintFailed) -> str:
    """An upstream that answers is well, unless its answer shows what is wrong.

    Raises SettingsWrong where it does.
    """
    answers = isinstance(failed, Busy | Rejected) or (isinstance(failed, WrongEndpoint) and not upstream.probe_proves)
    if answers and failed.detail != _NO_API:
        return f"answers at {upstream.base_url}; whether it accepts the key shows at the first painting"
    why = failed.detail or type(failed).__name__
    if isinstance(failed, WrongEndpoint):
        why += f"; {endpoint_hint(upstream, why)}"
    raise SettingsWrong([f"{upstream.base_url}: {remedy(failed) or 'it failed'} ({why})"]) from failed
