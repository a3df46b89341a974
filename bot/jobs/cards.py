"""Final states of job messages: their text and buttons, in the language of the job's owner. Pure.

The progress of a running job is rendered in `bot.status.state`.
"""

from bot.chat import Action, Button, Card, MessageRef
from bot.errors import MessageArgument, PermissionsMissing
from bot.job import Failure, Job, NewJob
from bot.jobs.result_menu import result_buttons
from bot.strikes import announced_pause
from bot.texts import shorten, translate, translate_or_replace

EXCERPT_CHARS = 80  # characters of a prompt under its picture


def done_card(
    job: Job,
    *,
    count: int,
    seconds: float,
    charged: int,
    missing: str = "",
    moved: int = 0,
    unread: bool = False,
    scaled: bool = False,
    wears: bool = False,
) -> Card:
    """The final state of a job with `count` images that took `seconds` and cost `charged` credits. `missing`: id of the
    failure because of which there are fewer than were asked for; empty: not known. `moved`: images that show something
    else outside the mask, too. `unread`: a copy was sent back on which no marks were found.
    `scaled`: the original was scaled down for its larger canvas. `wears`: so many edits
    follow one another that the picture has worn out."""
    text_id = "done-caption" if count >= job.options.n else "done-partly"
    numbers = {"seconds": round(seconds), "credits": charged, "got": count, "asked": job.options.n}
    is_told = missing and count < job.options.n
    why = "\n" + translate(job.locale, "done-missing", reason=missing) if is_told else ""
    if job.options.replaced_model:
        why += "\n" + translate(job.locale, "done-replaced-model", model=job.options.replaced_model)
    if wears:
        why += "\n" + translate(job.locale, "done-wears")
    if moved:
        why += "\n" + translate(job.locale, "done-moved", count=moved)
    if unread:
        why += "\n" + translate(job.locale, "done-unread")
    if scaled:
        why += "\n" + translate(job.locale, "done-scaled")
    return Card(
        text=translate(job.locale, text_id, prompt=excerpt(job.prompt), **numbers) + why,
        plain_text=translate(job.locale, text_id, prompt="…", **numbers) + why,
        buttons=result_buttons(job),
        locale=job.locale,
        alt_text=job.prompt,
        source=next(iter(job.references), None),
        spoiler=any(each.spoiler for each in job.references),
        as_file=job.options.as_file,
    )


def ended_card(job: Job, failure: Failure | None) -> Card:
    """The final state of a job that ended without images; `failure` None: it was cancelled."""
    if failure is None:
        return Card(text=translate(job.locale, "cancelled"), buttons=job_buttons(job, Action.RETRY), locale=job.locale)
    refused = (
        failure.key.startswith("refusal-") or failure.key == PermissionsMissing.key or failure.facts.get("refused")
    )
    paused = announced_pause(failure)
    why = "\n" + translate_or_replace(job.locale, "ended-paused", paused) if paused else ""
    return Card(
        text=translate_or_replace(job.locale, failure.key, failure.facts) + why,
        plain_text=translate_or_replace(
            job.locale, failure.key, {name: _plain(fact) for name, fact in failure.facts.items()}
        )
        + why,
        buttons=() if refused else job_buttons(job, Action.RETRY),
        locale=job.locale,
    )


def _plain(fact: MessageArgument) -> MessageArgument:
    """Words of a user or an upstream are left out, numbers stay."""
    return "…" if isinstance(fact, str) else fact


def deleted_card(job: Job) -> Card:
    """What stands in the place of a message that the platform lets nobody delete."""
    return Card(text=translate(job.locale, "deleted"), locale=job.locale)


def job_buttons(job: NewJob, *actions: Action) -> tuple[Button, ...]:
    """A job's buttons in its owner's language."""
    return tuple(Button(action=a, job_id=job.id, label=translate(job.locale, f"button-{a.value}")) for a in actions)


def result_ref(job: Job, number: int = 1) -> MessageRef:
    """Where one of the pictures of a delivered result stands, by its number from 1: in a message of its own, or with
    all the others."""
    ids = (job.delivered_id or job.status_id or "", *job.further_ids)
    own = number - 1 if len(ids) == len(job.delivered) >= number else 0
    return MessageRef(chat=job.chat, message_id=ids[own])


def excerpt(prompt: str) -> str:
    """The beginning of a prompt on one line."""
    return shorten(" ".join(prompt.split()), EXCERPT_CHARS)
