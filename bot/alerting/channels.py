"""Where administrators are told: an address that takes a JSON object, and their own chats with the bot.

Words stand in the texts. A channel that fails says so in the log and by its answer, and never by an exception.
"""

import json
import socket
from collections.abc import Iterable, Mapping
from typing import Protocol

import structlog
from pydantic import SecretStr

from bot.alerting.conditions import Notice
from bot.chat import Card
from bot.errors import Busy, ChatFailed, PaintFailed
from bot.ports import ChatPort, DirectMessages
from bot.providers.http.client import UpstreamClient, exchange
from bot.providers.http.payload import Payload
from bot.providers.http.quoting import NOTHING
from bot.runtime.background import BackgroundTasks
from bot.runtime.clock import Clock
from bot.status.messages import StatusMessages
from bot.texts import translate_or_replace

log = structlog.get_logger()

WEBHOOK_TIMEOUT_S = 10.0  # for one try
WEBHOOK_PAUSES_S = (2.0, 10.0)  # before each further try; after the last the next look tries again
MAX_PAUSE_S = 30.0  # that a busy receiver is waited for
MAX_TEXT_CHARS = 1900  # Discord takes 2,000


class Channel(Protocol):
    """One way to tell."""

    async def send(self, notice: Notice) -> bool:
        """Whether the notice was sent, or will be. Raises nothing."""
        ...


def describe_notice(notice: Notice, locale: str) -> str:
    """The notice in one or two sentences. `locale`: one of ours."""
    symptom = notice.symptom
    key = f"notice-{symptom.name}-over" if notice.is_over else f"notice-{symptom.name}"
    return translate_or_replace(locale, key, {"subject": symptom.subject, "detail": symptom.detail})


class Webhook:
    """Posts a JSON object. `text` is what Slack, Mattermost and others show, `content` what Discord does; the other
    fields are for programs."""

    def __init__(self, url: SecretStr, client: UpstreamClient, clock: Clock, *, locale: str, instance: str) -> None:
        """`instance`: which Easel it is, for who has several."""
        self._url = url
        self._client = client
        self._clock = clock
        self._locale = locale
        self._instance = instance

    async def send(self, notice: Notice) -> bool:
        """As of Channel."""
        payload = Payload(media_type="application/json", pieces=(json.dumps(self._body(notice)).encode(),))
        for pause in (*WEBHOOK_PAUSES_S, None):
            try:
                await self._post(payload)
            except PaintFailed as failed:
                log.warning("notice not posted", failure=type(failed).__name__, detail=failed.detail)
                named = failed.retry_after if isinstance(failed, Busy) else None
                if pause is None or not (failed.transient or named is not None):
                    return False
                await self._clock.sleep(pause if named is None else min(named, MAX_PAUSE_S))
            else:
                return True
        return False

    async def _post(self, payload: Payload) -> None:
        """Raises PaintFailed: what fails with an upstream fails here the same way."""
        url = self._url.get_secret_value()
        async with exchange(
            self._client, url, payload, {"Accept": "*/*"},
            repeatable=True, timeout_s=WEBHOOK_TIMEOUT_S, idle_timeout_s=WEBHOOK_TIMEOUT_S,
            redact=NOTHING.with_secret(url),
        ) as response:  # fmt: skip
            await response.read_body()

    def _body(self, notice: Notice) -> Mapping[str, object]:
        symptom = notice.symptom
        text = f"Easel ({self._instance}): {describe_notice(notice, self._locale)}"[:MAX_TEXT_CHARS]
        text = text.replace("<", "‹").replace(">", "›")  # Slack reads <!channel> as a call of everybody
        return {
            "text": text,
            "content": text,
            "allowed_mentions": {"parse": list[str]()},  # Discord's
            "condition": symptom.name.value,
            "subject": symptom.subject,
            "detail": symptom.detail,
            "status": "over" if notice.is_over else "problem",
            "since": notice.since.isoformat(),
            "at": self._clock.now().isoformat(),
            "instance": self._instance,
        }


class AdminMessages:
    """Writes to each administrator in private, on their own platform, after everything else."""

    def __init__(
        self,
        admins: Iterable[str],
        ports: Mapping[str, ChatPort],
        status_messages: StatusMessages,
        clock: Clock,
        *,
        locale: str,
    ) -> None:
        """`admins`: `platform:id` of each; those of platforms that are not connected here, or on which a bot cannot
        write first, are left out."""
        self._admins = admins
        self._ports = ports
        self._status_messages = status_messages
        self._clock = clock
        self._locale = locale
        self._background = BackgroundTasks()

    async def send(self, notice: Notice) -> bool:
        """As of Channel. A platform that is away may take minutes, for which nobody waits."""
        card = Card(text=describe_notice(notice, self._locale), locale=self._locale)
        key = f"notice:{notice.symptom.name}:{notice.symptom.subject}:{self._clock.now().timestamp():.0f}"
        reached = False
        for admin in self._admins:
            platform, _, user_id = admin.partition(":")
            port = self._ports.get(platform)
            if isinstance(port, DirectMessages):
                self._background.spawn(self._write(port, user_id, card, f"{key}:{admin}"), f"notice to {admin}")
                reached = True
        return reached

    async def close(self) -> None:
        """Gives up what was not sent."""
        await self._background.cancel()

    async def _write(self, port: DirectMessages, user_id: str, card: Card, key: str) -> None:
        try:
            chat = await port.open_direct_chat(user_id)
        except ChatFailed as failed:
            log.warning("administrator not reached", failure=type(failed).__name__, detail=failed.detail)
            return
        await self._status_messages.send_reply(key, chat, card, reply_to=None, can_wait=True)


def instance_name(public_url: str | None) -> str:
    """What this Easel is called: its public address, or the machine's name."""
    return public_url or socket.gethostname()
