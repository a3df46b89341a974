"""Tells the owner of a result how it was made, in words that can be copied and painted again.

In a group, where a platform shows no card to one user alone, it is a reply that all can read: its prompt was written
there.
"""

from collections.abc import Mapping

from bot.chat import Action, Button, Card, User
from bot.handlers.button_posts import ButtonPosts
from bot.intake.typed import typed_options
from bot.job import Job
from bot.jobs import cards, lineage
from bot.ports import ButtonPress, ButtonReply, ChatPort
from bot.status.message import FinalState
from bot.store.store import Store
from bot.texts import translate


class ResultDetails:
    """Does what the row *Details* says: a `bot.handlers.buttons.ResultAction`."""

    def __init__(self, *, store: Store, posts: ButtonPosts, ports: Mapping[str, ChatPort]) -> None:
        self._store = store
        self._posts = posts
        self._ports = ports

    async def show_details(self, press: ButtonPress, actor: User, job: Job, locale: str) -> ButtonReply:
        """The details of a job, with *Paint again*."""
        await self._posts.admit(press, actor)
        known = {} if job.parent is None else await self._store.branch_of(job.id, lineage.MAX_BRANCH)
        card = describe_job(job, lineage.trace_branch(job, known), locale)
        if self._ports[press.message.chat.platform].features(press.message.chat).private_replies:
            return ButtonReply(card=card)
        return await self._posts.post(press, job, FinalState(card=card), locale)


def describe_job(job: Job, branch: lineage.Branch, locale: str) -> Card:
    """What is known of a job, as a card."""
    options = typed_options(job.options)
    began = job.started or job.created
    seconds = round(max(0.0, ((job.finished or began) - began).total_seconds()))
    lines = [
        translate(locale, "details-options", options=options) if options else "",
        translate(locale, "details-model", model=job.model or "–", provider=job.provider or "–"),
        translate(locale, "details-cost", seconds=seconds, credits=job.charged or 0),
        _describe_branch(job, branch, locale),
    ]
    again = Button(action=Action.RETRY, job_id=job.id, label=translate(locale, "button-again"))
    return Card(
        text="\n".join(filter(None, lines)),
        copyable=" ".join(filter(None, (job.prompt, options))),
        buttons=(again,),
        locale=locale,
    )


def _describe_branch(job: Job, branch: lineage.Branch, locale: str) -> str:
    """One sentence on what it was made from."""
    if lineage.source_of(job) is None:
        return translate(locale, "details-root")
    first = branch.jobs[0]
    began = "" if lineage.source_of(first) is not None else cards.excerpt(first.prompt)
    return translate(locale, "details-branch", edits=len(branch.edits), began=began or "–", has_began=int(bool(began)))
