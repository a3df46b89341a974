"""The Telegram of the tests, with the real python-telegram-bot against it: what the bot may, sees and is asked."""

import io
from collections.abc import AsyncGenerator
from typing import Any

import pytest
import telegram
from PIL import Image
from telegram import (
    Bot,
    BotCommand,
    BotCommandScopeAllGroupChats,
    BotCommandScopeChat,
    InlineQueryResultArticle,
    InlineQueryResultCachedPhoto,
    InputMediaPhoto,
    InputTextMessageContent,
    LabeledPrice,
    ReplyParameters,
)
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
)

from tests.servers.telegram import UNLIMITED, AlbumItem, TelegramServer
from tests.servers.telegram.real_bot import make_bot
from tests.servers.telegram.scenes import Scene, invoice, keyboard, one_message, png, poll_updates


@pytest.fixture
async def place() -> AsyncGenerator[Scene]:
    async with TelegramServer(limits=UNLIMITED) as server:
        yield Scene(server)


@pytest.fixture
async def bot(place: Scene) -> AsyncGenerator[Bot]:
    async with make_bot(place.server) as bot:
        yield bot


# ------------------------------------------------------------------------ where the bot may write


async def test_the_bot_may_not_begin_and_not_write_to_who_blocked_it(place: Scene, bot: Bot) -> None:
    server, bea = place.server, place.server.add_user("Bea")
    chat = server.private(bea)
    with pytest.raises(Forbidden, match="bot can't initiate conversation with a user"):
        await bot.send_message(chat.id, "hello?")
    server.say(bea, chat, "/start")
    await bot.send_message(chat.id, "hello")
    server.block(bea)
    with pytest.raises(Forbidden, match="bot was blocked by the user"):
        await bot.send_message(chat.id, "hello?")
    server.unblock(bea)
    await bot.send_message(chat.id, "hello again")
    moves = [update.my_chat_member for update in await poll_updates(bot, place) if update.my_chat_member]
    assert [(move.old_chat_member.status, move.new_chat_member.status) for move in moves] == [
        ("member", "kicked"),
        ("kicked", "member"),
    ]
    server.deactivate(bea)
    with pytest.raises(Forbidden, match="user is deactivated"):
        await bot.send_message(chat.id, "hello?")


async def test_being_restricted_kicked_and_let_in_again(place: Scene, bot: Bot) -> None:
    server, group = place.server, place.group
    server.restrict(group, "photos", "text messages")
    with pytest.raises(BadRequest, match="Not enough rights to send photos to the chat"):
        await bot.send_photo(group.id, png())
    with pytest.raises(BadRequest, match="Not enough rights to send text messages to the chat"):
        await bot.send_message(group.id, "x")
    await bot.send_document(group.id, png(), filename="a.png")
    me = await bot.get_chat_member(group.id, server.bot.id)
    assert isinstance(me, telegram.ChatMemberRestricted)
    assert (me.can_send_photos, me.can_send_documents) == (False, True)
    server.restrict(group)
    await bot.send_photo(group.id, png())
    server.kick(group)
    with pytest.raises(Forbidden, match="bot was kicked from the supergroup chat"):
        await bot.send_message(group.id, "x")
    server.say(place.ada, group, "/paint@easel_bot unheard")
    server.join(group)
    await bot.leave_chat(group.id)
    with pytest.raises(Forbidden, match="bot is not a member of the supergroup chat"):
        await bot.send_message(group.id, "x")
    kinds = [
        update.my_chat_member.new_chat_member.status
        for update in await poll_updates(bot, place)
        if update.my_chat_member
    ]
    assert kinds == ["restricted", "member", "kicked", "member"]


async def test_a_group_turns_into_a_supergroup_with_another_id(place: Scene, bot: Bot) -> None:
    server = place.server
    small = server.add_group("Small", members=[place.ada], supergroup=False)
    await bot.send_message(small.id, "before")
    large = server.migrate(small)
    with pytest.raises(ChatMigrated) as moved:
        await bot.send_message(small.id, "after")
    assert moved.value.new_chat_id == large.id
    await bot.send_message(large.id, "after")
    first, second = [update.message for update in await poll_updates(bot, place)]
    assert first is not None
    assert second is not None
    assert (first.chat.id, first.migrate_to_chat_id) == (small.id, large.id)
    assert (second.chat.id, second.migrate_from_chat_id) == (large.id, small.id)


