"""The playground from outside: members write, the bot answers, buttons and credits."""

import asyncio

import pytest

from adapters.playground.protocol import SHOWN
from bot.chat import Action, ButtonReply, Card, Chat, DeletedMessage, Message, MessageRef, User
from bot.errors import ChatGone, MessageGone
from tests.flow.playground.page import DONE, STUDIO, WAITING, Page, World, encode_plain, image

# ---------------------------------------------------------------- coming in


async def test_a_page_is_greeted_in_its_language_and_gets_the_history_of_every_chat(world: World) -> None:
    async with world.http.ws_connect(f"{world.base}/ws", origin=world.base) as wire:
        page = Page(wire)
        await page.put("start", locale="zh-Hans")
        hello = await page.get("hello")
        assert [each["id"] for each in hello["users"]] == ["amber", "jade", "violet"]
        assert hello["chats"][0] == {"id": "studio", "kind": "group"}
        assert hello["chats"][1] == {"id": "direct-amber", "kind": "direct", "user": "amber"}
        assert hello["commands"] == [{"name": "imagine", "hint": "paint (zh)"}]
        assert (hello["locale"], hello["locales"]) == ("zh", ["en", "zh", "ru"])
        assert hello["limits"] == {"files": 40, "file_bytes": 26214400, "text": 4_000_000}
        assert hello["texts"]["page-send"] == "发送"
        assert all(each.startswith("page-") for each in hello["texts"])
        chats = [(await page.get("history"))["chat"] for _ in range(4)]
        assert chats == ["studio", "direct-amber", "direct-jade", "direct-violet"]
        await page.put("locale", locale="ru")
        assert (await page.get("hello"))["commands"][0]["hint"] == "paint (ru)"


async def test_nothing_is_taken_before_start(world: World) -> None:
    async with world.http.ws_connect(f"{world.base}/ws", origin=world.base) as wire:
        page = Page(wire)
        await page.put("send", **{"as": "amber"}, chat="studio", text="hi", files=[], reply_to=None, nonce="1")
        assert (await page.get("error"))["nonce"] == "1"
        await page.put("quota", **{"as": "amber"})
        await page.get("error")
    assert world.script.messages == []


# ---------------------------------------------------------------- members write


async def test_a_message_reaches_every_page_and_the_bot(world: World) -> None:
    async with world.page() as one, world.page(locale="ru") as other:
        id_ = await other.send("@Easel a red fox", as_="jade")
        for page in (one, other):
            shown = await page.message(id_)
            assert (shown["sender"], shown["text"], shown["chat"]) == ("jade", "@Easel a red fox", "studio")
            assert (shown["buttons"], shown["preview"], shown["reply_to"]) == ([], None, None)
            assert (shown["at"], shown["edited"]) == ("2026-03-14T12:00:00.000+00:00", False)
        message = await world.script.told()
        assert message == Message(
            id=id_,
            chat=STUDIO,
            sender=User(platform="playground", id="jade", name="Jade", locale="ru"),
            text="a red fox",
            to_me=True,
        )


async def test_only_what_is_meant_for_the_bot_is_addressed_to_it(world: World) -> None:
    async with world.page() as page:
        await page.send("just talking")
        assert (await world.script.told(1)).to_me is False
        await page.send("a fox", chat="direct-amber")
        message = await world.script.told(2)
        assert (message.to_me, message.chat.kind, message.chat.id) == (True, "direct", "direct-amber")
        await page.send("/imagine@easel a fox")
        assert (await world.script.told(3)).text == "/imagine a fox"


async def test_a_reply_brings_the_message_it_answers_with_its_pictures(world: World) -> None:
    async with world.page() as page:
        file = await world.upload(encode_plain())
        first = await page.send("look", as_="violet", files=[file["id"]])
        second = await page.send("nice", reply_to=first)
        answered = (await world.script.told(2)).reply_to
        assert isinstance(answered, Message)
        assert (answered.id, answered.from_me, answered.sender.id) == (first, False, "violet")
        assert [each.ref for each in answered.attachments] == [file["id"]]
        shown = (await page.message(second))["reply_to"]
        assert shown == {"id": first, "sender": "violet", "text": "look", "file": file["id"], "deleted": False}
        assert (await world.script.told(2)).to_me is False


