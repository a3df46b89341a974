"""What was said of a job, to whom: the words of its message as they stand, and where. Pure."""

from collections.abc import Iterator

from bot.chat import MessageRef
from bot.job import Job, State
from bot.jobs import cards
from bot.ports import ChatPort, MessageLinks
from bot.ports.admin_views import MessageKind, SaidMessage
from bot.status.state import Status, render


def words_said(job: Job, status: Status | None, now_s: float) -> str:
    """The words of a job's message. `status`: of one that this process shows; `now_s`: monotonic, seconds. Empty:
    nobody here knows, or its user is forgotten."""
    if job.deleted is not None:
        return cards.deleted_card(job).text
    if job.finished is None:
        return "" if status is None else render(status, job.locale, now_s)
    if job.state is State.DONE:
        return (
            cards.done_card(
                job,
                count=len(job.delivered),
                seconds=(job.finished - (job.started or job.created)).total_seconds(),
                charged=job.charged or 0,
                missing=str(_generated(job).get("missing", "")),
            ).text
            if job.prompt
            else ""
        )
    if job.failure is None and job.state is State.FAILED:
        return ""  # it quoted what is forgotten
    return cards.ended_card(job, job.failure).text


def _generated(job: Job) -> dict[str, object]:
    found = job.checkpoints.get("generated")
    return found if isinstance(found, dict) else {}  # type: ignore[reportUnknownVariableType]  # JSON


def said_messages(job: Job, port: ChatPort | None) -> tuple[SaidMessage, ...]:
    """Where that stands. `port`: of the job's platform; None: it is not connected."""
    return tuple(_messages(job, port))


def _messages(job: Job, port: ChatPort | None) -> Iterator[SaidMessage]:
    kinds: dict[str | None, MessageKind] = {job.status_id: "status"}
    kinds |= {**dict.fromkeys(job.further_ids, "further"), job.delivered_id: "result"}
    for message_id, kind in kinds.items():
        if message_id is None:
            continue
        ref = MessageRef(chat=job.chat, message_id=message_id)
        link = port.message_link(ref) if isinstance(port, MessageLinks) and job.deleted is None else None
        yield SaidMessage(chat_key=job.chat.key, message_id=message_id, kind=kind, link=link)
