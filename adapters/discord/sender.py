"""Which way a message goes out: by an interaction's token while it lives, else by the bot's own; and what follows
when a way is closed. What the message says is encode.py's.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from adapters.discord import errors
from adapters.discord.encode import message_nonce
from adapters.discord.errors import CallRejected
from adapters.discord.ids import channel_id
from adapters.discord.interaction_tokens import InteractionToken
from adapters.discord.rest import Json, RestClient, Upload
from adapters.discord.state import DiscordState
from bot.chat import Chat, MessageRef
from bot.runtime.clock import Clock

log = structlog.get_logger()

MESSAGE_RESPONSE = 4  # type of a first response that is a message
EPHEMERAL_FLAG = 1 << 6  # of a message: shown to one user


class TokenUnusable(Exception):
    """The only way to that place was a token, and it is dead or used up. Never leaves the adapter."""

    def __init__(self, token: InteractionToken) -> None:
        super().__init__(token.id)
        self.token = token


class Sender:
    """Sends one message at a time and knows no budgets."""

    def __init__(self, rest: RestClient, state: DiscordState, clock: Clock, application_id: Callable[[], str]) -> None:
        """`application_id`: the bot's id, once Discord has sent it."""
        self._rest = rest
        self._state = state
        self._clock = clock
        self._application_id = application_id

    def usable_token(self, chat: Chat, ref: MessageRef | None) -> InteractionToken | None:
        """The token by which a message is edited, or with `ref` None a new one sent; None where the bot's own is
        used."""
        tokens = self._state.tokens
        token = tokens.get(chat.thread_id) if ref is None else tokens.for_message(ref.message_id)
        return token if token is not None and self._is_usable(token) else None

    async def send_message(
        self, chat: Chat, payload: Mapping[str, Any], files: Sequence[Upload], *, reply_to: str | None, key: str
    ) -> Json:
        """Sends a new message, or the reply that an interaction already shows as "thinking". `key` as of
        `ChatPort.post`. Returns the message.

        Raises CallRejected, TokenUnusable, ChatBusy, ChatUnreachable.
        """
        token = self._state.tokens.get(chat.thread_id)
        if token is not None:
            message = await self._send_by_token(token, chat, payload, files, first_reply=reply_to == token.id)
            if message is not None:
                await self._assign_message(token, str(message["id"]))
                return message
        body = {**payload, "nonce": message_nonce(key), "enforce_nonce": True}
        if reply_to is not None and reply_to.isdecimal():
            body["message_reference"] = {"message_id": reply_to, "fail_if_not_exists": False}
        message = await self._write("POST", f"/channels/{channel_id(chat)}/messages", body, files)
        if _has_content(message, payload, files):
            return message
        # the nonce has found what an earlier call, whose answer was lost, has posted
        return await self._edit_by_bot(channel_id(chat), str(message["id"]), payload, files)

    async def edit_message(self, ref: MessageRef, payload: Mapping[str, Any], files: Sequence[Upload]) -> Json:
        """Edits any message of the bot and returns it.

        Raises CallRejected, TokenUnusable, ChatBusy, ChatUnreachable.
        """
        token = self._state.tokens.for_message(ref.message_id)
        if token is not None and self._is_usable(token):
            try:
                path = f"{self._webhook(token)}/messages/{ref.message_id}"
                return await self._write("PATCH", path, payload, files, bot_auth=False)
            except CallRejected as rejection:
                self._mark_dead(token, rejection)
        if token is not None and token.token_only:
            raise TokenUnusable(token)
        return await self._edit_by_bot(channel_id(ref.chat), ref.message_id, payload, files)

    async def delete_message(self, ref: MessageRef) -> None:
        """Deletes any message of the bot; no-op for one that is gone.

        Raises CallRejected, TokenUnusable, ChatBusy, ChatUnreachable.
        """
        token = self._state.tokens.for_message(ref.message_id)
        if token is not None and self._is_usable(token):
            try:
                path = f"{self._webhook(token)}/messages/{ref.message_id}"
                await _unless_deleted(self._rest.call("DELETE", path, bot_auth=False))
            except CallRejected as rejection:
                self._mark_dead(token, rejection)
            else:
                return
        if token is not None and token.token_only:
            raise TokenUnusable(token)
        await _unless_deleted(self._call_in_thread("DELETE", channel_id(ref.chat), ref.message_id))

    async def send_ephemeral(self, token: InteractionToken, payload: Mapping[str, Any]) -> None:
        """Sends a further reply that only the user sees. Raises CallRejected, ChatBusy, ChatUnreachable."""
        await self._rest.call("POST", self._webhook(token), {**payload, "flags": EPHEMERAL_FLAG}, bot_auth=False)

    async def answer_interaction(self, interaction_id: str, token: str, payload: Mapping[str, Any]) -> None:
        """Gives an interaction's first response, which only its user sees. Raises CallRejected, ChatBusy,
        ChatUnreachable."""
        body = {"type": MESSAGE_RESPONSE, "data": {**payload, "flags": EPHEMERAL_FLAG}}
        await self._rest.call("POST", f"/interactions/{interaction_id}/{token}/callback", body, bot_auth=False)

    async def send_direct(self, user_id: str, payload: Mapping[str, Any], files: Sequence[Upload], *, key: str) -> Json:
        """Sends a direct message to a user. Raises CallRejected, ChatBusy, ChatUnreachable."""
        channel = await self.open_direct_channel(user_id)
        body = {**payload, "nonce": message_nonce(key), "enforce_nonce": True}
        return await self._write("POST", f"/channels/{channel}/messages", body, files)

    async def open_direct_channel(self, user_id: str) -> str:
        """The id of the channel of direct messages with a user. Raises CallRejected, ChatBusy, ChatUnreachable."""
        channel = await self._write("POST", "/users/@me/channels", {"recipient_id": user_id})
        if "id" not in channel:
            raise errors.chat_unreachable("an answer that names nothing")
        return str(channel["id"])

    # ------------------------------------------------------------ within

    def _is_usable(self, token: InteractionToken) -> bool:
        return token.is_usable(self._clock.now().timestamp())

    async def _assign_message(self, token: InteractionToken, message_id: str) -> None:
        """The message is edited by this token, after a restart as well."""
        is_new = message_id not in token.message_ids
        self._state.tokens.assign_message(token, message_id)
        if is_new:
            await self._state.save_token(token)

    async def _send_by_token(
        self,
        token: InteractionToken,
        chat: Chat,
        payload: Mapping[str, Any],
        files: Sequence[Upload],
        *,
        first_reply: bool,
    ) -> Json | None:
        """None: the token is dead, and the bot may write there by itself."""
        if self._is_usable(token):
            try:
                if first_reply:
                    path = f"{self._webhook(token)}/messages/@original"
                    message = await _unless_deleted(self._write("PATCH", path, payload, files, bot_auth=False))
                    token.replied = True
                    if message is not None:
                        return message
                return await self._write("POST", f"{self._webhook(token)}?wait=true", payload, files, bot_auth=False)
            except CallRejected as rejection:
                if rejection.code == errors.TOO_MANY_FOLLOWUPS:
                    raise TokenUnusable(token) from rejection
                self._mark_dead(token, rejection)
        if token.token_only:
            raise TokenUnusable(token)
        if first_reply and token.reply_id is not None:
            return await _unless_deleted(self._edit_by_bot(channel_id(chat), token.reply_id, payload, files))
        return None

    async def _edit_by_bot(
        self, channel: str, message_id: str, payload: Mapping[str, Any], files: Sequence[Upload]
    ) -> Json:
        message = await self._call_in_thread("PATCH", channel, message_id, payload, files)
        if "id" not in message:
            raise errors.chat_unreachable("an answer that names nothing")
        return message

    async def _call_in_thread(
        self,
        method: str,
        channel: str,
        message_id: str,
        payload: Mapping[str, Any] | None = None,
        files: Sequence[Upload] = (),
    ) -> Json:
        """A call about a message by the bot's own token. An archived thread is opened again first."""
        path = f"/channels/{channel}/messages/{message_id}"
        try:
            return await self._rest.call(method, path, payload, files)
        except CallRejected as rejection:
            if rejection.code != errors.THREAD_ARCHIVED:
                raise
        await self._rest.call("PATCH", f"/channels/{channel}", {"archived": False})
        return await self._rest.call(method, path, payload, files)

    async def _write(
        self,
        method: str,
        path: str,
        payload: Mapping[str, Any],
        files: Sequence[Upload] = (),
        *,
        bot_auth: bool = True,
    ) -> Json:
        """A call whose response is the written object. A response without an id counts as none: raises
        ChatUnreachable."""
        response = await self._rest.call(method, path, payload, files, bot_auth=bot_auth)
        if "id" not in response:
            raise errors.chat_unreachable("an answer that names nothing")
        return response

    def _mark_dead(self, token: InteractionToken, rejection: CallRejected) -> None:
        """A dead token is never used again: Discord counts such calls. Raises any other rejection."""
        if rejection.code not in errors.DEAD_TOKEN_CODES:
            raise rejection
        log.info("interaction token is dead", interaction=token.id)
        token.dead = True

    def _webhook(self, token: InteractionToken) -> str:
        return f"/webhooks/{self._application_id()}/{token.token}"


async def _unless_deleted(call: Awaitable[Json]) -> Json | None:
    """None: a moderator has deleted the first reply, so that a new message has to take its place."""
    try:
        return await call
    except CallRejected as rejection:
        if rejection.code != errors.UNKNOWN_MESSAGE:
            raise
        return None


def _has_content(message: Json, payload: Mapping[str, Any], files: Sequence[Upload]) -> bool:
    """Whether a message is what was sent, as far as it matters."""
    same_text = str(message.get("content", "")).strip() == str(payload["content"]).strip()
    return same_text and len(message.get("attachments") or ()) == len(files)