async def test_a_reply_to_the_bot_is_addressed_to_it_without_a_mention(world: World) -> None:
    delivered = await world.playground.deliver(STUDIO, None, DONE, [image()], reply_to=None, key="j1")
    async with world.page() as page:
        await page.send("now blue", reply_to=delivered.ref.message_id)
        message = await world.script.told()
        assert message.to_me
        assert isinstance(message.reply_to, Message)
        assert message.reply_to.from_me
        assert message.reply_to.attachments == delivered.attachments


async def test_a_reply_to_a_deleted_message_says_that_it_is_gone(world: World) -> None:
    async with world.page() as page:
        first = await page.send("look")
        await page.put("delete", chat="studio", message=first)
        assert (await page.get("deleted")) == {"type": "deleted", "chat": "studio", "id": first}
        second = await page.send("@easel that one", reply_to=first)
        assert (await world.script.told(2)).reply_to == DeletedMessage(id=first)
        shown = await page.message(second)
        assert (shown["reply_to"]["deleted"], shown["reply_to"]["text"]) == (True, "")


async def test_a_nonce_sent_twice_posts_once_also_on_another_connection(world: World) -> None:
    async with world.page() as page:
        first = await page.send("hello", nonce="once")
        assert await page.send("hello", nonce="once") == first
    async with world.page() as page:
        assert await page.send("hello", nonce="once") == first
        assert await page.send("hello", nonce="once", as_="jade") != first
    await world.script.told(2)
    assert len(await world.history()) == 2
    assert len(world.script.messages) == 2


async def test_a_member_is_heard_in_order_and_keeps_nobody_else_waiting(world: World) -> None:
    world.script.gates["slow"] = asyncio.Event()
    async with world.page() as page:
        await page.send("slow")
        await page.send("after")
        await page.send("meanwhile", as_="jade")
        assert (await world.script.told()).text == "meanwhile"
        world.script.gates["slow"].set()
        await world.script.told(3)
    assert [each.text for each in world.script.messages] == ["meanwhile", "slow", "after"]


async def test_a_failing_reception_ends_nothing(world: World) -> None:
    world.script.broken = {"first"}
    async with world.page() as page:
        await page.send("first")
        await page.send("second")
        assert (await world.script.told()).text == "second"


async def test_a_prompt_of_ten_megabytes_reaches_the_bot_whole_and_the_page_cut(world: World) -> None:
    text = "@easel " + "x" * 10_485_760
    async with world.page() as page:
        id_ = await page.send(text)
        assert len((await world.script.told()).text) == 10_485_760
        shown = (await page.message(id_))["text"]
        assert len(shown) == SHOWN
        assert shown.endswith("x…")


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": "  "}, "should I paint"),
        ({"text": "hi", "files": ["0" * 32]}, "no longer there"),
        ({"text": "hi", "files": ["0" * 32] * 41}, "41"),
        ({"text": "hi", "reply_to": "999"}, "deleted"),
        ({"text": "hi", "chat": "direct-jade"}, "understood"),
        ({"text": "hi", "chat": "nowhere"}, "understood"),
    ],
)
async def test_what_cannot_be_sent_is_refused_with_a_sentence_and_leaves_no_trace(
    world: World, fields: dict[str, object], words: str
) -> None:
    async with world.page() as page:
        fixed: dict[str, object] = {"as": "amber", "chat": "studio", "nonce": "x"}
        await page.put("send", **(fixed | fields))
        error = await page.get("error")
        assert error["nonce"] == "x"
        assert words in error["text"]
        await page.send("well")
    await world.script.told()
    assert [each["text"] for each in await world.history()] == ["well"]
    assert len(world.script.messages) == 1


