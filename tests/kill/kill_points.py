"""The kill points of a job: where its process is killed, and how the job must have ended after a restart.

Data, and the names of kill points in prompts. `blocking_process` blocks there, `matrix` judges afterwards.
"""

import re
from dataclasses import dataclass
from typing import Literal

from bot.sandbox import Fault

Outcome = Literal["picture", "released"]
DIALECTS = ("chat", "tasks", "images")
MODERATED_DIALECT = "tasks"  # of the process in which prompts are moderated, and credits reserved after that
PLATFORMS = ("telegram", "discord message", "discord command")


@dataclass(frozen=True, slots=True, kw_only=True)
class KillPoint:
    """A moment in the life of a job at which its process is killed."""

    name: str
    """The last word of the prompts whose jobs block here."""
    description: str
    """For the printed table."""
    outcome: Outcome
    """How the job has ended after the restart: a picture, or nothing charged."""
    outcomes_by_dialect: tuple[tuple[str, Outcome], ...] = ()
    """Dialects whose outcome is another one."""
    requests: int = 1
    """How many requests the upstream has received in all."""
    fault: Fault | None = None
    """The upstream's fault at the first request."""
    dialects: tuple[str, ...] = DIALECTS
    blocked_by_upstream: bool = False
    """The job waits because the upstream does not answer; nothing has to block it."""

    def expected_outcome(self, dialect: str) -> Outcome:
        """How the job must have ended after the restart."""
        return dict(self.outcomes_by_dialect).get(dialect, self.outcome)


LONG_S = 1000.0  # longer than any test
TASK_RESUMES: tuple[tuple[str, Outcome], ...] = (("tasks", "picture"),)

KILL_POINTS = (
    KillPoint(name="received", description="event received, no job stored", outcome="picture"),
    KillPoint(name="accepted", description="job stored, credits reserved", outcome="picture"),
    KillPoint(name="posted", description="status posted, its id not stored", outcome="picture"),
    KillPoint(name="started", description="job started", outcome="picture"),
    KillPoint(
        name="moderated",
        description="allowed by moderation, no credits reserved",
        outcome="picture",
        dialects=(MODERATED_DIALECT,),
    ),
    KillPoint(
        name="cleared",
        description="credits reserved after moderation",
        outcome="picture",
        dialects=(MODERATED_DIALECT,),
    ),
    KillPoint(name="attempt-started", description="attempt stored, nothing sent", outcome="released", requests=0),
    KillPoint(
        name="attempt-rejected",
        description="upstream answered 429",
        outcome="picture",
        requests=2,
        fault=Fault("429"),
    ),
    KillPoint(
        name="submitted",
        description="request sent, no response yet",
        outcome="released",
        fault=Fault("no-answer", LONG_S),
        blocked_by_upstream=True,
    ),
    KillPoint(
        name="answered",
        description="answered, upstream id not stored",
        outcome="released",
        dialects=("chat", "tasks"),  # a response of OpenAI's Images API names nothing that could be asked about
    ),
    KillPoint(
        name="halfway",
        description="mid-stream, between two polls",
        outcome="released",
        outcomes_by_dialect=TASK_RESUMES,
    ),
    KillPoint(
        name="downloaded",
        description="picture downloaded, not stored",
        outcome="picture",
        outcomes_by_dialect=(("images", "released"),),
    ),
    KillPoint(name="stored", description="picture stored", outcome="picture"),
    KillPoint(name="sent", description="picture posted, delivery not stored", outcome="picture"),
    KillPoint(name="delivered", description="delivered, not settled", outcome="picture"),
    KillPoint(name="settled", description="settled", outcome="picture"),
    KillPoint(
        name="unnotified", description="failed and settled, user not notified", outcome="released", fault=Fault("400")
    ),
)
FREE_POINTS = {
    "pressed": "press received, nothing posted",
    "posting": "about to be posted, or taken away",
    "shown": "posted or taken away, not noted",
    "noted": "noted with its job",
}
"""Kill points of presses that paint nothing, with descriptions."""
STRIKE_POINTS = {
    "refused": "refused by moderation, not settled",
    "unnotified": "settled and counted, user not notified",
}
"""Kill points of jobs that moderation refuses, with descriptions."""
KILL_POINT_NAMES = {each.name for each in KILL_POINTS} | FREE_POINTS.keys() | STRIKE_POINTS.keys()
_NAMED = re.compile(r"\bat ([a-z-]+)")
KILL_POINTS_BY_NAME = {each.name: each for each in KILL_POINTS}


def make_prompt(platform: str, kill_point: str) -> str:
    return f"a cat on {platform} at {kill_point}"


def kill_point_name(prompt: str) -> str:
    """The name of the kill point at which the job of a prompt blocks; empty when it does not. Words that Easel adds for
    an upstream may follow."""
    return next((name for name in reversed(_NAMED.findall(prompt)) if name in KILL_POINT_NAMES), "")
