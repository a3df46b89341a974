"""What tests of the store share: jobs to accept, the rules they are accepted by.

Fixtures stand in `conftest`.
"""

from dataclasses import replace
from itertools import count

from bot.chat import Attachment, Chat, User
from bot.job import NewJob
from bot.painting import Image, Options
from bot.quota import QuotaRules

ANN = User(platform="telegram", id="1", name="Ann", locale="en-GB")
BEN = User(platform="telegram", id="2", name="Ben")
DIRECT = Chat(platform="telegram", id="1", kind="direct")
GROUP = Chat(platform="telegram", id="-100", kind="group", thread_id="7")
RULES = QuotaRules(user_daily=10, chat_daily=None, user_concurrent=2, user_waiting=98)
PIXEL = Image(data=b"\x89PNG\x00\xff", media_type="image/png", width=1, height=1)

_numbers = count()


def new_job(*, event: str | None = None, user: User = ANN, chat: Chat = DIRECT, cost: int = 1) -> NewJob:
    """A job like another, with an id of its own and, unless given, an event of its own."""
    number = next(_numbers)
    return NewJob(
        id=f"job{number:09}",
        event=event or f"message:{number}",
        user=user,
        chat=chat,
        request_id=f"{number}",
        locale="en",
        prompt="a fox in the snow",
        options=Options(size="3:2", n=2),
        references=(Attachment(ref="photo:1", media_type="image/jpeg", size=10, filename="fox.jpg"),),
        cost=cost,
    )


def rules(**changes: int | None) -> QuotaRules:
    """RULES with changes."""
    return replace(RULES, **changes)  # type: ignore[arg-type]  # names and types are the fields' own
