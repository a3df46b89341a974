"""The users behind messages and interactions, with all that is known of their language and roles."""

from collections.abc import Sequence
from dataclasses import replace

import discord

from adapters.discord import decode
from adapters.discord.commands import Interaction
from adapters.discord.state import DiscordState
from bot.chat import User
from bot.texts import negotiate_locale


class Users:
    """Decodes senders, and remembers what each event tells of them."""

    def __init__(self, state: DiscordState) -> None:
        self._state = state

    def of_message(self, message: discord.Message) -> User:
        """A message tells no language: the author's own as last seen, else that of a community."""
        author, guild = message.author, message.guild
        locale = self._state.locale(str(author.id))
        if locale is None and guild is not None and "COMMUNITY" in guild.features:
            locale = guild.preferred_locale.value
        return self._decode(author, locale, guild.id if guild else None)

    def of_interaction(self, interaction: Interaction) -> User:
        locale = interaction.locale.value
        self._state.remember_locale(str(interaction.user.id), locale)
        # not `entitlement_sku_ids`: discord.py 2.7 looks for them under a name that Discord does not send
        skus = [entitlement.sku_id for entitlement in interaction.entitlements if not entitlement.deleted]
        return self._decode(interaction.user, locale, interaction.guild_id, skus)

    def _decode(
        self, user: discord.abc.User, locale: str | None, guild_id: int | None, skus: Sequence[int] = ()
    ) -> User:
        """With the roles of all guilds, wherever the user writes."""
        decoded = decode.decode_user(user, locale=locale, skus=skus)
        return replace(decoded, roles=self._state.merge_roles(decoded.id, guild_id or 0, decoded.roles))


def interaction_locale(interaction: Interaction) -> str:
    """The language of ours that the user's client is set to."""
    return negotiate_locale(interaction.locale.value)
