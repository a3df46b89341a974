"""The playground's parts: what is meant for the bot, who may visit, what waits for a page, what a file is."""

import asyncio
import io
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image as Pillow

from adapters.playground import guard, people
from adapters.playground.balances import Balances
from adapters.playground.client import page_texts
from adapters.playground.decode import decode_text
from adapters.playground.inbox import Inbox
from adapters.playground.looks import UNKNOWN, look
from adapters.playground.pages import Outbox, Pages
from adapters.playground.previews import Previews
from adapters.playground.protocol import ErrorFrame
from bot.chat import Balance, User
from bot.painting import Image
from bot.texts import LOCALES
from tests.support.event_sinks import Quiet


@pytest.mark.parametrize(
    ("typed", "text", "to_me"),
    [
        ("a fox", "a fox", False),
        ("@easel a fox", "a fox", True),
        ("@EASEL, a fox", "a fox", True),
        ("@easel: a fox", "a fox", True),
        ("  @easel\na fox\n", "a fox", True),
        ("a fox @easel", "a fox", True),
        ("paint @Easel a fox", "paint a fox", True),
        ("one\n@easel two", "one\n two", True),
        ("@easel", "", True),
        ("@easel @easel fox", "fox", True),
        ("write to amber@easel.example", "write to amber@easel.example", False),
        ("@easels are nice", "@easels are nice", False),
        ("@easel_bot", "@easel_bot", False),
        ("@画@easel 狐狸", "@画@easel 狐狸", False),
        ("/imagine a fox", "/imagine a fox", True),
        ("/imagine@easel a fox", "/imagine a fox", True),
        ("/IMAGINE@Easel\na fox", "/IMAGINE\na fox", True),
        ("/quota", "/quota", True),
        ("/imagine@other a fox", "/imagine@other a fox", False),
        ("@easel /imagine a fox", "/imagine a fox", True),
        ("/usr/bin is a folder", "/usr/bin is a folder", False),
        ("/ me", "/ me", False),
        ("so /imagine", "so /imagine", False),
        ("/imagine a fox for amber@easel.example", "/imagine a fox for amber@easel.example", True),
    ],
)
def test_the_mention_is_stripped_and_told(typed: str, text: str, to_me: bool) -> None:
    assert decode_text(typed) == (text, to_me)


@given(st.text())
def test_text_without_the_bot_s_name_or_a_slash_stays_as_it_is(typed: str) -> None:
    if "@" not in typed and not typed.strip().startswith("/"):
        assert decode_text(typed) == (typed.strip(), False)


def test_the_guard_knows_its_own_names_and_port() -> None:
    assert guard.may_visit({"Host": "localhost"}, 80)
    assert not guard.may_visit({"Host": "localhost"}, 8080)
    assert not guard.may_visit({}, 8080)
    assert guard.may_visit({"Host": "[::1]:8080", "Origin": "http://[::1]:8080"}, 8080)
    assert not guard.may_visit({"Host": "[::1]:8080", "Origin": "http://127.0.0.1:8080"}, 8080)
    assert guard.may_visit({"Host": "127.0.0.1:8080", "Sec-Fetch-Site": "cross-site"}, 8080)
    assert not guard.may_fetch({"Host": "127.0.0.1:8080", "Sec-Fetch-Site": "cross-site"}, 8080)
    assert not guard.may_change({"Host": "127.0.0.1:8080"}, 8080)
    assert guard.may_change({"Host": "127.0.0.1:8080", "Sec-Fetch-Site": "same-origin"}, 8080)
    crossed = {"Host": "127.0.0.1:8080", "Origin": "http://127.0.0.1:8080", "Sec-Fetch-Site": "same-site"}
    assert not guard.may_change(crossed, 8080)


@pytest.mark.parametrize(
    ("host", "yes"),
    [
        *((host, True) for host in ("127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost")),
        *((host, False) for host in ("0.0.0.0", "", "::", "localhost.example")),
    ],
)
def test_only_the_loopback_counts_as_this_computer(host: str, yes: bool) -> None:
    assert guard.is_loopback(host) is yes


def test_members_write_in_the_studio_and_in_their_own_chat() -> None:
    assert people.writers("studio") == ("amber", "jade", "violet")
    assert people.writers("direct-jade") == ("jade",)
    assert people.writers("attic") == ()


def words(text: str) -> ErrorFrame:
    return {"type": "error", "text": text}


async def test_an_outbox_keeps_the_latest_of_each_kind_in_order() -> None:
    outbox = Outbox(10)
    for key, text in (("a", "old"), ("b", "b"), ("a", "new")):
        outbox.put((key,), words(text))
    assert await outbox.take() == [words("new"), words("b")]
    outbox.put(("a",), words("later"))
    assert await outbox.take() == [words("later")]


