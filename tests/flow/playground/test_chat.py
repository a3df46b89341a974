"""The playground from outside: members write, the bot answers, buttons and credits."""

import asyncio

import pytest

from adapters.playground.protocol import SHOWN
from bot.chat import Action, Card, Chat, DeletedMessage, Message, MessageRef, User
from bot.errors import ChatGone, MessageGone
from bot.intake.prices import make_price_list
from bot.ports import ButtonReply
from bot.prices import PriceRange
from tests.flow.playground.page_client import (
    DONE_CARD,
    GROUP,
    WAITING_CARD,
    PageConnection,
    PageServer,
    encode_plain,
    image,
)

# ---------------------------------------------------------------- coming in


async def test_a_page_is_greeted_in_its_language_and_gets_the_history_of_every_chat(server: PageServer) -> None:
    async with server.http.ws_connect(f"{server.base}/ws", origin=server.base) as wire:
        page = PageConnection(wire)
        await page.send_frame("start", locale="zh-Hans")
        hello = await page.receive_frame("hello")
        assert [each["id"] for each in hello["users"]] == ["amber", "jade", "violet"]
        assert hello["chats"][0] == {"id": "studio", "kind": "group"}
        assert hello["chats"][1] == {"id": "direct-amber", "kind": "direct", "user": "amber"}
        assert hello["commands"] == [{"name": "imagine", "hint": "paint (zh)"}]
        assert (hello["locale"], hello["locales"]) == ("zh", ["en", "zh", "ru"])
        assert hello["demo"] is False
        assert hello["limits"] == {"files": 40, "file_bytes": 26214400, "text": 4_000_000, "prompt": 4000}
        assert hello["texts"]["page-send"] == "发送"
        assert all(each.startswith("page-") for each in hello["texts"])
        chats = [(await page.receive_frame("history"))["chat"] for _ in range(4)]
        assert chats == ["studio", "direct-amber", "direct-jade", "direct-violet"]
        await page.send_frame("locale", locale="ru")
        assert (await page.receive_frame("hello"))["commands"][0]["hint"] == "paint (ru)"


async def test_nothing_is_taken_before_start(server: PageServer) -> None:
    async with server.http.ws_connect(f"{server.base}/ws", origin=server.base) as wire:
        page = PageConnection(wire)
        await page.send_frame("send", **{"as": "amber"}, chat="studio", text="hi", files=[], reply_to=None, nonce="1")
        assert (await page.receive_frame("error"))["nonce"] == "1"
        await page.send_frame("quota", **{"as": "amber"})
        await page.receive_frame("error")
    assert server.core.messages == []


# ---------------------------------------------------------------- members write


async def test_a_message_reaches_every_page_and_the_bot(server: PageServer) -> None:
    async with server.connect() as one, server.connect(locale="ru") as other:
        id_ = await other.send_message("@Easel a red fox", as_="jade")
        for page in (one, other):
            shown = await page.receive_message(id_)
            assert (shown["sender"], shown["text"], shown["chat"]) == ("jade", "@Easel a red fox", "studio")
            assert (shown["buttons"], shown["preview"], shown["reply_to"]) == ([], None, None)
            assert (shown["at"], shown["edited"]) == ("2026-03-14T12:00:00.000+00:00", False)
        message = await server.core.wait_for_message()
        assert message == Message(
            id=id_,
            chat=GROUP,
            sender=User(platform="playground", id="jade", name="Jade", locale="ru"),
            text="a red fox",
            to_me=True,
        )


async def test_only_what_is_meant_for_the_bot_is_addressed_to_it(server: PageServer) -> None:
    async with server.connect() as page:
        await page.send_message("just talking")
        assert (await server.core.wait_for_message(1)).to_me is False
        await page.send_message("a fox", chat="direct-amber")
        message = await server.core.wait_for_message(2)
        assert (message.to_me, message.chat.kind, message.chat.id) == (True, "direct", "direct-amber")
        await page.send_message("/imagine@easel a fox")
        assert (await server.core.wait_for_message(3)).text == "/imagine a fox"


