"""The one status message of each job: keeps its state, and makes every call to a chat platform when its turn comes.

Decides nothing about time or order (`pacing`) nor about words (`fold`); what is shown is rendered at the moment of
the call, so the latest state wins.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

import structlog

from bot.chat import Button, Card, Chat, Delivered, Lane, MessageRef
from bot.clock import Clock
from bot.errors import ChatBusy, ChatFailed, ChatGone, ChatUnreachable, EaselError, MessageGone
from bot.painting import Image
from bot.ports import ChatPort, RateLimitFeedback
from bot.status.pacing import NOTHING_TOLD, Pacer, Turn, Urgency
from bot.status.state import Happening, Status, fold, noticeable, render

log = structlog.get_logger()

RETRY_FIRST = 1.0  # seconds before an unanswered call is made again; doubles
RETRY_MOST = 30.0  # seconds between two tries at the most
TRIES = 20  # of one call before the platform is given up on: about eight minutes
HEARTBEAT = 5.0  # seconds between two looks at messages that nothing has happened to: their elapsed time moves

Load = Callable[[], Awaitable[Sequence[Image]]]


async def nothing_to_show() -> Sequence[Image]:
    """The pictures of a final state that has none."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Final:
    """How a message ends: its last card, and the pictures, loaded only when the call is about to be made.
    `pictures`: how many those are."""

    card: Card
    load: Load = nothing_to_show
    pictures: int = 0


@dataclass(slots=True, kw_only=True)
class StatusMessage:
    """One message on the board, from its first post to its final state.

    `posted` is told where the message stands, before anything else is shown there. `gone`: it was deleted, or the
    chat is closed to us, while the job runs. `occasion` is what makes a repeated post harmless.
    """

    key: str
    occasion: str = ""
    chat: Chat
    reply_to: str | None
    locale: str
    status: Status
    buttons: tuple[Button, ...] = ()
    ref: MessageRef | None = None
    posted: Callable[[MessageRef], Awaitable[None]] | None = None
    gone: Callable[[], None] | None = None
    preview: Image | None = None
    shown: Status | None = None
    shown_at: float = 0.0
    tries: int = 0
    final: Final | None = None
    saying: bool = False
    ended: asyncio.Future[Delivered | None] = field(default_factory=asyncio.Future[Delivered | None])


