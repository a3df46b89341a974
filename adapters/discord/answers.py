"""The first answer to an interaction, within Discord's three seconds, and words for the member alone.

Knows who asks and by which token they are answered; what is asked is interactions.py's.
"""

from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager

import aiohttp
import discord
import structlog

from adapters.discord import decode, encode
from adapters.discord.commands import Interaction
from adapters.discord.errors import ACKNOWLEDGED, Refused
from adapters.discord.sender import Sender
from adapters.discord.state import DiscordState
from adapters.discord.tokens import InteractionToken
from bot.chat import ButtonReply, Card, User
from bot.clock import Clock
from bot.errors import ChatBusy, ChatUnreachable, EaselError
from bot.texts import choose, explain

log = structlog.get_logger()

ANSWERS = 2  # tries of a first answer: a third would come too late
REFUSED = object()  # what `call` gives when Discord did not take an answer


class Answers:
    """Acknowledges interactions and writes their tokens down."""

    def __init__(self, *, sender: Sender, notebook: DiscordState, clock: Clock) -> None:
        self._sender = sender
        self._notebook = notebook
        self._clock = clock

    def member(self, user: discord.abc.User, locale: str | None, guild: int | None, skus: Sequence[int] = ()) -> User:
        """A member with all that is known of their standing, wherever they write."""
        decoded = decode.decode_user(user, locale=locale, skus=skus)
        tiers = self._notebook.standing(decoded.id, guild or 0, decoded.roles)
        return User(platform=decoded.platform, id=decoded.id, name=decoded.name, locale=decoded.locale, roles=tiers)

    def sender_of(self, interaction: Interaction) -> User:
        locale = interaction.locale.value
        self._notebook.speaks(str(interaction.user.id), locale)
        # not `entitlement_sku_ids`: discord.py 2.7 looks for them under a name that Discord does not send
        skus = [each.sku_id for each in interaction.entitlements if not each.deleted]
        return self.member(interaction.user, locale, interaction.guild_id, skus)

    async def acknowledge(self, interaction: Interaction, *, private: bool) -> InteractionToken | None:
        """Shows "thinking" at once. None: Discord did not take it, and shows its own sentence."""
        made = await self.call(lambda: interaction.response.defer(thinking=True, ephemeral=private))
        if made is REFUSED:
            return None
        ticket = self.ticket(interaction, alone=private or decode.is_alone(interaction), private=private)
        message = getattr(made, "message_id", None)
        if message is not None:
            ticket.original = str(message)
            ticket.messages.append(ticket.original)
            self._notebook.mine(ticket.original)
        self._notebook.book.add(ticket)
        await self._notebook.save(ticket)
        return ticket

    async def call(self, answer: Callable[[], Awaitable[object]]) -> object:
        """The first answer to an interaction, given once more when the connection breaks; REFUSED when it was not
        taken."""
        for _ in range(ANSWERS):
            try:
                return await answer()
            except discord.HTTPException as refused:
                if refused.code == ACKNOWLEDGED:
                    return None
                log.warning("interaction not answered", status=refused.status, code=refused.code)
                break
            except (discord.DiscordException, aiohttp.ClientError, OSError) as failed:
                log.warning("interaction not answered", failure=type(failed).__name__)
        return REFUSED

    def ticket(self, interaction: Interaction, *, alone: bool, private: bool = False) -> InteractionToken:
        return InteractionToken(
            id=f"i{interaction.id}",
            token=interaction.token,
            born=self._now(),
            limit=interaction.filesize_limit,
            user=str(interaction.user.id),
            alone=alone,
            private=private,
        )

    @asynccontextmanager
    async def words(self, interaction: Interaction, ticket: InteractionToken) -> AsyncGenerator[None]:
        """A bug of ours leaves nobody looking at "thinking"."""
        try:
            yield
        except Exception:
            log.exception("interaction broke", interaction=ticket.id)
            await self.whisper(ticket, ButtonReply(text=explain(self.locale(interaction), EaselError())))

    async def whisper(self, ticket: InteractionToken, answer: ButtonReply) -> None:
        if not answer.text:
            return
        try:
            await self._sender.whisper(ticket, encode.encode_card(Card(text=answer.text)))
        except (Refused, ChatBusy, ChatUnreachable) as failed:
            log.warning("answer not shown", interaction=ticket.id, detail=str(failed))

    def locale(self, interaction: Interaction) -> str:
        return choose(interaction.locale.value)

    def _now(self) -> float:
        return self._clock.now().timestamp()