async def test_a_reply_brings_the_message_it_answers_with_its_pictures(server: PageServer) -> None:
    async with server.connect() as page:
        file = await server.upload_file(encode_plain())
        first = await page.send_message("look", as_="violet", files=[file["id"]])
        second = await page.send_message("nice", reply_to=first)
        answered = (await server.core.wait_for_message(2)).reply_to
        assert isinstance(answered, Message)
        assert (answered.id, answered.from_me, answered.sender.id) == (first, False, "violet")
        assert [each.ref for each in answered.attachments] == [file["id"]]
        shown = (await page.receive_message(second))["reply_to"]
        assert shown == {"id": first, "sender": "violet", "text": "look", "file": file["id"], "deleted": False}
        assert (await server.core.wait_for_message(2)).to_me is False


async def test_a_reply_to_the_bot_is_addressed_to_it_without_a_mention(server: PageServer) -> None:
    delivered = await server.playground.deliver(GROUP, None, DONE_CARD, [image()], reply_to=None, key="j1")
    async with server.connect() as page:
        await page.send_message("now blue", reply_to=delivered.ref.message_id)
        message = await server.core.wait_for_message()
        assert message.to_me
        assert isinstance(message.reply_to, Message)
        assert message.reply_to.from_me
        assert message.reply_to.attachments == delivered.attachments


async def test_a_reply_to_a_deleted_message_says_that_it_is_gone(server: PageServer) -> None:
    async with server.connect() as page:
        first = await page.send_message("look")
        await page.send_frame("delete", chat="studio", message=first)
        assert (await page.receive_frame("deleted")) == {"type": "deleted", "chat": "studio", "id": first}
        second = await page.send_message("@easel that one", reply_to=first)
        assert (await server.core.wait_for_message(2)).reply_to == DeletedMessage(id=first)
        shown = await page.receive_message(second)
        assert (shown["reply_to"]["deleted"], shown["reply_to"]["text"]) == (True, "")


async def test_a_nonce_sent_twice_posts_once_also_on_another_connection(server: PageServer) -> None:
    async with server.connect() as page:
        first = await page.send_message("hello", nonce="once")
        assert await page.send_message("hello", nonce="once") == first
    async with server.connect() as page:
        assert await page.send_message("hello", nonce="once") == first
        assert await page.send_message("hello", nonce="once", as_="jade") != first
    await server.core.wait_for_message(2)
    assert len(await server.load_history()) == 2
    assert len(server.core.messages) == 2


async def test_a_member_is_heard_in_order_and_keeps_nobody_else_waiting(server: PageServer) -> None:
    server.core.gates["slow"] = asyncio.Event()
    async with server.connect() as page:
        await page.send_message("slow")
        await page.send_message("after")
        await page.send_message("meanwhile", as_="jade")
        assert (await server.core.wait_for_message()).text == "meanwhile"
        server.core.gates["slow"].set()
        await server.core.wait_for_message(3)
    assert [each.text for each in server.core.messages] == ["meanwhile", "slow", "after"]


async def test_a_failing_reception_ends_nothing(server: PageServer) -> None:
    server.core.failing_texts = {"first"}
    async with server.connect() as page:
        await page.send_message("first")
        await page.send_message("second")
        assert (await server.core.wait_for_message()).text == "second"


@pytest.mark.thorough
async def test_a_prompt_of_ten_megabytes_reaches_the_bot_whole_and_the_page_cut(server: PageServer) -> None:
    text = "@easel " + "x" * 10_485_760
    async with server.connect() as page:
        id_ = await page.send_message(text)
        assert len((await server.core.wait_for_message()).text) == 10_485_760
        shown = (await page.receive_message(id_))["text"]
        assert len(shown) == SHOWN
        assert shown.endswith("x…")


@pytest.mark.forms(1)
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
    server: PageServer, fields: dict[str, object], words: str
) -> None:
    async with server.connect() as page:
        fixed: dict[str, object] = {"as": "amber", "chat": "studio", "nonce": "x"}
        await page.send_frame("send", **(fixed | fields))
        error = await page.receive_frame("error")
        assert error["nonce"] == "x"
        assert words in error["text"]
        await page.send_message("well")
    await server.core.wait_for_message()
    assert [each["text"] for each in await server.load_history()] == ["well"]
    assert len(server.core.messages) == 1


# ---------------------------------------------------------------- the bot writes


