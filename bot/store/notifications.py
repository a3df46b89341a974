"""What PostgreSQL tells processes that listen: one channel, on which short JSON messages arrive at the commit.

No-op on SQLite, where nobody listens.
"""

import json
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, text

from bot.ports import MAX_PAYLOAD_BYTES

CHANNEL = "easel"
_NOTIFY = text("SELECT pg_notify(:channel, :message)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Notification:
    """One message."""

    topic: str
    payload: Any
    """What JSON can say."""
    sender: str
    """Of whom it is: no process hears its own."""


def notify(conn: Connection, notification: Notification) -> None:
    """Tells all who listen, when the transaction is committed. Raises ValueError for a payload that is too long."""
    payload = json.dumps(notification.payload, allow_nan=False, separators=(",", ":"))
    if len(payload) > MAX_PAYLOAD_BYTES:
        raise ValueError(f"a message of {len(payload)} bytes on topic {notification.topic}")
    if conn.dialect.name != "postgresql":
        return
    head = json.dumps({"topic": notification.topic, "sender": notification.sender})
    conn.execute(_NOTIFY, {"channel": CHANNEL, "message": f"{head}\n{payload}"})


def read_notification(message: str) -> Notification:
    """Raises ValueError for what `notify` has not written."""
    head, _, payload = message.partition("\n")
    try:
        fields = json.loads(head)
        return Notification(topic=fields["topic"], sender=fields["sender"], payload=json.loads(payload))
    except (KeyError, TypeError) as error:
        raise ValueError("not a message of Easel's") from error
