"""All methods the server knows, by Telegram's names."""

from tests.servers.telegram.methods import account, chats, edits, query_answers, receiving, sends, stars
from tests.servers.telegram.methods.call import Call, Handler

METHODS: dict[str, Handler] = {
    name: handler
    for module in (account, query_answers, chats, edits, receiving, sends, stars)
    for name, handler in module.METHODS.items()
}
LOWER = {name.lower(): name for name in METHODS}  # Telegram's method names are case-insensitive

__all__ = ["LOWER", "METHODS", "Call", "Handler"]