async def test_one_message_is_posted_filled_and_becomes_the_picture(server: PageServer) -> None:
    async with server.connect() as page:
        asked = await page.send_message("@easel a red fox")
        ref = await server.playground.post(GROUP, WAITING_CARD, reply_to=asked, key="j1")
        shown = await page.receive_message(ref.message_id)
        assert (shown["sender"], shown["text"], shown["edited"]) == ("easel", "Waiting", False)
        assert shown["buttons"] == [{"action": "cancel", "job": "j1", "label": "Cancel"}]
        assert shown["reply_to"]["text"] == "@easel a red fox"

        await server.playground.edit(ref, Card(text="50 %", preview=image("blue")))
        shown = await page.receive_message(ref.message_id)
        assert (shown["text"], shown["buttons"], shown["edited"]) == ("50 %", [], True)
        async with server.http.get(server.base + shown["preview"]["url"]) as answer:
            assert (answer.content_type, await answer.read()) == ("image/png", encode_plain("blue"))

        delivered = await server.playground.deliver(
            GROUP, ref, DONE_CARD, [image("red"), image("green")], reply_to=asked, key="j1"
        )
        assert delivered.ref == ref
        shown = await page.receive_message(ref.message_id)
        assert (shown["text"], shown["preview"]) == (DONE_CARD.text, None)
        assert [each["alt"] for each in shown["files"]] == ["A red fox"] * 2
        assert [each["id"] for each in shown["files"]] == [each.ref for each in delivered.attachments]
        assert (shown["files"][0]["width"], shown["files"][0]["height"]) == (40, 30)
        async with server.http.get(f"{server.base}/files/{shown['files'][1]['id']}") as answer:
            assert await answer.read() == encode_plain("green")
    assert len(await server.load_history()) == 2


async def test_a_repeated_post_or_delivery_makes_nothing_new(server: PageServer) -> None:
    port = server.playground
    ref = await port.post(GROUP, WAITING_CARD, reply_to=None, key="j1")
    assert await port.post(GROUP, WAITING_CARD, reply_to=None, key="j1") == ref
    first = await port.deliver(GROUP, ref, DONE_CARD, [image()], reply_to=None, key="j1")
    assert await port.deliver(GROUP, ref, DONE_CARD, [image()], reply_to=None, key="j1") == first
    assert await port.deliver(GROUP, None, DONE_CARD, [image()], reply_to=None, key="j1") == first
    other = await port.deliver(GROUP, None, DONE_CARD, [image()], reply_to=None, key="j2")
    assert other.ref != ref
    assert [len(each["files"]) for each in await server.load_history()] == [1, 1]


async def test_a_deleted_message_is_gone_for_edits_and_deliveries(server: PageServer) -> None:
    port = server.playground
    ref = await port.post(GROUP, WAITING_CARD, reply_to=None, key="j1")
    async with server.connect() as page:
        await page.send_frame("delete", chat="studio", message=ref.message_id)
        await page.receive_frame("deleted")
        await server.core.wait_until(lambda: server.core.deletions == [ref])
        with pytest.raises(MessageGone):
            await port.edit(ref, DONE_CARD)
        with pytest.raises(MessageGone):
            await port.deliver(GROUP, ref, DONE_CARD, [image()], reply_to=None, key="j1")
        assert await port.post(GROUP, WAITING_CARD, reply_to=None, key="j1") == ref
        with pytest.raises(MessageGone):
            await port.edit(MessageRef(chat=GROUP, message_id="elsewhere"), DONE_CARD)
        await page.send_frame("delete", chat="studio", message=ref.message_id)  # another page was faster: told again
        await page.receive_frame("deleted")
    assert await server.load_history() == []
    assert server.core.deletions == [ref]


async def test_the_bot_cannot_change_what_members_wrote(server: PageServer) -> None:
    async with server.connect() as page:
        id_ = await page.send_message("mine")
    with pytest.raises(MessageGone):
        await server.playground.edit(MessageRef(chat=GROUP, message_id=id_), DONE_CARD)


async def test_a_reply_to_what_is_not_there_is_posted_without_one(server: PageServer) -> None:
    async with server.connect() as page:
        for number, answered in enumerate(("999", "no number", await page.send_message("x", chat="direct-amber"))):
            ref = await server.playground.post(GROUP, WAITING_CARD, reply_to=answered, key=str(number))
            assert (await page.receive_message(ref.message_id))["reply_to"] is None


