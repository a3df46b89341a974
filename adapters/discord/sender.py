"""Which way a message goes out: by an interaction's token while it lives, else by the bot's own; and what follows
when a way is closed. What the message says is encode.py's.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any

import structlog

from adapters.discord import errors
from adapters.discord.encode import nonce
from adapters.discord.errors import Refused
from adapters.discord.ids import channel_of
from adapters.discord.rest import Json, Rest, Upload
from adapters.discord.tokens import InteractionToken, InteractionTokens
from bot.chat import Chat, MessageRef

log = structlog.get_logger()

EPHEMERAL = 1 << 6


class OnlyByToken(Exception):
    """The one way to that place was a token, and it is dead or used up."""

    def __init__(self, ticket: InteractionToken) -> None:
        super().__init__(ticket.id)
        self.ticket = ticket


class Sender:
    """`now`: seconds since 1970. `application`: the bot's id there, once it is known."""

    def __init__(
        self, rest: Rest, book: InteractionTokens, now: Callable[[], float], application: Callable[[], str]
    ) -> None:
        self._rest = rest
        self._book = book
        self._now = now
        self._application = application

    def living(self, ticket: InteractionToken | None) -> bool:
        return ticket is not None and ticket.living(self._now())

    async def new(
        self, chat: Chat, payload: Mapping[str, Any], files: Sequence[Upload], *, reply_to: str | None, key: str
    ) -> Json:
        """A new message, or the answer that an interaction already shows as "thinking".

        Raises Refused, OnlyByToken, ChatBusy, ChatUnreachable.
        """
        ticket = self._book.get(chat.thread_id)
        if ticket is not None:
            message = await self._by_ticket(ticket, chat, payload, files, original=reply_to == ticket.id)
            if message is not None:
                self._book.bind(ticket, str(message["id"]))
                return message
        body = {**payload, "nonce": nonce(key), "enforce_nonce": True}
        if reply_to is not None and reply_to.isdecimal():
            body["message_reference"] = {"message_id": reply_to, "fail_if_not_exists": False}
        message = await self._write("POST", f"/channels/{channel_of(chat)}/messages", body, files)
        if _holds(message, payload, files):
            return message
        # the nonce has found what an earlier call, whose answer was lost, has posted
        return await self._by_bot(channel_of(chat), str(message["id"]), payload, files)

    async def change(self, ref: MessageRef, payload: Mapping[str, Any], files: Sequence[Upload]) -> Json:
        """An edit of any message of the bot.

        Raises Refused, OnlyByToken, ChatBusy, ChatUnreachable.
        """
        ticket = self._book.of(ref.message_id)
        if ticket is not None and self.living(ticket):
            try:
                path = f"{self._hook(ticket)}/messages/{ref.message_id}"
                return await self._write("PATCH", path, payload, files, signed=False)
            except Refused as refused:
                self._died(ticket, refused)
        if ticket is not None and ticket.alone:
            raise OnlyByToken(ticket)
        return await self._by_bot(channel_of(ref.chat), ref.message_id, payload, files)

    async def whisper(self, ticket: InteractionToken, payload: Mapping[str, Any]) -> None:
        """A further answer that only the member sees. Raises as `new`."""
        await self._rest.call("POST", self._hook(ticket), {**payload, "flags": EPHEMERAL}, signed=False)

    async def direct(self, user: str, payload: Mapping[str, Any], files: Sequence[Upload], *, key: str) -> Json:
        """A message to a member alone. Raises as `new`."""
        channel = await self._write("POST", "/users/@me/channels", {"recipient_id": user})
        body = {**payload, "nonce": nonce(key), "enforce_nonce": True}
        return await self._write("POST", f"/channels/{channel['id']}/messages", body, files)

    # ------------------------------------------------------------ within

    async def _by_ticket(
        self,
        ticket: InteractionToken,
        chat: Chat,
        payload: Mapping[str, Any],
        files: Sequence[Upload],
        *,
        original: bool,
    ) -> Json | None:
        """None: the token is dead, and the bot may write there by itself."""
        if self.living(ticket):
            try:
                if original:
                    path = f"{self._hook(ticket)}/messages/@original"
                    message = await _unless_deleted(self._write("PATCH", path, payload, files, signed=False))
                    ticket.answered = True
                    if message is not None:
                        return message
                return await self._write("POST", f"{self._hook(ticket)}?wait=true", payload, files, signed=False)
            except Refused as refused:
                if refused.code == errors.TOO_MANY_FOLLOWUPS:
                    raise OnlyByToken(ticket) from refused
                self._died(ticket, refused)
        if ticket.alone:
            raise OnlyByToken(ticket)
        if original and ticket.original is not None:
            return await _unless_deleted(self._by_bot(channel_of(chat), ticket.original, payload, files))
        return None

    async def _by_bot(self, channel: str, message: str, payload: Mapping[str, Any], files: Sequence[Upload]) -> Json:
        path = f"/channels/{channel}/messages/{message}"
        try:
            return await self._write("PATCH", path, payload, files)
        except Refused as refused:
            if refused.code != errors.ARCHIVED:
                raise
        await self._rest.call("PATCH", f"/channels/{channel}", {"archived": False})
        return await self._write("PATCH", path, payload, files)

    async def _write(
        self,
        method: str,
        path: str,
        payload: Mapping[str, Any],
        files: Sequence[Upload] = (),
        *,
        signed: bool = True,
    ) -> Json:
        """A call whose answer is what now stands there. One that is not counts as none: raises ChatUnreachable."""
        answer = await self._rest.call(method, path, payload, files, signed=signed)
        if "id" not in answer:
            raise errors.unreachable("an answer that names nothing")
        return answer

    def _died(self, ticket: InteractionToken, refused: Refused) -> None:
        """A dead token is never used again: Discord counts such calls. Anything else is raised on."""
        if refused.code not in errors.DEAD_TOKEN:
            raise refused
        log.info("interaction token is dead", interaction=ticket.id)
        ticket.dead = True

    def _hook(self, ticket: InteractionToken) -> str:
        return f"/webhooks/{self._application()}/{ticket.token}"


async def _unless_deleted(call: Awaitable[Json]) -> Json | None:
    """None: a moderator has deleted the first answer, so that a new message has to take its place."""
    try:
        return await call
    except Refused as refused:
        if refused.code != errors.UNKNOWN_MESSAGE:
            raise
        return None


def _holds(message: Json, payload: Mapping[str, Any], files: Sequence[Upload]) -> bool:
    """Whether a message is what was sent, as far as it matters."""
    same_text = str(message.get("content", "")).strip() == str(payload["content"]).strip()
    return same_text and len(message.get("attachments") or ()) == len(files)
