"""Regions painted by hand: links to the page for it, what the page shows, and the job that comes of it.

Serves no page and knows no platform: `bot.ports.RegionPages` has the promises, `adapters/region` the page.
"""

import asyncio
import secrets
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace

import structlog

from bot.chat import Attachment, Chat, Message, User
from bot.errors import NotYours, Refusal, RegionLinkUnknown, RegionLinkUsed, RegionOfOtherUser, RegionUnavailable
from bot.handlers.admission import Admission, SuppressReply
from bot.handlers.estimates import RequestEstimates
from bot.handlers.model_choices import ModelChoices
from bot.handlers.pending_requests import PendingRequests
from bot.handlers.questions import PHOTO_PREFIX
from bot.handlers.region_tokens import ID_BYTES, KEY_BYTES, LIFETIME, make_token, read_token, session_id
from bot.intake.options import without_region
from bot.intake.parser import Paint, parse_request
from bot.job import Job
from bot.jobs.images import JobImages
from bot.jobs.service import JobService, Requester
from bot.painting import Capabilities
from bot.pictures.headers import SNIFF_BYTES, sniff_media_type
from bot.pictures.processing import ImageProcessor
from bot.pictures.strokes import read_drawing
from bot.ports import (
    ButtonPress,
    ButtonReply,
    ChatPort,
    LaunchVerification,
    PageLink,
    RegionPage,
    RegionPicture,
    StoredToken,
)
from bot.providers.catalog import ProviderCatalog
from bot.runtime.clock import Clock
from bot.store.store import Store
from bot.store.stored_values import StoredReader
from bot.texts import translate

log = structlog.get_logger()

KEY_NAME = "region-key"  # of the value with the key that signs tokens; made at the first link
SCOPE = "region"  # of the stored sessions
SHOWN_TYPES = ("image/png", "image/jpeg", "image/webp", "image/gif", "image/avif")  # that every browser shows
AS_SHOWN = Capabilities(max_reference_bytes=1 << 30, reference_types=("image/jpeg", "image/png"))  # any other


@dataclass(frozen=True, slots=True, kw_only=True)
class RegionSession:
    """What a link leads to."""

    user: User
    """On whose account the job is."""
    member: str
    """The platform's id of whom it was made for; not `user` where they act for a chat."""
    chat: Chat
    """Where the picture is to appear."""
    locale: str
    """One of ours."""
    request_id: str | None
    """Message that the status message replies to: the one with the picture; None: to none."""
    picture: Attachment
    """The picture to paint over."""
    others: tuple[Attachment, ...] = ()
    """Further references, in order."""
    prompt: str = ""
    """What the member has written already."""
    parent: str | None = None
    """Id of the job that the picture is a result of; None: of none."""
    parent_picture: int | None = None
    """Number of the picture among the results of that job, from 1."""


_STORED = StoredReader[RegionSession](RegionSession)


