"""Leads back from a result: *Undo*, *Compare* and *Tree* show what it was made from, *From the original* paints all its
wishes at once.

What was deleted or forgotten, or stands in another chat, is not shown again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from bot.chat import Action, Attachment, Button, Card, Chat, MessageRef, User
from bot.errors import (
    NothingBefore,
    ParentDeleted,
    ParentElsewhere,
    ParentForgotten,
    ParentGone,
    PictureGone,
    Refusal,
)
from bot.handlers.button_posts import ButtonPosts
from bot.job import Job, button_key
from bot.jobs import cards, lineage
from bot.jobs.images import JobImages
from bot.jobs.lineage import Branch, Presence, Source
from bot.jobs.result_menu import result_buttons
from bot.jobs.service import JobService, Requester
from bot.painting import Image
from bot.ports import ButtonPress, ButtonReply, ChatPort, Comparison, MessageLinks
from bot.prices import PriceRange
from bot.status.message import FinalState
from bot.store.store import Store
from bot.texts import shorten, translate

MAX_LISTED = 12  # pictures of a tree: as many as a caption of 1,024 characters has lines for
GONE = {  # by what has become of a result
    Presence.DELETED: ParentDeleted,
    Presence.FORGOTTEN: ParentForgotten,
    Presence.EXPIRED: ParentGone,
}
LISTED_CHARS = 36  # characters of a wish in a tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A picture that can be shown again."""

    picture: Attachment
    job: Job | None
    """The job whose result it is; None: it is a member's own."""
    number: int
    """Its number among that job's pictures, ≥ 1."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A picture on the way to a result."""

    distance: int
    """How many steps it is before the result, ≥ 0."""
    shown: Shown | None
    """None: it is not shown any more."""
    words: str
    """What was asked for, or why it is not shown."""
    ref: MessageRef | None = None
    """The message that it stands in, in this chat; None: it is not known."""
    gone: ParentGone | None = None
    """Why it is not shown; None: it is."""