# ---------------------------------------------------------------- the bot writes


async def test_one_message_is_posted_filled_and_becomes_the_picture(world: World) -> None:
    async with world.page() as page:
        asked = await page.send("@easel a red fox")
        ref = await world.playground.post(STUDIO, WAITING, reply_to=asked, key="j1")
        shown = await page.message(ref.message_id)
        assert (shown["sender"], shown["text"], shown["edited"]) == ("easel", "Waiting", False)
        assert shown["buttons"] == [{"action": "cancel", "job": "j1", "label": "Cancel"}]
        assert shown["reply_to"]["text"] == "@easel a red fox"

        await world.playground.edit(ref, Card(text="50 %", preview=image("blue")))
        shown = await page.message(ref.message_id)
        assert (shown["text"], shown["buttons"], shown["edited"]) == ("50 %", [], True)
        async with world.http.get(world.base + shown["preview"]["url"]) as answer:
            assert (answer.content_type, await answer.read()) == ("image/png", encode_plain("blue"))

        delivered = await world.playground.deliver(
            STUDIO, ref, DONE, [image("red"), image("green")], reply_to=asked, key="j1"
        )
        assert delivered.ref == ref
        shown = await page.message(ref.message_id)
        assert (shown["text"], shown["preview"]) == (DONE.text, None)
        assert [each["alt"] for each in shown["files"]] == ["A red fox"] * 2
        assert [each["id"] for each in shown["files"]] == [each.ref for each in delivered.attachments]
        assert (shown["files"][0]["width"], shown["files"][0]["height"]) == (40, 30)
        async with world.http.get(f"{world.base}/files/{shown['files'][1]['id']}") as answer:
            assert await answer.read() == encode_plain("green")
    assert len(await world.history()) == 2


async def test_a_repeated_post_or_delivery_makes_nothing_new(world: World) -> None:
    port = world.playground
    ref = await port.post(STUDIO, WAITING, reply_to=None, key="j1")
    assert await port.post(STUDIO, WAITING, reply_to=None, key="j1") == ref
    first = await port.deliver(STUDIO, ref, DONE, [image()], reply_to=None, key="j1")
    assert await port.deliver(STUDIO, ref, DONE, [image()], reply_to=None, key="j1") == first
    assert await port.deliver(STUDIO, None, DONE, [image()], reply_to=None, key="j1") == first
    other = await port.deliver(STUDIO, None, DONE, [image()], reply_to=None, key="j2")
    assert other.ref != ref
    assert [len(each["files"]) for each in await world.history()] == [1, 1]


async def test_a_deleted_message_is_gone_for_edits_and_deliveries(world: World) -> None:
    port = world.playground
    ref = await port.post(STUDIO, WAITING, reply_to=None, key="j1")
    async with world.page() as page:
        await page.put("delete", chat="studio", message=ref.message_id)
        await page.get("deleted")
        await world.script.until(lambda: world.script.deletions == [ref])
        with pytest.raises(MessageGone):
            await port.edit(ref, DONE)
        with pytest.raises(MessageGone):
            await port.deliver(STUDIO, ref, DONE, [image()], reply_to=None, key="j1")
        assert await port.post(STUDIO, WAITING, reply_to=None, key="j1") == ref
        with pytest.raises(MessageGone):
            await port.edit(MessageRef(chat=STUDIO, message_id="elsewhere"), DONE)
        await page.put("delete", chat="studio", message=ref.message_id)  # another page was faster: told again
        await page.get("deleted")
    assert await world.history() == []
    assert world.script.deletions == [ref]


async def test_the_bot_cannot_change_what_members_wrote(world: World) -> None:
    async with world.page() as page:
        id_ = await page.send("mine")
    with pytest.raises(MessageGone):
        await world.playground.edit(MessageRef(chat=STUDIO, message_id=id_), DONE)


