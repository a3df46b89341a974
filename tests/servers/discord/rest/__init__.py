"""The REST routes that the server knows, gathered from the files beside this one."""

from tests.servers.discord.rest import callbacks, channels, commands, messages, users, webhooks
from tests.servers.discord.rest.call import Answer, Call, Routes

ROUTES: Routes = {
    **users.ROUTES,
    **channels.ROUTES,
    **messages.ROUTES,
    **callbacks.ROUTES,
    **webhooks.ROUTES,
    **commands.ROUTES,
}

__all__ = ["ROUTES", "Answer", "Call"]