async def test_topics_of_a_forum(place: Scene, bot: Bot) -> None:
    server = place.server
    forum = server.add_group("Forum", members=[place.ada], forum=True, privacy=False)
    topic = server.add_topic(forum, "Sketches")
    await poll_updates(bot, place)
    asked = server.say(place.ada, forum, "a cat", thread=topic)
    message = await one_message(bot, place)
    assert (message.message_thread_id, message.is_topic_message, message.chat.is_forum) == (topic.id, True, True)
    assert message.reply_to_message is not None
    assert message.reply_to_message.forum_topic_created is not None
    answer = await bot.send_message(forum.id, "here", reply_parameters=ReplyParameters(asked.id))
    assert (forum.last.topic, answer.message_thread_id) == (topic, topic.id)
    await bot.send_message(forum.id, "there", message_thread_id=topic.id)
    server.say(place.ada, forum, "look", reply_to=asked, thread=server.add_topic(forum, "Other"))
    update = (await poll_updates(bot, place))[-1]
    assert update.message is not None
    assert update.message.external_reply is not None
    server.close_topic(forum, topic)
    with pytest.raises(BadRequest, match="Topic_closed"):
        await bot.send_message(forum.id, "late", message_thread_id=topic.id)
    server.delete_topic(forum, topic)
    with pytest.raises(BadRequest, match="Message thread not found"):
        await bot.send_message(forum.id, "later", message_thread_id=topic.id)


async def test_topics_of_a_private_chat(bot: Bot, place: Scene) -> None:
    topic = place.server.add_topic(place.chat, "Cats")
    place.server.say(place.ada, place.chat, "a cat", thread=topic)
    message = (await poll_updates(bot, place))[-1].message
    assert message is not None
    assert (message.message_thread_id, message.is_topic_message) == (topic.id, True)
    assert message.reply_to_message is None
    sent = await bot.send_message(place.chat.id, "here", message_thread_id=topic.id)
    assert (place.chat.last.thread_id, sent.message_thread_id) == (topic.id, topic.id)
    await bot.send_chat_action(place.chat.id, "typing", message_thread_id=topic.id)
    assert place.server.actions[-1].thread_id == topic.id


async def test_direct_messages_of_a_channel_need_their_topic(place: Scene, bot: Bot) -> None:
    chat = place.server.add_direct_messages("Gallery")
    place.server.say(place.ada, chat, "a cat, please")
    message = await one_message(bot, place)
    assert message.chat.is_direct_messages
    assert message.direct_messages_topic is not None
    with pytest.raises(BadRequest, match="Channel direct messages topic must be specified"):
        await bot.send_message(chat.id, "here")
    await bot.send_message(chat.id, "here", direct_messages_topic_id=message.direct_messages_topic.topic_id)
    assert chat.last.topic is not None
    assert chat.last.topic.user is place.ada


async def test_posts_of_a_channel(place: Scene, bot: Bot) -> None:
    channel = place.server.add_channel("News")
    place.server.say(place.ada, channel, "/paint a cat")
    (update,) = await poll_updates(bot, place)
    assert update.channel_post is not None
    sent = await bot.send_message(channel.id, "painting")
    await bot.edit_message_text("painted", channel.id, sent.message_id)
    place.server.demote(channel)
    with pytest.raises(BadRequest, match="Need administrator rights in the channel chat"):
        await bot.send_message(channel.id, "more")


async def test_what_the_bot_may_ask_about_chats(place: Scene, bot: Bot) -> None:
    place.server.promote(place.group)
    full = await bot.get_chat(place.group.id)
    assert (full.type, full.title, full.permissions is not None) == ("supergroup", "Painters", True)
    assert await bot.get_chat_member_count(place.group.id) == 2
    (admin,) = await bot.get_chat_administrators(place.group.id)
    assert admin.user.id == place.server.bot.id
    assert (await bot.get_chat_member(place.group.id, place.ada.id)).status == "member"
    with pytest.raises(BadRequest, match="Participant_id_invalid"):
        await bot.get_chat_member(place.group.id, 1)