class ResultHistory:
    """Does what the rows of the menu say; each is a `bot.handlers.buttons.ResultAction`."""

    def __init__(
        self,
        *,
        store: Store,
        jobs: JobService,
        images: JobImages,
        posts: ButtonPosts,
        ports: Mapping[str, ChatPort],
    ) -> None:
        self._store = store
        self._jobs = jobs
        self._images = images
        self._posts = posts
        self._ports = ports

    # ------------------------------------------------------------ one step back

    async def undo(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        """Posts the picture that the result was made from once more, with its own buttons."""
        await self._posts.admit(press, actor)
        source = await self._find_source(job, press.message.chat)
        parent = source.job
        if parent is None:
            card = Card(text=translate(job.locale, "undo-photo"), locale=job.locale, spoiler=source.picture.spoiler)
        else:
            about = source.number if len(parent.delivered) > 1 else None
            card = Card(
                text=translate(job.locale, "undo-caption", prompt=cards.excerpt(parent.prompt)),
                plain_text=translate(job.locale, "undo-caption", prompt="…"),
                buttons=result_buttons(parent, about, job.locale),
                locale=job.locale,
                alt_text=parent.prompt,
                source=next(iter(parent.references), None),
                spoiler=source.picture.spoiler,
                as_file=parent.options.as_file,
            )
        return await self._posts.post(press, job, self._final(card, [source], actor), locale, shows=(parent,))

    async def compare(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        """Shows the result beside what it was made from."""
        await self._posts.admit(press, actor)
        before = await self._find_source(job, press.message.chat)
        number = press.picture or 1
        after = Shown(picture=job.delivered_picture(number), job=job, number=number)
        if self._ports[press.message.chat.platform].features(press.message.chat).compares_pictures:
            return ButtonReply(comparison=Comparison(before=before.picture, after=after.picture))
        card = Card(
            text=translate(job.locale, "compare-caption", prompt=cards.excerpt(job.prompt)),
            plain_text=translate(job.locale, "compare-caption", prompt="…"),
            locale=job.locale,
            alt_text=job.prompt,
            spoiler=before.picture.spoiler or after.picture.spoiler,
        )
        final = replace(self._final(card, [before, after], actor), is_album=True)
        return await self._posts.post(press, job, final, locale, shows=(before.job, job))

    # ------------------------------------------------------------ the whole branch

    async def show_tree(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        """Lists the branch from its root on, each picture with a link to its message; where the chat has no links, with
        a button that leads there."""
        await self._posts.admit(press, actor)
        chat = press.message.chat
        steps = self._steps(await self._load_branch(job), chat, job.locale)
        listed = steps if len(steps) <= MAX_LISTED else [steps[0], *steps[1 - MAX_LISTED :]]
        shown = [each.shown for each in listed]
        card = self._list_steps(listed, len(steps) - len(listed), job, chat)
        if self._ports[chat.platform].features(chat).shows_linked_pictures or not any(shown):
            return await self._posts.post(press, job, FinalState(card=card), locale)
        spoiler = any(each.picture.spoiler for each in shown if each is not None)

        async def load() -> Sequence[Image]:
            pictures = [None if each is None else await self._load_or_none(each, actor) for each in shown]
            if not any(pictures):
                raise ParentGone
            return (await self._images.make_contact_sheet(pictures, actor.key),)

        final = FinalState(card=replace(card, spoiler=spoiler), load_images=load, image_count=1)
        pictured = [None if each is None else each.job for each in shown]
        return await self._posts.post(press, job, final, locale, shows=pictured)

    async def lead_to_step(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        """Replies to the message of a picture of the branch, which a tap on the reply leads to."""
        await self._posts.admit(press, actor)
        chat = press.message.chat
        steps = self._steps(await self._load_branch(job), chat, job.locale)
        step = next((each for each in steps if each.distance + 1 == press.picture), None)
        if step is None or step.ref is None:
            raise ParentGone if step is None or step.gone is None else step.gone
        card = Card(text=translate(job.locale, "tree-here", step=step.words), locale=job.locale)
        return await self._posts.post(press, job, FinalState(card=card), locale, reply_to=step.ref.message_id)

    async def quote_original(self, job: Job) -> PriceRange | None:
        """What `paint_original` would cost; None where it would be what *Retry* is. Raises Refusal, StoreFailed."""
        branch = await self._load_branch(job)
        if branch.root is None or branch.root == lineage.source_of(job) or not branch.wishes:
            return None
        picture = branch.root.picture or Attachment(ref="", media_type="")
        return self._jobs.quote(_joined(branch), (picture,), job.options)

    async def paint_original(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        """Paints the root with all wishes of the branch in one prompt."""
        branch = await self._load_branch(job)
        if branch.root is None or not branch.wishes:
            raise NothingBefore if branch.is_whole else ParentGone
        prompt = _joined(branch)
        await self._posts.admit_request(press, actor, prompt)
        known = {each.id: each for each in branch.jobs}
        root = self._show(branch.root, known, press.message.chat)
        requester = Requester(user=actor, chat=press.message.chat, locale=locale, request_id=press.message.message_id)
        button = button_key(Action.ORIGINAL, job.id, actor.key)
        painted = await self._jobs.submit_job(
            requester,
            event=f"{button}:{press.id}",
            button=button,
            prompt=prompt,
            references=(root.picture,),
            mask=None,
            options=replace(job.options, replaced_model=None),
            parent=branch.root.job_id,
            parent_picture=branch.root.number,
        )
        return ButtonReply(text=translate(locale, "press-again") if painted is None else "")

    # ------------------------------------------------------------ within

    async def _load_branch(self, job: Job) -> Branch:
        known = {} if job.parent is None else await self._store.branch_of(job.id, lineage.MAX_BRANCH)
        return lineage.trace_branch(job, known)

    async def _find_source(self, job: Job, chat: Chat) -> Shown:
        """The picture that a job starts from. Raises NothingBefore, ParentGone, StoreFailed."""
        source = lineage.source_of(job)
        if source is None:
            raise NothingBefore
        parent = None if source.job_id is None else await self._store.get_job(source.job_id)
        return self._show(source, {} if parent is None else {parent.id: parent}, chat)

    def _show(self, source: Source, known: Mapping[str, Job], chat: Chat) -> Shown:
        """A picture, if it may be shown in a chat. Raises ParentGone."""
        if source.job_id is None:
            if source.picture is None:
                raise ParentGone
            return Shown(picture=source.picture, job=None, number=1)
        parent = known.get(source.job_id)
        presence = lineage.presence_of(parent)
        if parent is None or presence is not Presence.SHOWN:
            raise GONE[presence]
        if parent.chat.key != chat.key:
            raise ParentElsewhere
        try:
            return Shown(picture=parent.delivered_picture(source.number), job=parent, number=source.number)
        except PictureGone:
            raise ParentGone from None

    def _steps(self, branch: Branch, chat: Chat, locale: str) -> list[Step]:
        """The pictures of a branch, the root first, the result last."""
        known, first = {each.id: each for each in branch.jobs}, branch.jobs[0]
        sources = [source for each in branch.jobs if (source := lineage.source_of(each)) is not None]
        sources.append(Source(job_id=branch.jobs[-1].id, number=1, picture=None))
        steps: list[Step] = []
        for distance, source in zip(range(len(sources) - 1, -1, -1), sources, strict=True):
            of = known.get(source.job_id or "")
            words = translate(locale, "tree-photo") if source.job_id is None else _wish(of, locale)
            try:
                shown = self._show(source, known, chat)
            except ParentGone as gone:
                words = translate(locale, "tree-gone", reason=gone.key.rpartition("-")[2])
                steps.append(Step(distance=distance, shown=None, words=words, gone=gone))
            else:
                ref = _photo_ref(first, chat) if of is None else cards.result_ref(of, source.number)
                steps.append(Step(distance=distance, shown=shown, words=words, ref=ref))
        return steps

    def _list_steps(self, steps: Sequence[Step], left_out: int, job: Job, chat: Chat) -> Card:
        """A line about each step, numbered as their thumbnails are; `left_out`: steps after the first that are not
        listed."""
        port = self._ports[chat.platform]
        lines = [translate(job.locale, "tree-title")]
        buttons: list[Button] = []
        for number, step in enumerate(steps, start=1):
            link = port.message_link(step.ref) if step.ref is not None and isinstance(port, MessageLinks) else None
            lines.append(" ".join(filter(None, (f"{number}.", step.words, link))))
            if step.ref is not None and link is None:
                about = step.distance + 1  # from the result back: what is forgotten meanwhile is at the other end
                label = f"{translate(job.locale, 'button-step')} {number}"
                buttons.append(Button(action=Action.STEP, job_id=job.id, label=label, picture=about))
            if number == 1 and left_out:
                lines.append(translate(job.locale, "tree-more", count=left_out))
        return Card(text="\n".join(lines), buttons=tuple(buttons), locale=job.locale)

    def _final(self, card: Card, shown: Sequence[Shown], actor: User) -> FinalState:
        async def load() -> Sequence[Image]:
            try:
                return [await self._load(each, actor) for each in shown]
            except PictureGone:
                raise ParentGone from None

        return FinalState(card=card, load_images=load, image_count=len(shown))

    async def _load(self, shown: Shown, actor: User) -> Image:
        is_result = shown.job is not None
        return await self._images.load_shown(shown.picture, actor.platform, actor.key, is_result=is_result)

    async def _load_or_none(self, shown: Shown, actor: User) -> Image | None:
        try:
            return await self._load(shown, actor)
        except Refusal:
            return None


def _photo_ref(first: Job, chat: Chat) -> MessageRef | None:
    """The message with which a branch began that starts from a member's own picture."""
    is_here = first.request_id is not None and first.chat.key == chat.key
    return MessageRef(chat=chat, message_id=first.request_id or "") if is_here else None


def _joined(branch: Branch) -> str:
    """All wishes as one prompt, each on a line of its own."""
    return "\n".join(branch.wishes)


def _wish(job: Job | None, locale: str) -> str:
    prompt = "" if job is None else " ".join(job.prompt.split())
    return translate(locale, "tree-line", prompt=shorten(prompt, LISTED_CHARS))
