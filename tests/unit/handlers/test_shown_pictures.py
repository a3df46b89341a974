"""What a member has shown in a group is remembered for a minute after the last picture."""

import pytest

from bot.chat import Attachment, Chat, Message, User
from bot.handlers.shown_pictures import ShownPictures
from tests.support.clocks import FakeClock

ADA = User(platform="telegram", id="1", name="Ada")
GROUP = Chat(platform="telegram", id="-5", kind="group")
CAT, OWL = (Attachment(ref=name, media_type="image/png") for name in ("cat", "owl"))


def said(number: int, text: str = "", *attachments: Attachment) -> Message:
    return Message(id=str(number), chat=GROUP, sender=ADA, text=text, attachments=attachments)


@pytest.mark.parametrize(("after_s", "about"), [(59.0, (CAT, OWL)), (61.0, ())])
async def test_pictures_count_for_a_minute_after_the_last_one(after_s: float, about: tuple[Attachment, ...]) -> None:
    clock = FakeClock()
    shown = ShownPictures(clock)
    shown.note(said(1, "", CAT))
    await clock.advance(59.0)
    shown.note(said(2, "", OWL))
    shown.note(said(2, "", OWL))  # told twice
    await clock.advance(after_s)
    assert shown.add_to(said(3, "make it night")).about == about