# ------------------------------------------------------------------------ what the bot sees


async def test_privacy_mode(place: Scene, bot: Bot) -> None:
    server, ada, group = place.server, place.ada, place.group
    photo = server.photo(ada, group, png(), caption="@easel_bot look")
    server.say(ada, group, "@easel_bot paint a cat")
    server.say(ada, group, "/paint a cat")  # no bot has spoken last
    server.say(ada, group, "/paint@other_bot a cat")
    assert not server.pending
    edit = server.say(ada, group, "/edit@Easel_Bot make it blue", reply_to=photo)
    message = await one_message(bot, place)
    assert message.message_id == edit.id
    assert message.reply_to_message is not None
    assert (len(message.reply_to_message.photo), message.reply_to_message.caption) == (1, "@easel_bot look")

    sent = await bot.send_message(group.id, "here")
    server.say(ada, group, "/paint a dog")
    server.say(server.add_user("Other", username="other_bot", bot=True), group, "woof")
    server.say(ada, group, "/paint a cow")
    server.say(ada, group, "thanks", reply_to=group.messages[sent.message_id])
    server.say(ada, group, "via", via_bot=server.bot)
    texts = [update.message.text for update in await poll_updates(bot, place) if update.message]
    assert texts == ["/paint a dog", "thanks", "via"]

    server.promote(group)
    server.say(ada, group, "anything")
    assert (await poll_updates(bot, place))[-1].effective_message is not None


async def test_without_privacy_the_bot_sees_all() -> None:
    async with TelegramServer(can_read_all_group_messages=True) as server, make_bot(server) as bot:
        ada = server.add_user("Ada", language_code=None)
        server.say(ada, server.add_group("Open", members=[ada]), "anything")
        (update,) = await bot.get_updates()
        assert update.effective_user is not None
        assert update.effective_user.language_code is None


async def test_a_reply_is_shown_one_level_deep_and_elsewhere_as_external(place: Scene, bot: Bot) -> None:
    server, ada, chat = place.server, place.ada, place.chat
    first = server.photo(ada, chat, png(), spoiler=True)
    second = server.say(ada, chat, "it is a cat", reply_to=first)
    server.say(ada, chat, "bluer", reply_to=second, quote="a cat")
    abroad = server.photo(ada, place.group, png())
    server.say(ada, chat, "and this", reply_to=abroad)
    server.forward(ada, chat, abroad)
    updates = await poll_updates(bot, place)
    third, fourth, fifth = [update.message for update in updates if update.message][2:]
    assert third.reply_to_message is not None
    assert third.reply_to_message.text == "it is a cat"
    assert third.reply_to_message.reply_to_message is None
    assert third.quote is not None
    assert (third.quote.text, third.quote.position) == ("a cat", 6)
    assert fourth.reply_to_message is None
    assert fourth.external_reply is not None
    assert fourth.external_reply.photo
    assert isinstance(fifth.forward_origin, telegram.MessageOriginUser)
    server.delete(second)
    server.say(ada, chat, "gone?", reply_to=second)
    assert (await one_message(bot, place)).reply_to_message is None


async def test_an_album_comes_in_parts_in_any_order(place: Scene, bot: Bot) -> None:
    server = place.server
    items = [png(), AlbumItem(data=png(), spoiler=True), AlbumItem(data=None, kind="document", size=30 << 20)]
    messages = server.album(place.ada, place.chat, items, caption="both", deliver=[1, 0])
    updates = [update.message for update in await poll_updates(bot, place) if update.message]
    assert [message.message_id for message in updates] == [messages[1].id, messages[0].id]
    assert [message.caption for message in updates] == [None, "both"]
    assert len({message.media_group_id for message in updates}) == 1
    assert updates[0].has_media_spoiler
    server.deliver(messages[2])
    late = await one_message(bot, place)
    assert late.document is not None
    assert (late.media_group_id, late.document.file_size) == (updates[0].media_group_id, 30 << 20)


