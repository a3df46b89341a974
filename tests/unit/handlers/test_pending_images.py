from collections.abc import Sequence

from bot.chat import Attachment, Chat, Message, User
from bot.handlers.pending_images import TTL, PendingImages
from tests.support.clocks import FakeClock

ADA = User(platform="memory", id="1", name="Ada")
CHAT = Chat(platform="memory", id="1", kind="direct")
PHOTO = Attachment(ref="photo", media_type="image/png", size=1, filename="photo.png")
PROMPT = Message(id="2", chat=CHAT, sender=ADA, text="make it night")


class Values:
    """Implements `PendingImageStorage` in memory."""

    def __init__(self) -> None:
        self.values: dict[str, str] = {}

    async def set_value(self, key: str, value: str) -> None:
        self.values[key] = value

    async def values_with_prefix(self, prefix: str) -> dict[str, str]:
        return {key: value for key, value in self.values.items() if key.startswith(prefix)}

    async def set_aside(self, table: str, key: Sequence[str | int], reason: str) -> None:
        del self.values[str(key[0])]


async def test_images_set_while_the_clock_was_a_month_ahead_do_not_wait_until_then() -> None:
    clock, values = FakeClock(), Values()
    pending = PendingImages(values, clock)
    clock.jump(30 * 86_400)
    await pending.set_pending(CHAT, ADA, (PHOTO,))
    assert pending.attach_to(PROMPT).attachments == (PHOTO,)
    clock.jump(-30 * 86_400)
    assert pending.attach_to(PROMPT) == PROMPT
    restarted = PendingImages(values, clock)
    await restarted.load()
    clock.jump(30 * 86_400)
    assert restarted.attach_to(PROMPT) == PROMPT


async def test_images_wait_for_ten_minutes() -> None:
    clock = FakeClock()
    pending = PendingImages(Values(), clock)
    await pending.set_pending(CHAT, ADA, (PHOTO,))
    clock.jump(TTL.total_seconds() - 1)
    assert pending.attach_to(PROMPT).attachments == (PHOTO,)
    clock.jump(1)
    assert pending.attach_to(PROMPT) == PROMPT


async def test_a_set_that_cannot_be_read_is_set_aside_and_hides_no_other() -> None:
    clock, values = FakeClock(), Values()
    await PendingImages(values, clock).set_pending(CHAT, ADA, (PHOTO,))
    (sound,) = values.values
    for number, text in enumerate(["", "[]", "[1, 2]", '["2026-03-14T12:05:00+00:00", [{"ref": 5}]]', "[" * 99_999]):
        values.values[f"pending-images:memory:{number}"] = text
    restarted = PendingImages(values, clock)
    await restarted.load()
    assert restarted.attach_to(PROMPT).attachments == (PHOTO,)
    assert list(values.values) == [sound]
