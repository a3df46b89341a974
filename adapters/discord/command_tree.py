"""The commands as discord.py calls them: whatever goes wrong before or within one, its user gets an answer.

What a command does is interactions.py's; which there are, commands.py's.
"""

from typing import Any

import discord
import structlog
from discord import app_commands
from typing_extensions import override

from adapters.discord.commands import Interaction
from adapters.discord.parsers import without_unused

log = structlog.get_logger()


class GatewayCommandTree(app_commands.CommandTree[Any]):
    """The commands. Whatever breaks one, discord.py would leave its user without an answer."""

    @override
    async def _call(self, interaction: Interaction) -> None:
        try:
            try:
                await super()._call(interaction)
            except app_commands.AppCommandError:
                raise
            except Exception as failed:  # before the command began, such as in a message that a menu was opened on
                reduced = without_unused(interaction.data)
                if reduced == interaction.data:
                    raise
                log.warning("discord command read anew", failure=type(failed).__name__)
                interaction.data = reduced
                await super()._call(interaction)
        except app_commands.AppCommandError:
            raise
        except Exception as failed:
            await self.client.run_event(self.client.handle_broken_interaction(interaction, failed))

    @override
    async def on_error(self, interaction: Interaction, error: app_commands.AppCommandError, /) -> None:
        if interaction.type is not discord.InteractionType.application_command:
            return  # nobody waits for an answer in words
        if isinstance(error, app_commands.CommandNotFound | app_commands.CommandSignatureMismatch):
            await self.client.run_event(self.client.refuse_changed_command(interaction))
        else:
            await self.client.run_event(self.client.handle_broken_interaction(interaction, error))