class Regions:
    """Implements `bot.ports.RegionPages`, and makes the links."""

    def __init__(
        self,
        *,
        store: Store,
        jobs: JobService,
        images: JobImages,
        processor: ImageProcessor,
        estimates: RequestEstimates,
        model_choices: ModelChoices,
        admission: Admission,
        catalog: ProviderCatalog,
        ports: Mapping[str, ChatPort],
        clock: Clock,
        pending_requests: PendingRequests,
        random_bytes: Callable[[int], bytes] = secrets.token_bytes,
    ) -> None:
        """`random_bytes(count)`: not to be guessed."""
        self._store = store
        self._storage = store.adapter_store
        self._jobs = jobs
        self._images = images
        self._processor = processor
        self._estimates = estimates
        self._model_choices = model_choices
        self._admission = admission
        self._catalog = catalog
        self._ports = ports
        self._clock = clock
        self._pending_requests = pending_requests
        self._random_bytes = random_bytes
        self._key: bytes | None = None

    # ------------------------------------------------------------ links

    async def make_link(self, session: RegionSession) -> PageLink:
        """A link to the page, good for LIFETIME and one job. Raises RegionUnavailable, StoreFailed."""
        if not self._ports[session.chat.platform].features(session.chat).opens_pages:
            raise RegionUnavailable
        identity, expires = self._random_bytes(ID_BYTES), self._clock.now() + LIFETIME
        stored = StoredToken(id=session_id(identity), expires=expires, fields=asdict(session))
        await self._storage.save_tokens(SCOPE, [stored])
        token = make_token(await self._signing_key(), identity, expires)
        return PageLink(token=token, label=translate(session.locale, "region-open"))

    async def offer_page(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        """Answers *Region* below a result: a link for whoever pressed it. As of `bot.handlers.buttons.ResultAction`;
        raises PictureGone where there is no such picture."""
        self._admission.check_request(actor, press.message.chat)
        job = await self._jobs.refresh_job(job)
        session = RegionSession(
            user=actor,
            member=press.sender.id,
            chat=press.message.chat,
            locale=locale,
            request_id=press.message.message_id,
            picture=job.delivered_picture(press.picture),
            parent=job.id,
            parent_picture=press.picture or 1,
        )
        return ButtonReply(text=translate(locale, "region-how"), page=await self.make_link(session))

    async def offer_photo_page(self, press: ButtonPress, locale: str) -> ButtonReply:
        """Answers *Region* below the question about a user's own pictures. Raises NotYours to anybody else, and where
        they are forgotten."""
        self._admission.check_request(press.sender, press.message.chat)
        request_id = press.job_id.removeprefix(PHOTO_PREFIX)
        request = self._pending_requests.get(press.message.chat, press.sender, request_id)
        if request is None or not request.images:
            raise NotYours
        picture, *others = request.images
        session = RegionSession(
            user=press.sender,
            member=press.sender.id,
            chat=press.message.chat,
            locale=locale,
            request_id=request_id,
            picture=picture,
            others=tuple(others),
            prompt=without_region(request.words),
        )
        return ButtonReply(text=translate(locale, "region-how"), page=await self.make_link(session))

    async def _signing_key(self) -> bytes:
        if self._key is None:
            self._key = bytes.fromhex(await self._storage.settle_value(KEY_NAME, self._random_bytes(KEY_BYTES).hex()))
        return self._key

    async def _find_session(self, token: str, launch: str | None) -> tuple[str, RegionSession]:
        """The event of the job that a token may become, and what it leads to. Raises as `RegionPages`."""
        id_ = read_token(await self._signing_key(), token, self._clock.now())
        found = await self._storage.load_tokens(SCOPE, id_)
        if not found:
            raise RegionLinkUnknown
        try:
            session = _STORED.read(found[0].fields)
        except ValueError as unreadable:  # another version's
            raise RegionLinkUnknown(detail=str(unreadable)) from unreadable
        port = self._ports.get(session.chat.platform)
        if isinstance(port, LaunchVerification) and (launch is None or port.launched_by(launch) != session.member):
            raise RegionOfOtherUser
        return f"region:{id_}", session

    async def _find_unused(self, token: str, launch: str | None) -> RegionSession:
        event, session = await self._find_session(token, launch)
        if await self._store.job_by_event(event) is not None:
            raise RegionLinkUsed
        return session

    # ------------------------------------------------------------ the page

    async def open_page(self, token: str, launch: str | None) -> RegionPage:
        session = await self._find_unused(token, launch)
        return RegionPage(
            locale=session.locale,
            prompt=session.prompt,
            price=await self._price(session, session.prompt),
            max_prompt_chars=self._catalog.capabilities.max_prompt_chars,
        )

    async def load_picture(self, token: str, launch: str | None) -> RegionPicture:
        session = await self._find_unused(token, launch)
        async with self._images.read_original(session.picture, session.chat.platform, session.user.key) as data:
            media_type = sniff_media_type(data[:SNIFF_BYTES])
            if media_type in SHOWN_TYPES:
                return RegionPicture(data=data, media_type=media_type)
            name = session.picture.filename or ""
            shown = await self._processor.prepare_reference(
                data, name=name, capabilities=AS_SHOWN, owner=session.user.key
            )
            return RegionPicture(data=shown.data, media_type=shown.media_type)

    async def estimate_price(self, token: str, launch: str | None, prompt: str) -> str:
        return await self._price(await self._find_unused(token, launch), prompt)

    async def paint(self, token: str, launch: str | None, prompt: str, drawing: bytes) -> str:
        event, session = await self._find_session(token, launch)
        accepted = translate(session.locale, "region-accepted")
        if await self._store.job_by_event(event) is not None:
            return accepted
        user, platform = session.user, session.chat.platform
        painted = await asyncio.to_thread(read_drawing, drawing)
        await self._admit(session, prompt)
        request = await self._parse(session, prompt)
        async with self._images.read_original(session.picture, platform, user.key) as data:
            name = session.picture.filename or ""
            mask = await self._processor.draw_mask(data, painted, name=name, owner=user.key)
        requester = Requester(user=user, chat=session.chat, locale=session.locale, request_id=session.request_id)
        job = await self._jobs.submit_job(
            requester,
            event=event,
            prompt=request.prompt,
            references=request.references,
            mask=await self._images.keep_mask(mask, owner=user.key, event=event),
            options=request.options,
            parent=session.parent,
            parent_picture=session.parent_picture,
        )
        if job is not None:
            log.info("region painted", job=job.id, strokes=len(painted.strokes))
        return accepted

    # ------------------------------------------------------------ within

    async def _admit(self, session: RegionSession, prompt: str) -> None:
        try:
            await self._admission.reload_if_changed()
            self._admission.check_request(session.user, session.chat, prompt)
        except SuppressReply as suppressed:  # the page says it again
            raise suppressed.refusal from None

    async def _parse(self, session: RegionSession, prompt: str) -> Paint:
        """The request, with the model that its user keeps. Raises Refusal."""
        request = parse_request(_as_message(session, prompt), self._catalog.capabilities)
        if isinstance(request, Refusal):
            raise request
        assert isinstance(request, Paint)  # `/edit` is no other command, and meant for the bot
        models = self._catalog.capabilities.models
        chosen = await self._model_choices.apply(session.user.key, request.options, models)
        return replace(request, options=replace(chosen.options, replaced_model=chosen.gone or None))

    async def _price(self, session: RegionSession, prompt: str) -> str:
        estimate = await self._estimates.estimate(_as_message(session, prompt))
        if estimate.price is None:
            return ""
        return translate(session.locale, "option-credits", price=str(estimate.price), credits=estimate.price.most)


def _as_message(session: RegionSession, prompt: str) -> Message:
    """What the member asks for, as if they had written `/edit` with a mask."""
    mask = Attachment(ref="", media_type="image/png", filename="region.png")
    return Message(
        id=session.request_id or "",
        chat=session.chat,
        sender=session.user,
        text=prompt,
        attachments=(session.picture, *session.others),
        mask=mask,
        command="edit",
    )