async def test_a_chat_that_does_not_exist_is_gone(server: PageServer) -> None:
    with pytest.raises(ChatGone):
        await server.playground.post(
            Chat(platform="playground", id="attic", kind="group"), WAITING_CARD, reply_to=None, key="j1"
        )


async def test_text_that_no_database_could_keep_is_made_whole(server: PageServer) -> None:
    ref = await server.playground.post(GROUP, Card(text="half \ud83e pair, nul \0"), reply_to=None, key="j1")
    assert [each["text"] for each in await server.load_history() if each["id"] == ref.message_id] == [
        "half ? pair, nul "
    ]


async def test_every_chat_has_a_budget_of_its_own(server: PageServer) -> None:
    lane = server.playground.lane(GROUP, None)
    assert [(each.key, each.slots, each.period_s) for each in lane.budgets] == [("playground:studio", 20, 5.0)]
    assert lane.edit_gap_s == 0.3


# ---------------------------------------------------------------- buttons and credits


async def test_a_click_is_answered_to_the_page_that_clicked(server: PageServer) -> None:
    ref = await server.playground.post(GROUP, DONE_CARD, reply_to=None, key="j1")
    server.core.answer = ButtonReply(text="Say what should change", open_reply=True)
    async with server.connect() as mine, server.connect() as other:
        await mine.send_frame(
            "press", **{"as": "jade"}, chat="studio", message=ref.message_id, action="edit", job="j1", nonce="c1"
        )
        silent = {"type": "notice", "user": "jade", "text": ""}  # the open composer says it
        assert await mine.receive_frame("notice") == silent
        composed = {"type": "compose", "user": "jade", "chat": "studio", "reply_to": ref.message_id, "file": None}
        assert await mine.receive_frame("compose") == composed
        press = server.core.presses[0]
        assert (press.id, press.message, press.action, press.job_id) == ("c1", ref, Action.EDIT, "j1")
        assert press.sender.id == "jade"
        await other.send_message("sentinel")
        assert [frame["type"] for frame in other._other_frames if frame["type"] in ("notice", "compose")] == []  # pyright: ignore[reportPrivateUsage] - this file's own


async def test_a_click_on_what_is_no_message_of_the_bot_reaches_nobody(server: PageServer) -> None:
    async with server.connect() as page:
        mine = await page.send_message("mine")
        ref = await server.playground.post(GROUP, DONE_CARD, reply_to=None, key="j1")
        click = {"as": "jade", "chat": "studio", "message": ref.message_id, "action": "edit", "job": "j1", "nonce": "c"}
        others = ({"chat": "direct-jade"}, {"chat": "direct-amber"}, {"action": "explode"}, {"file": "0" * 32})
        for wrong in ({"message": mine}, *others):
            await page.send_frame("press", **(click | wrong))
            await page.receive_frame("error")
        await page.send_frame("press", **(click | {"message": "999"}))
        assert (await page.receive_frame("deleted"))["id"] == "999"
        await page.send_frame("delete", chat="attic", message=mine)
        await page.receive_frame("error")
    assert server.core.presses == []


async def test_what_a_picture_costs_stands_beside_the_credits_where_it_is_not_one(server: PageServer) -> None:
    price = PriceRange(least=1, most=16)
    server.core.prices = make_price_list(server.core.capabilities, lambda _: price)
    async with server.connect() as page:
        assert (await page.receive_frame("quota"))["price"] == "1–16"


async def test_credits_are_shown_when_asked_for_and_when_they_change(server: PageServer) -> None:
    async with server.connect() as page:
        for user in ("amber", "jade", "violet"):
            first = await page.receive_frame("quota")
            assert first == {"type": "quota", "user": user, "available": 50, "reserved": 1, "daily": 50}
        server.core.available["jade"] = 49
        ref = await server.playground.post(GROUP, WAITING_CARD, reply_to=None, key="j1")
        changed = await page.receive_frame("quota")
        assert (changed["user"], changed["available"]) == ("jade", 49)
        server.core.available["violet"] = 48
        await server.playground.edit(ref, DONE_CARD)
        assert (await page.receive_frame("quota"))["user"] == "violet"
        await page.send_frame("quota", **{"as": "amber"})
        assert (await page.receive_frame("quota"))["user"] == "amber"
