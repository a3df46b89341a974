"""The steps of a job at which a process is killed, and what must have become of the job once another has begun.

Data and readings of prompts; who stops there is `process`, who looks afterwards is `matrix`.
"""

from dataclasses import dataclass
from typing import Literal

from bot.sandbox import Fault

End = Literal["picture", "released", "nothing"]
DIALECTS = ("chat", "tasks", "images")
PLATFORMS = ("telegram", "discord message", "discord command")
POSTS_TWICE = ("telegram",)  # Discord knows a post that is made again; Telegram tells nobody what was posted
EVENTS_COME_BACK = ("telegram",)  # Discord tells nobody twice what was said while a bot was gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """`name` ends the prompts that stop there. `end`: of the job, `ends` where a dialect has another. `asked`: how
    often the upstream was asked, whatever happened. `fault`: of the first request."""

    name: str
    about: str
    end: End
    ends: tuple[tuple[str, End], ...] = ()
    asked: int = 1
    fault: Fault | None = None
    dialects: tuple[str, ...] = DIALECTS
    by_upstream: bool = False  # the job stops by itself, since nobody answers it

    def left_behind(self, platform: str) -> int:
        """Messages that the job's next attempt cannot know of, and that stay as they are."""
        return int(self.name == "posted" and platform in POSTS_TWICE)

    def end_for(self, dialect: str, platform: str) -> End:
        if self.name == "heard" and platform not in EVENTS_COME_BACK:
            return "nothing"
        return dict(self.ends).get(dialect, self.end)


LONG = 1000.0  # seconds: longer than any test
TASK_GOES_ON: tuple[tuple[str, End], ...] = (("tasks", "picture"),)

STEPS = (
    Step(name="heard", about="the event came in, nothing is kept", end="picture"),
    Step(name="accepted", about="kept, its credits reserved", end="picture"),
    Step(name="posted", about="its message stands, nobody here knows where", end="picture"),
    Step(name="begun", about="its turn has come", end="picture"),
    Step(name="attempt-started", about="about to be asked for, nothing sent", end="released", asked=0),
    Step(name="attempt-rejected", about="the upstream refused for now", end="picture", asked=2, fault=Fault("429")),
    Step(
        name="submitted",
        about="sent, no answer yet",
        end="released",
        fault=Fault("no-answer", LONG),
        by_upstream=True,
    ),
    Step(
        name="answered",
        about="answered, the answer not stored",
        end="released",
        dialects=("chat", "tasks"),  # OpenAI's own names nothing that could be asked about
    ),
    Step(name="halfway", about="in the stream, between two polls", end="released", ends=TASK_GOES_ON),
    Step(name="made", about="the picture came, and is not kept", end="picture", ends=(("images", "released"),)),
    Step(name="kept", about="the picture is kept", end="picture"),
    Step(name="sent", about="the picture stands in the chat, nobody here knows", end="picture"),
    Step(name="unsettled", about="delivered, not settled", end="picture"),
    Step(name="settled", about="settled", end="picture"),
    Step(name="untold", about="failed and settled, nobody told", end="released", fault=Fault("400")),
)
BY_NAME = {step.name: step for step in STEPS}


def prompt(platform: str, step: str) -> str:
    return f"a cat on {platform} at {step}"


def step_of(prompt: str) -> str:
    """The step at which a job stops; another word for those that do not."""
    return prompt.rpartition(" ")[2]
