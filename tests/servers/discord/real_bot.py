"""Connects the real discord.py to the server. The only module of the server that imports discord.py."""

from collections.abc import Generator
from contextlib import contextmanager

import yarl
from discord.gateway import DiscordWebSocket
from discord.http import Route

from tests.servers.discord.server import DiscordServer


@contextmanager
def connect_discord_py(server: DiscordServer) -> Generator[None]:
    """Clients that log in within the block connect to `server`."""
    before = Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY
    Route.BASE = server.api_base
    DiscordWebSocket.DEFAULT_GATEWAY = yarl.URL(server.gateway_url)
    try:
        yield
    finally:
        Route.BASE, DiscordWebSocket.DEFAULT_GATEWAY = before