class StatusMessages:
    """All status messages of this process, and every other word the bot says."""

    def __init__(self, ports: Mapping[str, ChatPort], clock: Clock) -> None:
        self._ports = ports
        self._clock = clock
        self._pacer = Pacer()
        self._sheets: dict[str, StatusMessage] = {}
        self._calls: set[asyncio.Task[None]] = set()
        self._wake = asyncio.Event()
        self._loops: list[asyncio.Task[None]] = []
        self._stopped = False

    async def start(self) -> None:
        self._loops = [
            asyncio.create_task(self._for_ever(self._turn), name="board turns"),
            asyncio.create_task(self._for_ever(self._beat), name="board heartbeat"),
        ]

    async def stop(self) -> None:
        """Lets calls under way end. Jobs not shown to the end by then are shown by the next start; of answers,
        `say` tells that they were not given."""
        self._stopped = True
        for loop in self._loops:
            loop.cancel()
        await asyncio.gather(*self._loops, return_exceptions=True)
        await asyncio.gather(*self._calls, return_exceptions=True)
        for sheet in list(self._sheets.values()):
            if sheet.saying:
                sheet.ended.cancel()

    # ------------------------------------------------------------ what jobs tell

    def shows_pending_reply(self, chat: Chat) -> bool:
        """Whether the platform shows a pending reply there, so that every request needs an answer."""
        return self._ports[chat.platform].features(chat).shows_pending_reply

    def has(self, key: str) -> bool:
        """Whether that message is on the board: opened, and not yet at its end."""
        return key in self._sheets

    def message_ref(self, key: str) -> MessageRef | None:
        """Where a message on the board stands; None before it is posted, and where there is no such message."""
        return self._sheets[key].ref if key in self._sheets else None

    def locale(self, key: str) -> str | None:
        """The language of a message on the board; None where there is no such message."""
        return self._sheets[key].locale if key in self._sheets else None

    def add(self, sheet: StatusMessage) -> None:
        """Puts a message on the board. One that is posted already (`ref`) is brought up to date, else it is posted."""
        self._sheets[sheet.key] = sheet
        self._pacer.expect(sheet.key, self._lane(sheet))
        self._want(sheet, Urgency.FIRST if sheet.ref is None else Urgency.PROGRESS)

    def apply_event(self, key: str, happening: Happening) -> None:
        """Something happened to a job; shown when it is worth an edit and its turn comes."""
        sheet = self._sheets.get(key)
        if sheet is None or sheet.final is not None:
            return
        sheet.status = fold(sheet.status, happening)
        self.refresh(key)

    def refresh(self, key: str) -> None:
        """Asks for an edit if the message shows something noticeably older than what is."""
        sheet = self._sheets.get(key)
        if sheet is None or sheet.final is not None or sheet.shown is None:
            return
        if noticeable(sheet.shown, sheet.status, sheet.shown_at, self._clock.monotonic()):
            self._want(sheet, Urgency.PROGRESS)

    def show_preview(self, key: str, preview: Image) -> None:
        """An unfinished picture to show inside the message."""
        if (sheet := self._sheets.get(key)) is not None and sheet.final is None:
            sheet.preview = preview
            self._want(sheet, Urgency.PROGRESS)

    async def finish(self, key: str, final: Final) -> Delivered | None:
        """The message's final state; returns once it stands there. None: it held no pictures.

        Raises ChatFailed when the platform does not take it.
        """
        sheet = self._sheets[key]
        sheet.final = final
        sheet.tries = 0
        self._want(sheet, Urgency.FINAL)
        try:
            return await asyncio.shield(sheet.ended)
        finally:
            self._drop(sheet)

    async def send_reply(
        self, key: str, chat: Chat, card: Card, *, reply_to: str | None, ref: MessageRef | None = None
    ) -> bool:
        """A message of its own: an answer to a command, a refusal. Returns once it stands there, or the platform
        does not take it, which is logged. False: the board stopped before its turn came. With `ref` that message,
        which is nobody's any more, becomes it."""
        sheet = self._sheets.get(key)
        if sheet is None:
            if self._stopped:
                return False
            status = Status(since=self._clock.monotonic())
            sheet = StatusMessage(
                key=key, chat=chat, reply_to=reply_to, locale="en", status=status, final=Final(card=card)
            )
            sheet.saying, sheet.ref = True, ref
            self._sheets[key] = sheet
            self._want(sheet, Urgency.FIRST)
        try:
            await asyncio.wait((sheet.ended,))
        finally:
            self._drop(sheet)
        return not sheet.ended.cancelled()

    def _drop(self, sheet: StatusMessage) -> None:
        self._sheets.pop(sheet.key, None)
        self._pacer.drop(sheet.key)

    # ------------------------------------------------------------ turns

    def _lane(self, sheet: StatusMessage) -> Lane:
        pictures = sheet.final.pictures if sheet.final is not None else 0
        return self._ports[sheet.chat.platform].lane(sheet.chat, sheet.ref, image_count=pictures)

    def _want(self, sheet: StatusMessage, urgency: Urgency) -> None:
        self._pacer.want(sheet.key, urgency, self._lane(sheet), self._clock.monotonic())
        self._wake.set()

    async def _for_ever(self, once: Callable[[], Awaitable[None]]) -> None:
        """A bug must not make the whole bot fall silent: it is logged, and the loop goes on."""
        while True:
            try:
                await once()
            except Exception:
                log.exception("board stumbled")
                await self._clock.sleep(RETRY_FIRST)

    async def _turn(self) -> None:
        self._wake.clear()
        turn = self._pacer.next(self._clock.monotonic())
        if isinstance(turn, Turn):
            self._pacer.start(turn, self._clock.monotonic())
            call = asyncio.create_task(self._call(turn), name=f"call {turn.job}")
            self._calls.add(call)
            call.add_done_callback(self._calls.discard)
        else:
            await self._idle(turn)

    async def _beat(self) -> None:
        await self._clock.sleep(HEARTBEAT)
        for key in list(self._sheets):
            self.refresh(key)

    async def _idle(self, until: float | None) -> None:
        """Waits for the time of the next turn, or for something new."""
        if until is None:
            await self._wake.wait()
            return
        woken = asyncio.ensure_future(self._wake.wait())
        due = asyncio.ensure_future(self._clock.sleep(max(0.0, until - self._clock.monotonic())))
        try:
            await asyncio.wait((woken, due), return_when=asyncio.FIRST_COMPLETED)
        finally:
            woken.cancel()
            due.cancel()

    async def _call(self, turn: Turn) -> None:
        """One call to the platform, and what its outcome means for the message."""
        sheet = self._sheets.get(turn.job)
        if sheet is None:
            self._pacer.finish(turn, self._clock.monotonic())
            return
        try:
            await self._show(sheet)
        except ChatBusy as busy:
            log.info("chat is busy", chat=sheet.chat.key, retry_after=busy.retry_after)
            self._pacer.refuse(turn, busy.retry_after, self._clock.monotonic())
        except ChatUnreachable as failed:
            self._again(turn, sheet, failed)
        except (MessageGone, ChatGone) as failed:
            self._pacer.finish(turn, self._clock.monotonic())
            self._gone(sheet, failed)
        except EaselError as failed:
            self._pacer.finish(turn, self._clock.monotonic())
            self._give_up(sheet, failed)
        except Exception as broken:  # a bug in one adapter must not stop the board
            log.exception("call failed", chat=sheet.chat.key)
            self._pacer.finish(turn, self._clock.monotonic())
            self._give_up(sheet, ChatFailed(detail=repr(broken)))
        else:
            port = self._ports[sheet.chat.platform]
            resets = port.budget_resets(turn.lane) if isinstance(port, RateLimitFeedback) else NOTHING_TOLD
            self._pacer.finish(turn, self._clock.monotonic(), resets)
            self.refresh(sheet.key)
        if sheet.ended.done():  # also when this turn was meant for progress: the final state went with it
            self._pacer.drop(sheet.key)
        self._wake.set()

    async def _show(self, sheet: StatusMessage) -> None:
        port = self._ports[sheet.chat.platform]
        if sheet.final is not None:
            sheet.ended.set_result(await self._show_final(port, sheet, sheet.final))
            return
        status, preview = sheet.status, sheet.preview
        card = Card(text=render(status, sheet.locale, self._clock.monotonic()), buttons=sheet.buttons, preview=preview)
        posted = sheet.ref is None
        if sheet.ref is None:
            sheet.ref = await self._post(port, sheet, card)
        else:
            await port.edit(sheet.ref, card)
        sheet.tries = 0
        sheet.shown, sheet.shown_at = status, self._clock.monotonic()
        if posted and sheet.posted is not None:
            await sheet.posted(sheet.ref)

    async def _post(self, port: ChatPort, sheet: StatusMessage, card: Card) -> MessageRef:
        key = sheet.occasion or sheet.key
        return await port.post(sheet.chat, card, reply_to=sheet.reply_to, key=key)

    async def _show_final(self, port: ChatPort, sheet: StatusMessage, final: Final) -> Delivered | None:
        images = await final.load()
        if images:
            return await port.deliver(
                sheet.chat,
                sheet.ref,
                final.card,
                images,
                reply_to=sheet.reply_to,
                key=sheet.occasion or sheet.key,
            )
        if sheet.ref is not None:
            await port.edit(sheet.ref, final.card)
        else:
            ref = await self._post(port, sheet, final.card)
            if sheet.posted is not None:
                await sheet.posted(ref)
        return None

    # ------------------------------------------------------------ when the platform does not take a call

    def _again(self, turn: Turn, sheet: StatusMessage, failed: ChatUnreachable) -> None:
        log.info("chat did not answer", chat=sheet.chat.key, detail=failed.detail)
        sheet.tries += 1
        if sheet.tries >= TRIES:
            self._pacer.finish(turn, self._clock.monotonic())
            self._give_up(sheet, failed)
            return
        pause = min(RETRY_FIRST * 2 ** (sheet.tries - 1), RETRY_MOST)
        self._pacer.fail(turn, self._clock.monotonic(), pause)

    def _gone(self, sheet: StatusMessage, failed: MessageGone | ChatGone) -> None:
        """While a job runs, a deleted message means: stop. A finished picture is posted anew, once."""
        if sheet.final is None:
            if sheet.gone is not None:
                sheet.gone()
        elif isinstance(failed, ChatGone) or sheet.ref is None:
            self._give_up(sheet, failed)
        elif sheet.final.load is nothing_to_show:
            sheet.ended.set_result(None)
        else:
            sheet.ref, sheet.occasion = None, f"{sheet.occasion or sheet.key}:again"
            self._want(sheet, Urgency.FINAL)

    def _give_up(self, sheet: StatusMessage, failed: EaselError) -> None:
        """Progress that cannot be shown is not shown; a final state that cannot be shown is the job's to know."""
        log.warning("message not shown", chat=sheet.chat.key, failure=type(failed).__name__, detail=failed.detail)
        if sheet.final is not None:
            sheet.ended.set_exception(failed)
            sheet.ended.exception()  # marks it as seen: an answer to a command has nobody waiting for it
