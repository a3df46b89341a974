"""getUpdates, and the methods that set, delete and describe a webhook."""

import re
from typing import cast
from urllib.parse import urlsplit

from tests.servers.telegram.errors import Json, bad
from tests.servers.telegram.methods.call import Call, Handler

PORTS = (443, 80, 88, 8443)
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
LOOPBACK = ("127.0.0.1", "localhost", "::1")
MOST_CONNECTIONS, USUAL_CONNECTIONS = 100, 40


async def get_updates(call: Call) -> list[object]:
    updates = call.core.updates
    _allow(call)
    limit = call.integer("limit")
    given = await updates.poll(
        offset=call.integer("offset"),
        limit=100 if limit is None or not 1 <= limit <= 100 else limit,
        seconds=max(0, call.integer("timeout") or 0),
    )
    return [update.body for update in given]


def set_webhook(call: Call) -> bool:
    core = call.core
    url = call.string("url")
    if url is None:
        return delete_webhook(call)
    _check_url(url, http=core.switches.http_webhooks, local=core.switches.local)
    secret = call.string("secret_token")
    if secret is not None and not SECRET.fullmatch(secret):
        raise bad("secret token contains unallowed characters")
    connections = call.integer("max_connections")
    if connections is not None and not 1 <= connections <= (100_000 if core.switches.local else MOST_CONNECTIONS):
        raise bad("max_connections must be in range 1-100")
    _allow(call)
    if call.flag("drop_pending_updates"):
        core.updates.drop()
    core.updates.webhook_set = True
    core.updates.interrupt("terminated by setWebhook request")
    core.webhook.set(url, secret=secret, connections=connections or USUAL_CONNECTIONS)
    return True


def delete_webhook(call: Call) -> bool:
    core = call.core
    if call.flag("drop_pending_updates"):
        core.updates.drop()
    core.updates.webhook_set = False
    core.webhook.unset()
    return True


def webhook_info(call: Call) -> Json:
    core = call.core
    body = core.webhook.info | {"pending_update_count": len(core.updates.pending)}
    return body | ({"allowed_updates": list(core.updates.allowed)} if core.updates.allowed else {})


def _allow(call: Call) -> None:
    """`allowed_updates` stay as they were when none are given; an empty list means the usual ones."""
    given = call.array("allowed_updates")
    if given is not None:
        call.core.updates.allowed = tuple(cast("list[str]", given))


def _check_url(url: str, *, http: bool, local: bool) -> None:
    parts = urlsplit(url)
    if parts.scheme == "http" and (local or (http and parts.hostname in LOOPBACK)):
        return
    if parts.scheme != "https" or not parts.hostname:
        raise bad("bad webhook: An HTTPS URL must be provided for webhook")
    if (parts.port or 443) not in PORTS:
        raise bad("bad webhook: Webhook can be set up only on ports 80, 88, 443 or 8443")


METHODS: dict[str, Handler] = {
    "getUpdates": get_updates,
    "setWebhook": set_webhook,
    "deleteWebhook": delete_webhook,
    "getWebhookInfo": webhook_info,
}
