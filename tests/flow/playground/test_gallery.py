"""The gallery: all results of a chat, a page at a time, by member and words; and the messages around one of them."""

from collections.abc import Sequence
from typing import Any

import pytest

from adapters.playground.gallery import AROUND, PAGE
from bot.chat import Action, Button, Card
from tests.flow.playground.page_client import GROUP, PageServer, image

RETRY = (Button(action=Action.RETRY, job_id="j1", label="Retry"),)


async def deliver(server: PageServer, reply_to: str | None, *, key: str, caption: str = "done", count: int = 1) -> str:
    """A result in the group; returns the id of its message."""
    card = Card(text=caption, buttons=RETRY)
    sent = await server.playground.deliver(GROUP, None, card, [image()] * count, reply_to=reply_to, key=key)
    assert sent.ref is not None
    return sent.ref.message_id


async def ask(server: PageServer, **query: str) -> dict[str, Any]:
    async with server.http.get(f"{server.base}/gallery", params={"chat": "studio", **query}) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


def ids(gallery: dict[str, Any]) -> Sequence[str]:
    return [each["message"] for each in gallery["results"]]


@pytest.fixture
async def fox(server: PageServer) -> tuple[str, str]:
    """Amber's fox and Jade's lake, of which the lake is the newer."""
    async with server.connect() as page:
        asked = await page.send_message("@easel a Fox, Лиса\nin the snow")
        fox = await deliver(server, asked, key="a", count=2)
        lake = await deliver(
            server, await page.send_message("@easel a lake", as_="jade"), key="b", caption="“a lake” · 3 s"
        )
    return fox, lake


async def test_a_result_belongs_to_whom_asked_for_it(server: PageServer, fox: tuple[str, str]) -> None:
    again = await deliver(server, fox[0], key="c")  # as by Vary: the bot answers its own result
    found = await ask(server)
    assert ids(found) == [again, fox[1], fox[0]]
    assert [each["owner"] for each in found["results"]] == ["amber", "jade", "amber"]
    assert found["results"][0]["request"] == "a Fox, Лиса in the snow"
    assert [len(each["pictures"]) for each in found["results"]] == [1, 1, 2]
    assert found["next"] is None
    assert ids(await ask(server, member="jade")) == [fox[1]]
    assert ids(await ask(server, member="violet")) == []


@pytest.mark.forms(1)
@pytest.mark.parametrize(
    ("words", "number"), [("SNOW fox", 0), ("лИСА", 0), ("3 s", 1), ("Lake", 1), ("fox lake", None), ("%", None)]
)
async def test_words_are_found_in_requests_and_captions(
    server: PageServer, fox: tuple[str, str], words: str, number: int | None
) -> None:
    assert ids(await ask(server, words=words)) == ([] if number is None else [fox[number]])


async def test_what_is_deleted_or_no_result_is_not_shown(server: PageServer, fox: tuple[str, str]) -> None:
    file = await server.upload_file(b"no picture")
    async with server.connect() as page:
        await page.send_message("a photo", files=[file["id"]])
        await page.send_frame("delete", chat="studio", message=fox[1])
        await page.receive_frame("deleted")
    assert ids(await ask(server)) == [fox[0]]
    assert (await ask(server, chat="direct-amber"))["results"] == []


async def test_a_long_chat_comes_in_pages_and_leads_to_what_no_page_has_loaded(server: PageServer) -> None:
    made = [await deliver(server, None, key=str(number)) for number in range(PAGE + AROUND + 2)]
    first = await ask(server)
    assert ids(first) == made[: -PAGE - 1 : -1]
    second = await ask(server, before=first["next"])
    assert ids(first)[-1] == first["next"]
    assert ids(second)[0] == made[-PAGE - 1]
    async with server.http.get(f"{server.base}/messages", params={"chat": "studio", "around": made[0]}) as answer:
        found = [each["id"] for each in (await answer.json())["messages"]]
    assert found == made[: AROUND + 1]


@pytest.mark.forms(2)
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/gallery", 400),
        ("/gallery?chat=nowhere", 400),
        ("/gallery?chat=studio&before=x", 400),
        ("/gallery?chat=direct-amber&member=jade", 400),
        ("/messages?chat=studio", 400),
        ("/messages?around=1", 400),
        ("/messages?chat=studio&around=99999999999999999999", 400),
        ("/messages?chat=studio&around=9999", 404),
        ("/messages?chat=direct-amber&around=1", 404),
    ],
)
async def test_what_no_page_asks_for_is_refused(server: PageServer, fox: object, path: str, status: int) -> None:
    async with server.http.get(server.base + path) as answer:
        assert answer.status == status
