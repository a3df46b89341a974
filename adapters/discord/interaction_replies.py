"""The first response to an interaction, within Discord's three seconds, and replies that only the user sees.

Knows how an interaction is answered and by which token; what it asks for is interactions.py's.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from urllib.parse import quote

import aiohttp
import discord
import structlog

from adapters.discord import decode, encode
from adapters.discord.commands import Interaction
from adapters.discord.errors import ALREADY_ACKNOWLEDGED, CallRejected
from adapters.discord.inbox import Event, EventInbox
from adapters.discord.interaction_tokens import InteractionToken, token_id
from adapters.discord.rest import Json
from adapters.discord.sender import Sender
from adapters.discord.state import DiscordState
from adapters.discord.users import interaction_locale
from bot.chat import Card
from bot.errors import ChatBusy, ChatUnreachable, EaselError
from bot.errors.machine import is_machine_failure
from bot.ports import REGION_PATH, ButtonReply
from bot.runtime.clock import Clock, wait_for_event
from bot.texts import negotiate_locale, translate_error

log = structlog.get_logger()

CROWD = 8  # interactions not acknowledged yet from which on work waits for them
MAX_COURTESY_S = 2.0  # that the work of an interaction waits for others to be acknowledged
MAX_RESPONSE_ATTEMPTS = 2  # a third would come too late


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstResponse:
    """What became of the first response."""

    accepted: bool
    """False: Discord did not take it, and shows its own sentence to the user."""
    message_id: str | None = None
    """The message that it made; None where it made none or Discord does not tell."""


class InteractionReplies:
    """Acknowledges interactions and has their tokens saved."""

    def __init__(
        self, *, sender: Sender, state: DiscordState, inbox: EventInbox, page_url: str | None, clock: Clock
    ) -> None:
        """`page_url`: as of DiscordAdapter."""
        self._page_url = page_url
        self._sender = sender
        self._state = state
        self._inbox = inbox
        self._clock = clock
        self._unacknowledged = 0
        self._few_unacknowledged = asyncio.Event()  # set while fewer than CROWD are
        self._few_unacknowledged.set()

    async def acknowledge(self, interaction: Interaction, *, ephemeral: bool) -> InteractionToken | None:
        """Shows "thinking" as soon as the interaction is saved, and saves the token. None: Discord did not take it.

        In a crowd it returns once the others are acknowledged as well: the three seconds that each has are for that,
        and not for anybody's work.
        """
        with self._count_unacknowledged():
            await self._inbox.wait_until_saved(interaction.id)
            response = await self.respond(lambda: interaction.response.defer(thinking=True, ephemeral=ephemeral))
        if not response.accepted:
            self._inbox.set_handled(interaction.id)
            return None
        token_only = ephemeral or decode.is_token_only(interaction)
        token = self.make_token(interaction, token_only=token_only, ephemeral=ephemeral)
        if response.message_id is None:  # another process, too, may have the interaction, and was the first to answer
            await self._state.load_token(token.id)
        token = self._state.tokens.get(token.id) or token  # an earlier process's knows its messages
        if response.message_id is not None:
            token.reply_id = response.message_id
            token.message_ids.append(response.message_id)
            self._state.remember_own_message(response.message_id)
        self._state.tokens.add(token)
        await self._state.save_token(token)
        await wait_for_event(self._few_unacknowledged, MAX_COURTESY_S, self._clock)
        return token

    async def acknowledge_press(self, interaction: Interaction) -> None:
        """Tells Discord that a press has come, as soon as it is saved; nothing is shown."""
        await self._inbox.wait_until_saved(interaction.id)
        await self.respond(lambda: interaction.response.defer())

    def set_handled(self, interaction: Interaction) -> None:
        """The interaction needs not be taken up again."""
        self._inbox.set_handled(interaction.id)

    @contextmanager
    def _count_unacknowledged(self) -> Generator[None]:
        self._unacknowledged += 1
        if self._unacknowledged >= CROWD:
            self._few_unacknowledged.clear()
        try:
            yield
        finally:
            self._unacknowledged -= 1
            if self._unacknowledged < CROWD:
                self._few_unacknowledged.set()

    async def refuse(self, interaction: Interaction, text: str) -> None:
        """Answers an interaction with words that only the user sees, and does nothing else."""
        await self.respond(lambda: interaction.response.send_message(text, ephemeral=True))
        self._inbox.set_handled(interaction.id)

    async def respond(self, respond: Callable[[], Awaitable[object]]) -> FirstResponse:
        """Gives the first response, once more when the connection breaks."""
        for _ in range(MAX_RESPONSE_ATTEMPTS):
            try:
                response = await respond()
            except discord.HTTPException as rejection:
                if rejection.code == ALREADY_ACKNOWLEDGED:  # by the attempt whose answer was lost
                    return FirstResponse(accepted=True)
                log.warning("interaction not answered", status=rejection.status, code=rejection.code)
                break
            except (discord.DiscordException, aiohttp.ClientError, OSError) as failed:
                log.warning("interaction not answered", failure=type(failed).__name__)
            else:
                message_id = getattr(response, "message_id", None)
                return FirstResponse(accepted=True, message_id=None if message_id is None else str(message_id))
        return FirstResponse(accepted=False)

    def make_token(self, interaction: Interaction, *, token_only: bool, ephemeral: bool = False) -> InteractionToken:
        return InteractionToken(
            id=token_id(interaction.id),
            token=interaction.token,
            created_s=self._inbox.received_s(interaction.id),
            file_limit=interaction.filesize_limit,
            user=str(interaction.user.id),
            token_only=token_only,
            ephemeral=ephemeral,
        )

    @asynccontextmanager
    async def report_bugs(self, interaction: Interaction, token: InteractionToken) -> AsyncGenerator[None]:
        """Tells the user of an unexpected exception, so that "thinking" is followed by something. At the end of the
        block the interaction is handled."""
        try:
            yield
        except Exception as failed:
            log.exception("interaction failed", interaction=token.id)
            if not is_machine_failure(failed):
                reason = f"handling: {type(failed).__name__}"
                self._inbox.set_aside("INTERACTION_CREATE", None, reason, event_id=interaction.id)
            await self.send_ephemeral(token, translate_error(interaction_locale(interaction), EaselError()))
        self._inbox.set_handled(interaction.id)

    async def refuse_unreadable(self, data: Event) -> None:
        """Tells the user of an interaction that cannot be read, as far as its data allow."""
        identity, token, locale = data.get("id"), data.get("token"), data.get("locale")
        if not (isinstance(identity, str) and isinstance(token, str)):
            return
        text = translate_error(negotiate_locale(locale if isinstance(locale, str) else None), EaselError())
        try:
            await self._sender.answer_interaction(identity, quote(token, safe=""), encode.encode_card(Card(text=text)))
        except (CallRejected, ChatBusy, ChatUnreachable) as failed:
            log.warning("interaction not answered", detail=str(failed))

    async def refuse_broken(self, interaction: Interaction) -> None:
        """Tells the user of an interaction that broke, before it was acknowledged or after."""
        text = translate_error(interaction_locale(interaction), EaselError())
        if interaction.response.is_done():
            await self.send_ephemeral(self.make_token(interaction, token_only=True), text)
        else:
            await self.respond(lambda: interaction.response.send_message(text, ephemeral=True))

    async def send_reply(self, token: InteractionToken, reply: ButtonReply) -> None:
        """Shows whoever pressed a button what is said to it, and the page that it leads to."""
        if reply.card is not None:
            await self._send_private(token, encode.encode_card(reply.card))
            return
        if reply.page is None or self._page_url is None:
            await self.send_ephemeral(token, reply.text)
            return
        url = f"{self._page_url.rstrip('/')}{REGION_PATH}#{reply.page.token}"
        await self._send_private(
            token, encode.encode_card(Card(text=reply.text)) | {"components": encode.encode_link(reply.page.label, url)}
        )

    async def send_ephemeral(self, token: InteractionToken, text: str) -> None:
        """Sends a sentence that only the user sees; nothing for an empty one."""
        if text:
            await self._send_private(token, encode.encode_card(Card(text=text)))

    async def _send_private(self, token: InteractionToken, payload: Json) -> None:
        try:
            await self._sender.send_ephemeral(token, payload)
        except (CallRejected, ChatBusy, ChatUnreachable) as failed:
            log.warning("answer not shown", interaction=token.id, detail=str(failed))
