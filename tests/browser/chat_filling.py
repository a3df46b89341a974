"""A playground's database with a long chat in it, for pages that show one. Asserts nothing by itself."""

from pathlib import Path

from adapters.playground.database import ChatDatabase
from adapters.playground.records import NewFile
from tests.support.clocks import FakeClock
from tests.support.images import png


async def fill_chat(path: Path, results: int, *, edge: int = 96) -> None:
    """In the studio Amber and Jade ask in turn, once for a fox. `edge`: of the pictures, pixels; every second wider."""
    numbers = iter(range(10**6))
    database = ChatDatabase(path, FakeClock(), lambda: f"{next(numbers):032x}")
    await database.open()
    for number in range(results):
        asked, _ = await database.add_user_message(
            sender="jade" if number % 2 else "amber",
            locale="en",
            chat="studio",
            text="@easel a fox in the snow" if number == 2 else f"@easel lake {number}",
            files=[],
            reply_to=None,
            nonce=str(number),
        )
        await database.mark_accepted(asked.id)
        made = await database.post_message(chat="studio", text="", buttons=[], reply_to=asked.id, key=f"p{number}")
        picture = NewFile(
            name="easel-1.png",
            media_type="image/png",
            data=png("teal", (edge + 48 * (number % 2), edge)),
            width=edge + 48 * (number % 2),
            height=edge,
            alt="done",
        )
        await database.deliver_files(made.id, text="done", buttons=[], files=[picture], key=f"d{number}")
    await database.close()