async def test_an_outbox_that_overflows_ends_and_takes_nothing_more() -> None:
    outbox = Outbox(2)
    for number in range(4):
        outbox.put((str(number),), words("x"))
    assert outbox.overflowed
    assert outbox.ended.is_set()
    assert await outbox.take() == []


def test_previews_are_found_by_their_bytes_and_the_oldest_make_room() -> None:
    def picture(letter: bytes, size: int) -> Image:
        return Image(data=letter * size, media_type="image/png", width=1, height=1)

    previews = Previews(room=100)
    first = previews.show(1, picture(b"a", 60))
    assert first is not None
    assert previews.show(2, picture(b"a", 60)) == first == previews.of(1)
    second = previews.show(3, picture(b"b", 60))
    assert second is not None
    assert (previews.image(first), previews.of(1), previews.of(2)) == (None, None, None)
    assert previews.image(second) == picture(b"b", 60)
    assert previews.show(3, None) is None
    assert previews.of(3) is None
    assert previews.show(3, picture(b"c", 101)) is None


def encoded(kind: str, orientation: int | None = None) -> bytes:
    held = io.BytesIO()
    exif = Pillow.Exif()
    if orientation is not None:
        exif[0x0112] = orientation
    Pillow.new("RGB", (40, 30)).save(held, kind, exif=exif)
    return held.getvalue()


@pytest.mark.parametrize("kind", ["png", "jpeg", "webp", "gif"])
def test_a_picture_is_known_by_its_first_bytes(kind: str) -> None:
    looks = look(encoded(kind.upper()))
    assert (looks.media_type, looks.width, looks.height) == (f"image/{kind}", 40, 30)


@pytest.mark.parametrize(("orientation", "size"), [(1, (40, 30)), (3, (40, 30)), (6, (30, 40)), (8, (30, 40))])
def test_a_photo_that_lies_on_its_side_is_measured_as_shown(orientation: int, size: tuple[int, int]) -> None:
    looks = look(encoded("JPEG", orientation))
    assert (looks.width, looks.height) == size


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "GIF", "BMP", "TIFF"])
def test_a_torn_or_unknown_file_is_no_picture(kind: str) -> None:
    assert look(encoded(kind)[:14]).media_type == UNKNOWN


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"GIF89a", b"RIFF____WEBP"]),
)
def test_looking_never_raises(data: bytes, head: bytes) -> None:
    look(head + data)


def test_a_header_that_promises_a_giant_is_believed_without_decoding() -> None:
    png = bytearray(encoded("PNG"))
    png[16:24] = (60_000).to_bytes(4, "big") * 2
    png[29:33] = zlib.crc32(png[12:29]).to_bytes(4, "big")
    assert look(bytes(png)).width == 60_000


async def test_lines_run_side_by_side_and_each_in_order() -> None:
    inbox, gate, done = Inbox(), asyncio.Event(), list[str]()

    def work(name: str, *, waits: bool = False):
        async def run() -> None:
            if waits:
                await gate.wait()
            done.append(name)

        return run

    await inbox.put("a", work("a1", waits=True))
    await inbox.put("a", work("a2"))
    await inbox.put("b", work("b1"))
    for _ in range(5):
        await asyncio.sleep(0)
    assert done == ["b1"]
    gate.set()
    await inbox.close()
    assert done == ["b1", "a1", "a2"]


class Purse(Quiet):
    """Only knows balances."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def balance(self, user: User) -> Balance:
        self.asked.append(user.id)
        return Balance(available=5, reserved=0, daily=5)


async def test_balances_are_asked_for_once_and_shown_when_they_changed() -> None:
    pages, purse, outbox = Pages(), Purse(), Outbox(10)
    balances = Balances(pages, purse)
    balances.touch(["amber"])
    for _ in range(3):
        await asyncio.sleep(0)
    assert purse.asked == []  # nobody looks
    pages.join(outbox)
    balances.touch(["amber"])
    balances.touch(["amber", "jade"])
    assert [frame["type"] for frame in await outbox.take()] == ["quota", "quota"]
    assert purse.asked == ["amber", "jade"]
    balances.touch(["amber"])
    balances.touch(["jade"], show=True)
    frames = await outbox.take()
    assert [frame["member"] for frame in frames if frame["type"] == "quota"] == ["jade"]
    await balances.close()


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_page_has_all_its_words_in_every_language(locale: str) -> None:
    texts = await asyncio.to_thread(page_texts, locale)
    assert texts.keys() == (await asyncio.to_thread(page_texts, "en")).keys()
    assert "page-error-frame" in texts
    assert all(texts.values())