async def test_a_reply_to_what_is_not_there_is_posted_without_one(world: World) -> None:
    async with world.page() as page:
        for number, answered in enumerate(("999", "no number", await page.send("x", chat="direct-amber"))):
            ref = await world.playground.post(STUDIO, WAITING, reply_to=answered, key=str(number))
            assert (await page.message(ref.message_id))["reply_to"] is None


async def test_a_chat_that_does_not_exist_is_gone(world: World) -> None:
    with pytest.raises(ChatGone):
        await world.playground.post(
            Chat(platform="playground", id="attic", kind="group"), WAITING, reply_to=None, key="j1"
        )


async def test_text_that_no_database_could_keep_is_made_whole(world: World) -> None:
    ref = await world.playground.post(STUDIO, Card(text="half \ud83e pair, nul \0"), reply_to=None, key="j1")
    assert [each["text"] for each in await world.history() if each["id"] == ref.message_id] == ["half ? pair, nul "]


async def test_every_chat_has_a_budget_of_its_own(world: World) -> None:
    lane = world.playground.lane(STUDIO, None)
    assert [(each.key, each.slots, each.period_s) for each in lane.budgets] == [("playground:studio", 20, 5.0)]
    assert lane.edit_gap_s == 0.3


# ---------------------------------------------------------------- buttons and credits


async def test_a_click_is_answered_to_the_page_that_clicked(world: World) -> None:
    ref = await world.playground.post(STUDIO, DONE, reply_to=None, key="j1")
    world.script.answer = ButtonReply(text="Say what should change", open_reply=True)
    async with world.page() as mine, world.page() as other:
        await mine.put(
            "press", **{"as": "jade"}, chat="studio", message=ref.message_id, action="edit", job="j1", nonce="c1"
        )
        silent = {"type": "notice", "user": "jade", "text": ""}  # the open composer says it
        assert await mine.get("notice") == silent
        composed = {"type": "compose", "user": "jade", "chat": "studio", "reply_to": ref.message_id}
        assert await mine.get("compose") == composed
        press = world.script.presses[0]
        assert (press.id, press.message, press.action, press.job_id) == ("c1", ref, Action.EDIT, "j1")
        assert press.sender.id == "jade"
        await other.send("sentinel")
        assert [frame["type"] for frame in other._kept if frame["type"] in ("notice", "compose")] == []  # pyright: ignore[reportPrivateUsage] - this file's own


async def test_a_click_on_what_is_no_message_of_the_bot_reaches_nobody(world: World) -> None:
    async with world.page() as page:
        mine = await page.send("mine")
        ref = await world.playground.post(STUDIO, DONE, reply_to=None, key="j1")
        click = {"as": "jade", "chat": "studio", "message": ref.message_id, "action": "edit", "job": "j1", "nonce": "c"}
        for wrong in ({"message": mine}, {"chat": "direct-jade"}, {"chat": "direct-amber"}, {"action": "explode"}):
            await page.put("press", **(click | wrong))
            await page.get("error")
        await page.put("press", **(click | {"message": "999"}))
        assert (await page.get("deleted"))["id"] == "999"
        await page.put("delete", chat="attic", message=mine)
        await page.get("error")
    assert world.script.presses == []


async def test_credits_are_shown_when_asked_for_and_when_they_change(world: World) -> None:
    async with world.page() as page:
        for user in ("amber", "jade", "violet"):
            first = await page.get("quota")
            assert first == {"type": "quota", "user": user, "available": 50, "reserved": 1, "daily": 50}
        world.script.left["jade"] = 49
        ref = await world.playground.post(STUDIO, WAITING, reply_to=None, key="j1")
        changed = await page.get("quota")
        assert (changed["user"], changed["available"]) == ("jade", 49)
        world.script.left["violet"] = 48
        await world.playground.edit(ref, DONE)
        assert (await page.get("quota"))["user"] == "violet"
        await page.put("quota", **{"as": "amber"})
        assert (await page.get("quota"))["user"] == "amber"
