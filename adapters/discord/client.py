"""Discord as a chat platform: ChatPort over its REST API, and what is opened and closed for it.

What comes in is events.py's; which way a message goes out, sender.py's.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence

import structlog
import yarl
from aiohttp import web

from adapters.discord import encode, ids
from adapters.discord.connection import Connection
from adapters.discord.errors import TOO_LARGE, Refused, translated
from adapters.discord.events import Gateway
from adapters.discord.files import Files
from adapters.discord.ids import PLATFORM, InMessage, Kept
from adapters.discord.resets import Resets
from adapters.discord.rest import Json, Rest, Upload
from adapters.discord.sender import OnlyByToken, Sender
from adapters.discord.state import DiscordState
from adapters.discord.tokens import InteractionToken
from bot import pictures
from bot.chat import Action, Attachment, Budget, Card, Chat, ChatFeatures, Delivered, Lane, MessageRef
from bot.clock import Clock
from bot.errors import BadResult, ChatFailed, ChatGone, StoreFailed
from bot.fetch import Fetcher
from bot.painting import Image
from bot.ports import AdapterStorage, EventSink
from bot.settings import Discord as DiscordSettings
from bot.texts import say

log = structlog.get_logger()

# Observed, not documented: 5 posts or edits in 5 s a channel, 5 in 2 s a token; documented: 50 calls a second. Periods
# count where no answer has told when its window ends.
CHANNEL_SLOTS, CHANNEL_PERIOD = 5, 5.05
TOKEN_SLOTS, TOKEN_PERIOD = 5, 2.05
OVERALL = Budget(key=PLATFORM, slots=50, period_s=1.0, shared=True)
GAP = 2.0  # seconds between progress edits of one message, where the channel's budget is everybody's
TOKEN_GAP = 1.0  # where its token has one of its own
FILE_LIMIT = 10 * 1024 * 1024  # bytes a file where nobody says otherwise
# the debug lines of these hold tokens of interactions, signed addresses, all that was written
LOUD = ("discord.client", "discord.gateway", "discord.http", "discord.state", "discord.webhook.async_")
LADDER = 5  # times that a limit is halved which was not the real one


class DiscordAdapter:
    """One bot in all its guilds.

    `allow_hosts` as in `fetch.allow_hosts`.
    """

    platform = PLATFORM

    def __init__(
        self, settings: DiscordSettings, storage: AdapterStorage, *, clock: Clock, allow_hosts: Sequence[str] = ()
    ) -> None:
        assert settings.token is not None  # who wires adapters asks first
        self._settings = settings
        self._storage = storage
        self._clock = clock
        self._connection = Connection(settings, clock)
        self._resets = Resets(clock.monotonic)
        self._rest = Rest(settings.api_base, settings.token, self._resets.hear)
        self._fetcher = Fetcher([*allow_hosts, *_own_host(settings.api_base)])
        self._notebook = DiscordState(storage, settings.shard_ids or ())
        self._files = Files(self._rest, self._fetcher, storage, clock)
        self._sender = Sender(self._rest, self._notebook.book, self._now, lambda: self._connection.application)
        self._previews: dict[str, Image] = {}

    # ------------------------------------------------------------ life

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Discord calls nobody: it is listened to."""
        return ()

    async def start(self, events: EventSink) -> None:
        """Logs in, and keeps the gateway open in the background.

        Raises SettingsWrong when Discord does not accept the token; a Discord that is away is waited for.
        """
        for name in LOUD:
            logging.getLogger(name).setLevel(logging.INFO)
        await self._notebook.load()

        def gateway(*, content: bool) -> Gateway:
            return Gateway(
                sender=self._sender,
                files=self._files,
                notebook=self._notebook,
                memory=self._storage,
                reception=events,
                clock=self._clock,
                content=content,
                shard_count=self._settings.shard_count,
                shard_ids=None if self._settings.shard_ids is None else list(self._settings.shard_ids),
            )

        await self._connection.open(gateway)

    async def stop_receiving(self) -> None:
        """Nothing comes in any more; what came in is handed over."""
        await self._connection.leave()
        await self._files.close()
        await self._notebook.close()

    async def close(self) -> None:
        await self.stop_receiving()
        await self._fetcher.close()
        await self._rest.close()

    async def problem(self) -> str | None:
        """Why Discord does not work right now; None when it does."""
        return self._connection.trouble()

    # ------------------------------------------------------------ ChatPort

    def features(self, chat: Chat) -> ChatFeatures:
        """An interaction's chat shows "thinking" until it is answered. Edits count as noticed: a job has one message,
        and members who wait look at it."""
        return ChatFeatures(shows_pending_reply=self._notebook.book.get(chat.thread_id) is not None)

    def lane(self, chat: Chat, ref: MessageRef | None, *, image_count: int = 0) -> Lane:
        book = self._notebook.book
        ticket = book.get(chat.thread_id) if ref is None else book.of(ref.message_id)
        if ticket is not None and self._sender.living(ticket):
            budget = Budget(key=f"{PLATFORM}:token:{ticket.id}", slots=TOKEN_SLOTS, period_s=TOKEN_PERIOD)
            return Lane(budgets=(budget,), edit_gap_s=TOKEN_GAP)
        channel = Budget(key=f"{PLATFORM}:{ids.channel_of(chat)}", slots=CHANNEL_SLOTS, period_s=CHANNEL_PERIOD)
        return Lane(budgets=(channel, OVERALL), edit_gap_s=GAP)

    def budget_resets(self, lane: Lane) -> Mapping[str, float]:
        told = {budget.key: self._resets.of(budget.key.removeprefix(f"{PLATFORM}:")) for budget in lane.budgets}
        return {key: ends for key, ends in told.items() if ends is not None}

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        files = self._preview(None, card)
        message = await self._send(chat, None, card, files or [], reply_to=reply_to, key=key)
        return self._shown(chat, message, card)

    async def edit(self, ref: MessageRef, card: Card) -> None:
        files = self._preview(ref, card)
        message = await self._send(ref.chat, ref, card, files, reply_to=None, key=ref.message_id)
        self._shown(ref.chat, message, card)

    async def deliver(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        images: Sequence[Image],
        *,
        reply_to: str | None,
        key: str,
    ) -> Delivered:
        limit = self._limit(chat, ref)
        for _ in range(LADDER):
            try:
                fitted = [await pictures.fit(image, max_bytes=limit) for image in images]
            except BadResult as failed:
                raise ChatFailed(detail=f"nothing fits {limit} bytes: {failed.detail}") from failed
            shown = card
            if any(changed for _, changed in fitted):
                shown = Card(text=f"{card.text}\n{say(card.locale, 'note-shrunk')}", buttons=card.buttons)
            small = [image for image, _ in fitted]
            files = encode.encode_images(card, small, spoiler=card.spoiler or self._hides(chat))
            try:
                message = await self._send(chat, ref, shown, files, reply_to=reply_to, key=key, sized=True)
            except Refused:
                log.info("pictures too large after all", chat=chat.key, limit=limit)
                limit = min(limit, max(len(each.data) for each in small)) // 2
            else:
                return await self._delivered(chat, message, card, small)
        raise ChatFailed(detail=f"no size is small enough for {chat.key}")

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        return await self._files.fetch(attachment, limit=limit)

    async def delete_stored(self, attachments: Sequence[Attachment]) -> None:
        await self._files.delete_stored(attachments)

    def message_link(self, ref: MessageRef) -> str | None:
        return ids.link(ref)

    # ------------------------------------------------------------ sending

    async def _send(
        self,
        chat: Chat,
        ref: MessageRef | None,
        card: Card,
        files: Sequence[Upload] | None,
        *,
        reply_to: str | None,
        key: str,
        sized: bool = False,
    ) -> Json:
        """One call, with its way on where a way is closed. `files` None: those that hang there stay.

        Raises ChatFailed; `sized`: Refused too, when a file is too large.
        """
        payload = encode.encode_card(card)
        if files is not None:
            payload["attachments"] = encode.encode_attachments(files)
        try:
            if ref is not None:
                return await self._sender.change(ref, payload, files or ())
            return await self._sender.new(chat, payload, files or (), reply_to=reply_to, key=key)
        except OnlyByToken as closed:
            return await self._elsewhere(closed.ticket, ref, card, files or (), key)
        except Refused as refused:
            if sized and (refused.code == TOO_LARGE or refused.status == 413):
                raise
            failed = translated(refused)
            if isinstance(failed, ChatGone):
                log.warning("discord does not let the bot write there", chat=chat.key, detail=failed.detail)
            raise failed from refused

    async def _elsewhere(
        self, ticket: InteractionToken, ref: MessageRef | None, card: Card, files: Sequence[Upload], key: str
    ) -> Json:
        """The one way left to somebody whose interaction is over: a direct message, or a word the next time."""
        if ref is not None and any(button.action is Action.CANCEL for button in card.buttons):
            return {"id": ref.message_id}  # it still runs, and nobody could see how far it is
        moved = Card(text=f"{card.text}\n{say(card.locale, 'discord-moved')}", buttons=card.buttons)
        payload = encode.encode_card(moved) | {"attachments": encode.encode_attachments(files)}
        try:
            return await self._sender.direct(ticket.user, payload, files, key=key)
        except Refused as refused:
            await self._notebook.owe(ticket.user)
            raise ChatGone(detail=str(refused)) from refused

    def _shown(self, chat: Chat, message: Json, card: Card) -> MessageRef:
        """Where the card stands now, remembered so that its deletion is heard."""
        identity = str(message["id"])
        self._notebook.mine(identity)
        if card.preview is None:
            self._previews.pop(identity, None)
        else:
            self._previews[identity] = card.preview
        return MessageRef(chat=_where(chat, message), message_id=identity)

    def _preview(self, ref: MessageRef | None, card: Card) -> list[Upload] | None:
        """The unfinished picture to show; None: the one that hangs there is it."""
        if card.preview is None:
            return []
        if ref is not None and self._previews.get(ref.message_id) is card.preview:
            return None
        return encode.encode_images(Card(text=""), [card.preview], spoiler=ref is not None and self._hides(ref.chat))

    async def _delivered(self, chat: Chat, message: Json, card: Card, images: Sequence[Image]) -> Delivered:
        """The handles of the pictures. Where the bot could not read them again, their bytes are kept."""
        ref = self._shown(chat, message, card)
        ticket = self._notebook.book.of(ref.message_id)
        alone = ticket is not None and ticket.alone
        handles: list[Attachment] = []
        for image, body in zip(images, message.get("attachments") or [], strict=False):
            identity = str(body["id"])
            place = InMessage(channel=ids.channel_of(ref.chat), message=ref.message_id, item=identity)
            if alone:
                try:
                    await self._files.keep_bytes(identity, image.data)
                except StoreFailed as failed:
                    log.warning("result not kept", chat=chat.key, detail=failed.detail)
            else:
                self._files.know(str(place), str(body["url"]))
            handles.append(
                Attachment(
                    ref=str(Kept(id=identity)) if alone else str(place),
                    media_type=image.media_type,
                    size=len(image.data),
                    filename=str(body.get("filename", "")) or None,
                    spoiler=card.spoiler,
                )
            )
        return Delivered(ref=ref, attachments=tuple(handles))

    def _limit(self, chat: Chat, ref: MessageRef | None) -> int:
        """Bytes a file may have there."""
        book = self._notebook.book
        ticket = book.get(chat.thread_id) if ref is None else book.of(ref.message_id)
        if ticket is not None and self._sender.living(ticket):
            return ticket.limit
        guild = ids.guild_of(chat)
        known = None if guild is None else self._connection.file_limit(guild)
        return FILE_LIMIT if known is None else known

    def _hides(self, chat: Chat) -> bool:
        """Whether the operator wants every picture of a channel, or of a guild, hidden until somebody looks."""
        return not {*chat.id.split("/")}.isdisjoint(self._settings.spoiler_channels)

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _where(chat: Chat, message: Json) -> Chat:
    """The chat that a message stands in: another one when it had to go to the member alone."""
    channel = str(message.get("channel_id") or ids.channel_of(chat))
    return chat if channel == ids.channel_of(chat) else ids.chat(None, int(channel), direct=True)


def _own_host(api_base: str) -> list[str]:
    """A server of the operator's own serves the files as well, wherever it stands."""
    url = yarl.URL(api_base)
    return [] if url.host == "discord.com" or url.host is None else [f"{url.host}:{url.port}"]
