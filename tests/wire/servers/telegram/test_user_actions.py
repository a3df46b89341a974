"""The test server's chats, with the real python-telegram-bot: where the bot may write, and what it may ask."""

import pytest
import telegram
from telegram import Bot, ReplyParameters
from telegram.error import BadRequest, ChatMigrated, Forbidden

from tests.servers.telegram.scenes import Scene, one_message, png, poll_updates


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