async def test_a_correction_is_an_update_of_its_own(place: Scene, bot: Bot) -> None:
    asked = place.server.say(place.ada, place.chat, "a cta")
    place.server.edit(asked, "a cat")
    edited = (await poll_updates(bot, place))[1].edited_message
    assert edited is not None
    assert (edited.text, edited.edit_date is not None, asked.edits) == ("a cat", True, 1)


async def test_stickers_and_moving_pictures(place: Scene, bot: Bot) -> None:
    server, ada, chat = place.server, place.ada, place.chat
    out = io.BytesIO()
    Image.new("RGBA", (512, 300)).save(out, "WEBP")
    server.sticker(ada, chat, out.getvalue())
    server.sticker(ada, chat, b"tgs", kind="animated", thumbnail=png())
    server.sticker(ada, chat, b"webm", kind="video")
    server.animation(ada, chat, b"mp4", thumbnail=png(), caption="a loop")
    server.video(ada, chat, b"mp4")
    server.voice(ada, chat, b"ogg")
    messages = [update.message for update in await poll_updates(bot, place) if update.message]
    stickers = [message.sticker for message in messages if message.sticker]
    assert [(one.width, one.is_animated, one.is_video) for one in stickers] == [
        (512, False, False),
        (512, True, False),
        (512, False, True),
    ]
    assert [one.thumbnail is not None for one in stickers] == [True, True, False]
    loop = messages[3]
    assert loop.animation is not None
    assert loop.document is not None
    assert (loop.caption, loop.document.file_id) == ("a loop", loop.animation.file_id)
    assert (messages[4].video is not None, messages[5].voice is not None) == (True, True)


# ------------------------------------------------------------------------ buttons, inline, guests


async def test_a_button_is_answered_once_in_time_and_shortly(place: Scene, bot: Bot) -> None:
    server = place.server
    await bot.send_message(place.chat.id, "x", reply_markup=keyboard())
    first = server.press(place.ada, place.chat.last, "cancel")
    with pytest.raises(BadRequest, match="Message_too_long"):
        await bot.answer_callback_query(first.id, "x" * 201)
    await bot.answer_callback_query(first.id)
    late = server.press(place.ada, place.chat.last, "cancel", accessible=False)
    server.later(61)
    for pressed in (first, late):
        with pytest.raises(BadRequest, match="Query is too old and response timeout expired or query id is invalid"):
            await bot.answer_callback_query(pressed.id)
    shown, hidden = [update.callback_query for update in await poll_updates(bot, place)]
    assert shown is not None
    assert hidden is not None
    assert isinstance(shown.message, telegram.Message)
    assert shown.message.reply_markup is not None
    assert hidden.message is not None
    assert hidden.message.date == telegram.constants.ZERO_DATE  # the client's sign of a message that is not shown
    with pytest.raises(AssertionError, match="no button"):
        server.press(place.ada, place.chat.last, "Delete")


async def test_an_inline_result_is_chosen_and_edited(place: Scene, bot: Bot) -> None:
    server = place.server
    stored = await bot.send_photo(place.chat.id, png())
    file_id = stored.photo[-1].file_id
    asked = server.inline_query(place.ada, "a cat", "supergroup")
    (update,) = await poll_updates(bot, place)
    assert update.inline_query is not None
    assert (update.inline_query.query, update.inline_query.chat_type) == ("a cat", "supergroup")
    article = InlineQueryResultArticle("go", "Paint", InputTextMessageContent("Painting …"), reply_markup=keyboard())
    await bot.answer_inline_query(
        asked.id, [article, InlineQueryResultCachedPhoto("old", file_id)], cache_time=0, is_personal=True
    )
    assert (asked.cache_time, asked.personal, len(asked.results or [])) == (0, True, 2)
    message = server.choose_result(place.ada, asked, "go")
    (update,) = await poll_updates(bot, place)
    assert update.chosen_inline_result is not None
    number = update.chosen_inline_result.inline_message_id
    assert number is not None
    assert server.inline_messages[number] is message
    with pytest.raises(BadRequest, match="Invalid message content specified"):
        await bot.edit_message_media(InputMediaPhoto(png()), inline_message_id=number)
    assert await bot.edit_message_text("Half", inline_message_id=number, reply_markup=keyboard()) is True
    pressed = server.press(place.ada, message, "Cancel")
    (update,) = await poll_updates(bot, place)
    assert update.callback_query is not None
    assert update.callback_query.inline_message_id == number
    await bot.answer_callback_query(pressed.id)
    assert await bot.edit_message_media(InputMediaPhoto(file_id), inline_message_id=number) is True
    assert message.photo == place.chat.last.photo
    assert server.choose_result(place.ada, asked, "old").inline_id is None, "it had no keyboard"


