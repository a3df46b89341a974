"""All methods the server knows, by Telegram's names."""

from tests.servers.telegram.methods import account, asked, chats, edits, fetching, sends, stars
from tests.servers.telegram.methods.call import Call, Handler

METHODS: dict[str, Handler] = {
    name: handler
    for module in (account, asked, chats, edits, fetching, sends, stars)
    for name, handler in module.METHODS.items()
}
LOWER = {name.lower(): name for name in METHODS}  # Telegram's method names are case-insensitive

__all__ = ["LOWER", "METHODS", "Call", "Handler"]
