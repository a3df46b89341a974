"""Discord as a chat platform: ChatPort over its REST API, and the life of its two halves.

What comes in is gateway.py's; how a card goes out, delivery.py's.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence

import yarl
from aiohttp import web

from adapters.discord import ids
from adapters.discord.connection import Connection, GatewayFactory
from adapters.discord.delivery import Delivery
from adapters.discord.errors import CallRejected, translate_rejection
from adapters.discord.files import Files
from adapters.discord.gateway import GatewayClient
from adapters.discord.ids import PLATFORM
from adapters.discord.inbox import EventInbox
from adapters.discord.rate_limits import ChannelWindows
from adapters.discord.rest import RestClient
from adapters.discord.sender import Sender
from adapters.discord.shards import ShardShare
from adapters.discord.shared_gate import SharedGate
from adapters.discord.state import DiscordState, DiscordStorage
from adapters.discord.traced_calls import trace_calls
from bot.chat import Attachment, Budget, Card, Chat, ChatFeatures, Delivered, Lane, MessageRef
from bot.cluster.local import local_cluster
from bot.downloads.fetcher import Fetcher
from bot.errors import PlaceClosed
from bot.painting import Image
from bot.pictures.processing import ImageProcessor
from bot.ports import Cluster, EventSink
from bot.runtime.clock import Clock
from bot.settings import Discord as DiscordSettings

# Observed, not documented: 5 posts or edits in 5 s a channel, 5 in 2 s a token; documented: 50 calls a second. Periods
# count where no response has named the end of its window; they are a little longer, for the way to Discord.
CHANNEL_SLOTS, CHANNEL_PERIOD_S = 5, 5.05
TOKEN_SLOTS, TOKEN_PERIOD_S = 5, 2.05
CDN_BASE = "https://cdn.discordapp.com"
OVERALL_BUDGET = Budget(key=PLATFORM, slots=50, period_s=1.0, shared=True)
# All calls draw on it, those by interaction tokens too, which are outside of the 50. It has slots for any number of
# calls, and pauses when Discord lets nobody call.
EVERY_CALL_BUDGET = Budget(key=f"{PLATFORM}:every", slots=1_000_000, period_s=1.0, shared=True)
CHANNEL_EDIT_GAP_S = 2.0  # between progress edits of one message, where all jobs share the channel's budget
TOKEN_EDIT_GAP_S = 1.0  # where the message's token has a budget of its own
# Their debug lines hold interactions' tokens, signed URLs and everything that users write.
VERBOSE_LOGGERS = ("discord.client", "discord.gateway", "discord.http", "discord.state", "discord.webhook.async_")


class DiscordAdapter:
    """One bot in all its guilds. Implements `adapters.service.PlatformAdapter`, and of the optional protocols
    RateLimitFeedback, DeliveryPermissions, DirectMessages, SharedChats, StoredFiles, MessageRemoval and
    MessageLinks."""

    platform = PLATFORM

    def __init__(
        self,
        settings: DiscordSettings,
        storage: DiscordStorage,
        *,
        clock: Clock,
        cluster: Cluster | None = None,
        allow_hosts: Sequence[str] = (),
        processor: ImageProcessor | None = None,
        page_url: str | None = None,
        may_call: Callable[[], bool] = lambda: True,
    ) -> None:
        """`settings` with a token. `cluster`: the other processes; by default there are none. `allow_hosts` as in
        `fetch.allow_hosts`. `processor`: the one that all of Easel shares; by default one of its own. `page_url`:
        HTTPS address of the server with Easel's pages; None: there is none. `may_call`: asked before each call, which
        is not made without it."""
        self._page_url = page_url
        assert settings.token is not None  # checked by the caller
        self._settings = settings
        self._storage = storage
        self._clock = clock
        self._cluster = cluster or local_cluster()
        self._share = ShardShare(
            self._cluster, storage, clock, shard_count=settings.shard_count, shard_ids=settings.shard_ids
        )
        self._connection = Connection(settings, self._share, clock)
        self._windows = ChannelWindows(clock.monotonic)
        self._shared_gate = SharedGate(self._cluster, clock)
        self._gate = self._shared_gate.gate
        self._rest = RestClient(
            settings.api_base,
            settings.token,
            clock=clock,
            gate=self._gate,
            on_response=self._windows.record_response,
            may_call=may_call,
        )
        self._fetcher = Fetcher([*allow_hosts, *_own_hosts(settings.api_base)])
        self._state = DiscordState(storage, clock, self._cluster.membership, self._cluster.bus)
        self._inbox = EventInbox(storage, clock, self._state.scope)
        self._files = Files(self._rest, self._fetcher, storage, clock, cdn_base=_cdn_base(settings.api_base))
        self._sender = Sender(self._rest, self._state, clock, lambda: self._connection.application_id)
        self._delivery = Delivery(
            self._sender,
            self._files,
            self._state,
            processor or ImageProcessor(),
            guild_file_limit=self._connection.guild_file_limit,
            note_refused=self._connection.note_refused,
            spoiler_channels=settings.spoiler_channels,
        )

    # ------------------------------------------------------------ life

    @property
    def keeps_requests(self) -> bool:
        """Discord brings an event once, and its users wait for an answer: of another process, where there is one."""
        return not self._cluster.membership.alone()

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """None: Discord's events come over the gateway."""
        return ()

    async def start(self, events: EventSink) -> None:
        """Logs in, and keeps the gateway open in the background.

        Raises SettingsWrong when Discord does not accept the token; a Discord that is away is waited for.
        """
        await self._state.load()
        await self._connection.start(self._gateway_factory(events))

    async def start_sending(self, events: EventSink) -> None:
        """For a process without a gateway: logs in. Raises SettingsWrong when Discord does not accept the token."""
        await self._state.load()
        await self._connection.log_in(self._gateway_factory(events))

    def _gateway_factory(self, events: EventSink) -> GatewayFactory:
        for name in VERBOSE_LOGGERS:
            logging.getLogger(name).setLevel(logging.INFO)

        def make_gateway(*, message_content: bool) -> GatewayClient:
            return GatewayClient(
                sender=self._sender,
                files=self._files,
                state=self._state,
                storage=self._storage,
                inbox=self._inbox,
                events=events,
                clock=self._clock,
                message_content=message_content,
                cluster=self._cluster,
                share=self._share,
                page_url=self._page_url,
                http_trace=trace_calls(self._gate, self._clock, self._settings.api_base, self._rest.observe),
            )

        return make_gateway

    async def stop_receiving(self) -> None:
        """Nothing comes in any more; what came in is handed over."""
        await self._connection.stop()
        await self._files.close()
        await self._state.close()
        await self._inbox.close()

    async def close(self) -> None:
        await self.stop_receiving()
        await self._shared_gate.close()
        await self._fetcher.close()
        await self._rest.close()

    async def problem(self) -> str | None:
        """Why Discord cannot be reached now; None when it can."""
        parts = (self._connection, self._rest, self._inbox, self._state)
        return next((problem for part in parts if (problem := part.problem()) is not None), None)

    # ------------------------------------------------------------ ChatPort

    def features(self, chat: Chat) -> ChatFeatures:
        """An interaction's chat shows "thinking" until it is answered. Edits count as noticed: a job has one message,
        and users who wait look at it."""
        return ChatFeatures(
            shows_pending_reply=self._state.tokens.get(chat.thread_id) is not None,
            opens_pages=self._page_url is not None,
            private_replies=True,
        )

    def lane(self, chat: Chat, ref: MessageRef | None, *, image_count: int = 0) -> Lane:
        if (token := self._sender.usable_token(chat, ref)) is not None:
            own = Budget(key=f"{PLATFORM}:token:{token.id}", slots=TOKEN_SLOTS, period_s=TOKEN_PERIOD_S)
            return Lane(budgets=(own, EVERY_CALL_BUDGET), edit_gap_s=TOKEN_EDIT_GAP_S)
        channel = Budget(key=f"{PLATFORM}:{ids.channel_id(chat)}", slots=CHANNEL_SLOTS, period_s=CHANNEL_PERIOD_S)
        return Lane(budgets=(channel, OVERALL_BUDGET, EVERY_CALL_BUDGET), edit_gap_s=CHANNEL_EDIT_GAP_S)

    async def post(self, chat: Chat, card: Card, *, reply_to: str | None, key: str) -> MessageRef:
        return await self._delivery.post(chat, card, reply_to=reply_to, key=key)

    async def edit(self, ref: MessageRef, card: Card) -> None:
        await self._delivery.edit(ref, card)

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
        return await self._delivery.deliver(chat, ref, card, images, reply_to=reply_to, key=key)

    async def remove(
        self, chat: Chat, message_ids: Sequence[str], card: Card, *, key: str, keep: Sequence[Attachment]
    ) -> None:
        await self._delivery.remove(chat, message_ids, keep=keep)

    async def fetch(self, attachment: Attachment, *, limit: int) -> bytes:
        return await self._files.fetch(attachment, limit=limit)

    # ------------------------------------------------------------ optional protocols

    def budget_resets(self, lane: Lane) -> Mapping[str, float]:
        ends = {
            budget.key: self._windows.window_end(budget.key.removeprefix(f"{PLATFORM}:")) for budget in lane.budgets
        }
        return {key: end for key, end in ends.items() if end is not None}

    async def delivery_refusal(self, chat: Chat) -> PlaceClosed | None:
        """A reply to an interaction was checked when that came in: it needs other permissions than a message does."""
        is_reply = self._sender.usable_token(chat, None) is not None
        return None if is_reply else await self._connection.delivery_refusal(chat)

    async def delete_stored(self, attachments: Sequence[Attachment]) -> None:
        await self._files.delete_stored(attachments)

    async def restore_chat(self, chat: Chat) -> None:
        """The interaction's token, where another process has received it."""
        if chat.thread_id is not None and not self._cluster.is_local:
            await self._state.load_token(chat.thread_id)

    async def open_direct_chat(self, user_id: str) -> Chat:
        try:
            channel = await self._sender.open_direct_channel(user_id)
        except CallRejected as rejection:
            raise translate_rejection(rejection) from rejection
        return ids.make_chat(None, int(channel), direct=True)

    def message_link(self, ref: MessageRef) -> str | None:
        return ids.message_link(ref)


def _cdn_base(api_base: str) -> str:
    """Where files are served by their id: by Discord's CDN, or by an operator's own API server."""
    return str(yarl.URL(api_base).origin()) if _own_hosts(api_base) else CDN_BASE


def _own_hosts(api_base: str) -> list[str]:
    """The host of an operator's own API server, which serves the files as well; none for Discord's."""
    url = yarl.URL(api_base)
    return [] if url.host == "discord.com" or url.host is None else [f"{url.host}:{url.port}"]
