"""Messages on Discord: decoded and handed to the core, or answered with why that is impossible there.

Interactions are interactions.py's; how events get here, gateway.py's.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace

import aiohttp
import discord
import structlog
from cachetools import TTLCache

from adapters.discord import decode, encode, ids
from adapters.discord.errors import CallRejected
from adapters.discord.files import Files
from adapters.discord.forwards import RecentForwards
from adapters.discord.ids import PLATFORM
from adapters.discord.inbox import Event
from adapters.discord.media import decode_files, is_empty
from adapters.discord.message_reader import MessageReader
from adapters.discord.permissions import ChannelPermissions
from adapters.discord.sender import Sender, TokenUnusable
from adapters.discord.state import DiscordState
from adapters.discord.threads import ThreadStarters
from adapters.discord.unfolding import LINKS_FRESH, LinkUnfolding
from adapters.discord.users import Users
from bot.chat import Card, Chat, DeletedMessage, MessageRef, User
from bot.errors import ChatBusy, ChatUnreachable, EaselError
from bot.errors.machine import is_machine_failure
from bot.ports import EventSink
from bot.runtime.clock import Clock
from bot.texts import negotiate_locale, translate, translate_error

log = structlog.get_logger()

USER_MESSAGE_TYPES = (discord.MessageType.default, discord.MessageType.reply)
REST_WAIT_S = 10.0  # after a text that may have been cut, in which its author's next message may be the rest
MAX_CUT_TEXTS = 1_000  # remembered, by channel and author
MAX_NOTICE_ATTEMPTS = 4  # of a notice of the adapter's own
NOTICE_RETRY_S = 1.0  # before a notice is sent once more after a broken connection
NOTICE_MAX_WAIT_S = 60.0  # a notice is not worth a longer one


class MessageEvents:
    """Handles created and deleted messages."""

    def __init__(
        self,
        client: discord.Client,
        *,
        sender: Sender,
        files: Files,
        state: DiscordState,
        reader: MessageReader,
        users: Users,
        starters: ThreadStarters,
        unfolding: LinkUnfolding,
        events: EventSink,
        permissions: ChannelPermissions,
        clock: Clock,
    ) -> None:
        """`client`: knows who the bot is, and whether it reads messages that do not mention it."""
        self._client = client
        self._sender = sender
        self._files = files
        self._state = state
        self._reader = reader
        self._users = users
        self._events = events
        self._permissions = permissions
        self._clock = clock
        self._starters = starters
        self._unfolding = unfolding
        self._cut_texts: TTLCache[tuple[int, int], None] = TTLCache(MAX_CUT_TEXTS, REST_WAIT_S, timer=clock.monotonic)
        self._forwards = RecentForwards()

    async def handle_deleted(self, guild_id: int | None, channel_id: int, message_id: int) -> None:
        if self._state.is_own_message(str(message_id)):
            chat = ids.make_chat(guild_id, channel_id, direct=guild_id is None)
            await self._events.message_deleted(MessageRef(chat=chat, message_id=str(message_id)))

    async def handle_message(self, message: discord.Message) -> bool:
        """Hands over what is meant for the bot: direct messages, mentions, replies to it, slash commands as text.
        False: Easel stops before it is handled."""
        user = self._client.user
        if user is None or message.author.bot or message.webhook_id or message.type not in USER_MESSAGE_TYPES:
            return True
        roles = _bot_roles(message)
        direct = message.guild is None
        mentioned_ids = {*message.raw_role_mentions, *(each.id for each in message.mentions)}
        mentioned = not mentioned_ids.isdisjoint((user.id, *roles))
        if (direct or mentioned) and self._events.ignores(self._users.of_message(message), decode.decode_chat(message)):
            return True
        reply = await self._read_reply(message) if direct or mentioned or self._may_reply_to_bot(message) else None
        if mentioned and not direct and reply is None:
            reply = self._forwards.commented(message)
        replies_to_bot = isinstance(reply, discord.Message) and reply.author.id == user.id
        to_me = direct or mentioned or replies_to_bot
        if not direct:
            self._forwards.note(message)
        if not to_me and not message.content.startswith("/") and not self._may_be_rest(message):
            return True
        sender = self._users.of_message(message)
        if to_me and await self._has_obstacle(message, reply, sender, readable=direct or mentioned):
            return True
        if not await self._complete_links(message, reply):
            return False
        return await self._hand_over(message, reply, sender, user.id, roles, to_me=to_me)

    async def _hand_over(
        self,
        message: discord.Message,
        reply: discord.Message | DeletedMessage | None,
        sender: User,
        bot_id: int,
        bot_roles: Sequence[int],
        *,
        to_me: bool,
    ) -> bool:
        """As `EventSink.receive_message`."""
        for source in (message, reply):
            if isinstance(source, discord.Message):
                for ref, file in decode_files(source):
                    self._files.remember_url(str(ref), file.url)
        decoded = decode.decode_message(
            message, bot_id=bot_id, bot_roles=bot_roles, sender=sender, reply=reply, to_me=to_me
        )
        if decode.has_no_pictures(decoded):
            decoded = replace(decoded, about=await self._starters.pictures(message.channel, decoded.text))
        if to_me and decoded.room is not None:
            self._cut_texts[(message.channel.id, message.author.id)] = None
        return await self._events.receive_message(decoded)

    async def _complete_links(self, message: discord.Message, reply: discord.Message | DeletedMessage | None) -> bool:
        """Waits for what Discord shows of the links in a message, and in one just before it that it replies to. False:
        the bot stops meanwhile."""
        recent = isinstance(reply, discord.Message) and message.created_at - reply.created_at < LINKS_FRESH
        sources = [message, *([reply] if isinstance(reply, discord.Message) and recent else [])]
        if len(sources) == 1:  # as nearly always: no task for it
            return await self._unfolding.complete(message)
        return all(await asyncio.gather(*map(self._unfolding.complete, sources)))

    async def handle_edited(self, message: discord.Message) -> bool:
        """A message changed; also when Discord has unfolded its links, which is no edit of its author's. As
        `handle_message`."""
        return message.edited_at is None or await self.handle_message(message)

    async def refuse_unreadable(self, data: Event) -> None:
        """Tells the author of a message for the bot that nobody can read, as far as its data allow."""
        author, guild_id = data.get("author"), data.get("guild_id")
        try:
            message_id, user_id, channel_id = int(data["id"]), int(author["id"]), int(data["channel_id"])  # type: ignore[reportOptionalSubscript]  # raises
            chat = ids.make_chat(None if guild_id is None else int(guild_id), channel_id, direct=guild_id is None)
        except (KeyError, TypeError, ValueError):
            return
        user = User(platform=PLATFORM, id=str(user_id), name="", locale=self._state.locale(str(user_id)))
        await self._refuse_lost(chat, user, str(message_id))

    async def refuse_broken(self, message: discord.Message) -> None:
        """Tells the author of a message for the bot that has broken its handler."""
        user = self._client.user
        direct, mentioned = message.guild is None, user is not None and user in message.mentions
        if (direct or mentioned) and not message.author.bot:
            await self._refuse_lost(decode.decode_chat(message), self._users.of_message(message), str(message.id))

    async def refuse_for_now(self, message: discord.Message) -> None:
        """Tells the author of a message for the bot that the database is away; by discord.py's own call, for the others
        are not made by a process that does not reach it."""
        user = self._client.user
        if message.author.bot or not (message.guild is None or (user is not None and user in message.mentions)):
            return
        notice = await self._events.command_refusal(self._users.of_message(message), decode.decode_chat(message))
        if notice:
            try:
                await message.reply(notice, mention_author=False)
            except (discord.DiscordException, aiohttp.ClientError, OSError) as failed:
                log.warning("author not notified that the database is away", failure=type(failed).__name__)

    async def _refuse_lost(self, chat: Chat, user: User, message_id: str) -> None:
        refusal = await self._events.command_refusal(user, chat)
        if notice := translate_error(negotiate_locale(user.locale), EaselError()) if refusal is None else refusal:
            await self._send_notice(chat, user.id, message_id, notice)

    def _may_be_rest(self, message: discord.Message) -> bool:
        """Whether a message may be the rest of one that was meant for the bot: it does not name it again."""
        return (message.channel.id, message.author.id) in self._cut_texts

    # ------------------------------------------------------------ replies

    def _may_reply_to_bot(self, message: discord.Message) -> bool:
        """Whether a message without a mention is, or may turn out to be, a reply to the bot."""
        reference, user = message.reference, self._client.user
        if reference is None or reference.type is not discord.MessageReferenceType.reply:
            return False
        resolved = reference.resolved
        return resolved is None or (
            isinstance(resolved, discord.Message) and user is not None and resolved.author.id == user.id
        )

    async def _read_reply(self, message: discord.Message) -> discord.Message | DeletedMessage | None:
        """The message that is replied to, read by a call where the event does not bring it."""
        reference = message.reference
        if reference is None or reference.message_id is None or reference.type is discord.MessageReferenceType.forward:
            return None
        if isinstance(reference.resolved, discord.Message):
            return reference.resolved
        if isinstance(reference.resolved, discord.DeletedReferencedMessage):
            return DeletedMessage(id=str(reference.message_id))
        try:
            return await self._reader.fetch(message.channel, reference.message_id)
        except discord.NotFound:
            return DeletedMessage(id=str(reference.message_id))
        except (discord.DiscordException, OSError) as failed:
            if is_machine_failure(failed):
                raise
            log.warning("replied message not read", failure=type(failed).__name__)
            return None

    # ------------------------------------------------------------ what the core cannot serve

    async def _has_obstacle(
        self, message: discord.Message, reply: discord.Message | DeletedMessage | None, sender: User, *, readable: bool
    ) -> bool:
        """Whether the core cannot serve a message there; its author is notified, but not once more for an edit."""
        obstacle = await self._obstacle(message, reply, negotiate_locale(sender.locale), readable=readable)
        if obstacle is not None and message.edited_at is None:
            refusal = await self._events.command_refusal(sender, decode.decode_chat(message))
            if notice := obstacle if refusal is None else refusal:
                await self._send_notice(decode.decode_chat(message), sender.id, str(message.id), notice)
        return obstacle is not None

    async def _obstacle(
        self,
        message: discord.Message,
        reply: discord.Message | DeletedMessage | None,
        locale: str,
        *,
        readable: bool,
    ) -> str | None:
        """Why the core cannot serve a message there, in the user's language; None: it can. `readable`: Discord shows
        the message's content to the bot."""
        channel = message.channel
        known = isinstance(channel, discord.abc.GuildChannel | discord.Thread)
        if known and (missing := await self._permissions.missing(channel)):
            log.warning("permissions are missing", channel=message.channel.id, missing=missing)
            return translate(locale, "discord-no-permission", missing=", ".join(missing))
        if self._is_content_hidden(message, reply, readable=readable):
            return translate(locale, "discord-hidden", menu=translate(locale, "discord-menu-edit"))
        return None

    def _is_content_hidden(
        self, message: discord.Message, reply: discord.Message | DeletedMessage | None, *, readable: bool
    ) -> bool:
        """Whether what is meant is invisible without the message-content intent: it stands in a reply that does not
        mention the bot, or in another user's message that is replied to, or forwarded just before."""
        if self._client.intents.message_content or message.guild is None:
            return False
        if not readable:
            return True
        return (
            isinstance(reply, discord.Message)
            and is_empty(reply)
            and not decode_files(message)
            and self._client.user is not None
            and reply.author.id != self._client.user.id
        )

    async def _send_notice(self, chat: Chat, user_id: str, message_id: str, text: str) -> None:
        """Replies to a message; sends a direct message where the bot may not write."""
        payload, key = encode.encode_card(Card(text=text)), f"{PLATFORM}:{message_id}"
        if not await self._retry_notice(
            lambda: self._sender.send_message(chat, payload, (), reply_to=message_id, key=key)
        ):
            await self._retry_notice(lambda: self._sender.send_direct(user_id, payload, (), key=f"{key}:alone"))

    async def _retry_notice(self, send: Callable[[], Awaitable[object]]) -> bool:
        """Sends a notice, and again while the channel is busy or Discord away. Whether it was sent."""
        for _ in range(MAX_NOTICE_ATTEMPTS):
            try:
                await send()
            except ChatBusy as busy:
                if busy.retry_after > NOTICE_MAX_WAIT_S:
                    break
                await self._clock.sleep(busy.retry_after)
            except ChatUnreachable:
                await self._clock.sleep(NOTICE_RETRY_S)
            except (CallRejected, TokenUnusable) as rejection:
                log.warning("notice not sent", detail=str(rejection))
                return False
            else:
                return True
        log.warning("notice not sent", detail="the channel stays busy")
        return False


def _bot_roles(message: discord.Message) -> list[int]:
    """Ids of the roles by which the bot is mentioned: the one that Discord made for it."""
    role = message.guild.self_role if message.guild else None
    return [] if role is None else [role.id]
