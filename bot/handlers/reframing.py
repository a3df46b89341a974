"""Answers the buttons behind *Reframe…*: a result on a larger canvas, cut out, or painted again in a higher resolution.

Each is a job like others; its price stands on the button, and is reserved as it is accepted.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial

from bot.chat import Action, User
from bot.errors import StillPainting
from bot.handlers.admission import Admission
from bot.job import TRANSITIONS, Job, button_key
from bot.jobs.reframes import REFRAMES, reframed_options
from bot.jobs.reservation import requirements_of
from bot.jobs.service import JobService, Requester
from bot.ports import ButtonPress, ButtonReply
from bot.prices import PriceRange
from bot.providers.catalog import ProviderCatalog
from bot.texts import translate


class Reframing:
    """Reframes results."""

    def __init__(self, *, jobs: JobService, catalog: ProviderCatalog, admission: Admission) -> None:
        self._jobs = jobs
        self._catalog = catalog
        self._admission = admission

    @property
    def quotes(self) -> Mapping[Action, Callable[[Job], Awaitable[PriceRange]]]:
        """Of each button, credits of what it would do to a job. Raises Refusal where no provider can."""
        return {action: partial(self._quote, action) for action in REFRAMES}

    async def _quote(self, action: Action, job: Job) -> PriceRange:
        options = reframed_options(job.options, action, self._catalog.capabilities)
        return self._catalog.price_range(requirements_of(job.prompt, job.delivered[:1], None, options))

    async def reframe(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        """As of `bot.handlers.buttons.ResultAction`. Raises StillPainting while the job is unfinished, PictureGone
        where its result has no such picture."""
        self._admission.check_request(actor, press.message.chat, job.prompt)
        job = await self._jobs.refresh_job(job)
        if TRANSITIONS[job.state]:
            raise StillPainting
        chat, message = press.message.chat, press.message.message_id
        button = button_key(press.action, job.id, actor.key, press.picture or 1)
        accepted = await self._jobs.submit_job(
            Requester(user=actor, chat=chat, locale=locale, request_id=message),
            event=f"{button}:{press.id}",
            button=button,
            prompt=job.prompt,
            references=(job.delivered_picture(press.picture),),
            mask=None,
            options=reframed_options(job.options, press.action, self._catalog.capabilities),
            parent=job.id,
            parent_picture=press.picture or 1,
        )
        return ButtonReply(text=translate(locale, "press-again") if accepted is None else "")
