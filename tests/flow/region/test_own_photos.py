"""A region of one's own photo: `/edit --region`, and the button below the question that asks for words."""

import pytest

from bot.chat import Action, MessageRef, User
from bot.ports import ButtonPress
from bot.texts import translate
from tests.flow.region.region_page import Pages, RegionClient
from tests.flow.world import MemoryWorld
from tests.support.images import png
from tests.support.platform import AMBER, GROUP, JADE, Post

SQUARE = {"tool": "rectangle", "points": [0, 0, 60, 60]}


async def press(easel: MemoryWorld, post: Post, sender: User = AMBER) -> tuple[str, str]:
    """Presses *Region*: the token, and what else is shown."""
    [button] = [each for each in post.cards[-1].buttons if each.action is Action.REGION]
    reply = await easel.app.events.press_button(
        ButtonPress(
            id="press",
            message=MessageRef(chat=post.chat, message_id=post.id),
            sender=sender,
            action=Action.REGION,
            job_id=button.job_id,
        )
    )
    return ("" if reply.page is None else reply.page.token), reply.text


async def paint(page: RegionClient, token: str, prompt: str) -> int:
    body = f'{{"prompt": "{prompt}", "drawing": {{"width": 90, "height": 60, "strokes": [{SQUARE}]}}}}'
    return (await page.post("paint", token, body.replace("'", '"').encode())).status


@pytest.mark.parametrize("words", ["/edit --region a hat", "a hat --region"])
async def test_a_photo_is_painted_over_before_anything_is_spent(
    easel: MemoryWorld, page: RegionClient, words: str
) -> None:
    photo = easel.platform.upload(png("teal", (90, 60)))
    message = easel.platform.message(words, photo)
    await easel.app.events.receive_message(message)
    [answer] = easel.platform.posts
    assert answer.text == translate("en", "refusal-region-asked")
    assert not easel.sandbox.requests
    token, _ = await press(easel, answer)
    shown = await (await page.get("page", token)).json()
    assert shown["prompt"].removeprefix("/edit").strip() == "a hat"
    assert await paint(page, token, "a green hat --loose") == 200
    result = (await easel.settled(2))[-1]
    assert result.reply_to == message.id
    assert easel.sandbox.requests[-1].prompt == "a green hat"
    assert easel.sandbox.requests[-1].mask is not None


async def test_the_question_about_photos_without_words_has_the_button_too(
    easel: MemoryWorld, page: RegionClient
) -> None:
    await easel.say("", easel.platform.upload(png("teal", (90, 60))))
    [question] = easel.platform.posts
    assert question.text == translate("en", "refusal-pictures-without-prompt")
    token, _ = await press(easel, question)
    assert await paint(page, token, "a hat --loose") == 200
    await easel.settled(2)
    assert len(easel.sandbox.requests) == 1


async def test_nobody_else_gets_a_link_to_a_photo(easel: MemoryWorld) -> None:
    photo = easel.platform.upload(png("teal", (90, 60)))
    await easel.app.events.receive_message(easel.platform.message("/edit --region a hat", photo, chat=GROUP))
    [answer] = easel.platform.posts
    assert await press(easel, answer, JADE) == ("", translate("zh", "refusal-not-yours"))


async def test_without_a_photo_one_is_asked_for_and_then_painted_over(easel: MemoryWorld, page: RegionClient) -> None:
    await easel.say("/edit --region a hat")
    assert easel.platform.posts[-1].text == translate("en", "refusal-nothing-to-edit")
    await easel.say("", easel.platform.upload(png("teal", (90, 60))))
    token, _ = await press(easel, easel.platform.posts[-1])
    assert await paint(page, token, "a hat --loose") == 200
    await easel.settled(3)


async def test_where_no_page_can_be_opened_it_is_said(easel: MemoryWorld) -> None:
    assert isinstance(easel.platform, Pages)
    easel.platform.opens_pages = False
    await easel.say("/edit --region a hat", easel.platform.upload(png("teal", (90, 60))))
    [answer] = easel.platform.posts
    assert (answer.text, answer.actions) == (translate("en", "refusal-region-unavailable"), [])
    assert not easel.sandbox.requests