async def test_a_guest_is_answered_in_a_chat_the_bot_is_not_in(place: Scene, bot: Bot) -> None:
    server = place.server
    abroad = server.add_group("Abroad", members=[place.ada], bot_status="left")
    photo = server.photo(place.ada, abroad, png())
    asked = server.guest_message(place.ada, abroad, "@easel_bot make it blue", reply_to=photo)
    (update,) = await poll_updates(bot, place)
    guest = update.guest_message
    assert guest is not None
    assert guest.reply_to_message is not None
    assert guest.reply_to_message.photo
    answer = await bot.answer_guest_query(
        str(guest.guest_query_id),
        InlineQueryResultArticle("1", "Paint", InputTextMessageContent("Painting …"), reply_markup=keyboard()),
    )
    assert asked.answer is not None
    assert server.inline_messages[answer.inline_message_id] is asked.answer
    stored = await bot.send_photo(place.chat.id, png())
    await bot.edit_message_media(InputMediaPhoto(stored.photo[-1].file_id), inline_message_id=answer.inline_message_id)
    assert abroad.last.photo == place.chat.last.photo
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_guest_query(asked.id, InlineQueryResultArticle("1", "Paint", InputTextMessageContent("Twice")))


# ------------------------------------------------------------------------ Stars


async def test_stars_are_paid_and_given_back_once(place: Scene, bot: Bot) -> None:
    server = place.server
    sent = await invoice(bot, place.chat)
    assert sent.invoice is not None
    assert (sent.invoice.total_amount, place.chat.last.buttons) == (50, [("Pay ⭐️50", None)])
    payment = server.pay(place.ada, place.chat.last)
    (update,) = await poll_updates(bot, place)
    assert update.pre_checkout_query is not None
    assert (update.pre_checkout_query.invoice_payload, payment.paid) == ("pack:10", False)
    await bot.answer_pre_checkout_query(payment.id, ok=True)
    message = await one_message(bot, place)
    assert message.successful_payment is not None
    charge = message.successful_payment.telegram_payment_charge_id
    assert payment.charge_id == charge
    with pytest.raises(BadRequest, match="Charge_id_invalid"):
        await bot.refund_star_payment(place.ada.id, "stx")
    await bot.refund_star_payment(place.ada.id, charge)
    assert (await one_message(bot, place)).refunded_payment is not None
    with pytest.raises(BadRequest, match="Charge_already_refunded"):
        await bot.refund_star_payment(place.ada.id, charge)
    listed = (await bot.get_star_transactions()).transactions
    assert [(one.amount, one.source is not None, one.receiver is not None) for one in listed] == [
        (50, True, False),
        (50, False, True),
    ]
    assert (await bot.get_my_star_balance()).amount == 0


async def test_a_payment_that_is_denied_or_answered_too_late_is_none(place: Scene, bot: Bot) -> None:
    link = await bot.create_invoice_link(
        "Month", "Pictures", "month", currency="XTR", prices=[LabeledPrice("Month", 99)], subscription_period=2_592_000
    )
    denied, late, paid = (place.server.pay(place.ada, link) for _ in range(3))
    await bot.answer_pre_checkout_query(denied.id, ok=False, error_message="Sold out")
    await bot.answer_pre_checkout_query(paid.id, ok=True)
    place.server.later(11)
    with pytest.raises(BadRequest, match="Query is too old"):
        await bot.answer_pre_checkout_query(late.id, ok=True)
    assert [one.paid for one in (denied, late, paid)] == [False, False, True]
    assert denied.error == "Sold out"
    message = (await poll_updates(bot, place))[-1].message
    assert message is not None
    assert message.successful_payment is not None
    assert message.successful_payment.is_recurring


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"prices": [LabeledPrice("a", 1), LabeledPrice("b", 1)]}, "Stars_invoice_invalid"),
        ({"prices": [LabeledPrice("a", 0)]}, "Currency_total_amount_invalid"),
        ({"payload": "п" * 65}, "Invoice_payload_invalid"),
        ({"provider_token": "284685063:TEST:x"}, "Payment_provider_invalid"),
        ({"currency": "EUR"}, "Payment_provider_invalid"),
        ({"need_email": True}, "Stars_invoice_invalid"),
        ({"title": "x" * 33}, "Invoice_title_invalid"),
        ({"reply_markup": keyboard()}, "first button of an invoice must be a Pay button"),
    ],
)
async def test_invoices_telegram_refuses(place: Scene, bot: Bot, changed: dict[str, Any], words: str) -> None:
    with pytest.raises(BadRequest) as refused:
        await invoice(bot, place.chat, **changed)
    assert words.lower() in refused.value.message.lower()


# ------------------------------------------------------------------------ the bot's own card


async def test_commands_by_scope_and_language(place: Scene, bot: Bot) -> None:
    usual, russian, grouped = ([BotCommand(name, f"about {name}")] for name in ("paint", "risuj", "group"))
    await bot.set_my_commands(usual)
    await bot.set_my_commands(russian, language_code="ru")
    await bot.set_my_commands(grouped, BotCommandScopeAllGroupChats())
    dmitri = place.server.add_user("Dmitri", language_code="ru")
    menu = place.server.menu
    assert menu(place.ada, place.chat) == [("paint", "about paint")]
    assert menu(dmitri, place.server.private(dmitri)) == [("risuj", "about risuj")]
    assert menu(dmitri, place.group) == [("group", "about group")]
    assert [one.command for one in await bot.get_my_commands(language_code="ru")] == ["risuj"]
    await bot.set_my_commands(usual, BotCommandScopeChat(place.group.id))
    assert menu(dmitri, place.group) == [("paint", "about paint")]
    await bot.delete_my_commands(BotCommandScopeChat(place.group.id))
    await bot.delete_my_commands(BotCommandScopeAllGroupChats())
    assert menu(dmitri, place.group) == [("risuj", "about risuj")]
    with pytest.raises(BadRequest, match="Bot_command_invalid"):
        await bot.set_my_commands([BotCommand("Paint!", "x")])


async def test_names_descriptions_and_the_menu_button(place: Scene, bot: Bot) -> None:
    assert (await bot.get_my_name()).name == "Easel"
    await bot.set_my_description("It paints")
    await bot.set_my_description("Рисует", language_code="ru")
    await bot.set_my_short_description("Paints")
    assert (await bot.get_my_description("ru")).description == "Рисует"
    assert (await bot.get_my_description("zh")).description == "It paints"
    assert (await bot.get_my_short_description()).short_description == "Paints"
    await bot.set_chat_menu_button(menu_button=telegram.MenuButtonCommands())
    assert isinstance(await bot.get_chat_menu_button(), telegram.MenuButtonCommands)
    with pytest.raises(BadRequest, match="Short description is too long"):
        await bot.set_my_short_description("x" * 121)


async def test_a_copy_is_a_message_of_the_bot(place: Scene, bot: Bot) -> None:
    photo = place.server.photo(place.ada, place.chat, png(), caption="a cat")
    copied = await bot.copy_message(place.group.id, place.chat.id, photo.id, caption="a copy")
    assert (place.group.last.id, place.group.last.caption) == (copied.message_id, "a copy")
    assert place.group.last.photo == photo.photo
