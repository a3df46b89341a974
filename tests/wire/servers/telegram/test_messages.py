"""The test Telegram server with the real python-telegram-bot: messages sent, edited, deleted and reacted to."""

import io

import pytest
import telegram
from PIL import Image
from telegram import (
    Bot,
    InputMediaDocument,
    InputMediaPhoto,
)
from telegram.error import (
    BadRequest,
)

from tests.servers.telegram.scenes import Scene, keyboard, png, size_of


async def test_a_text_turns_into_a_picture_and_never_back(place: Scene, bot: Bot) -> None:
    sent = await bot.send_message(place.chat.id, "Painting …", reply_markup=keyboard())
    edited = await bot.edit_message_media(
        InputMediaPhoto(png((1600, 1200)), caption="Done", has_spoiler=True),
        chat_id=place.chat.id,
        message_id=sent.message_id,
    )
    message = place.chat.last
    assert isinstance(edited, telegram.Message)
    assert (edited.message_id, message.caption, message.text) == (sent.message_id, "Done", "")
    assert (message.buttons, message.spoiler, message.edits) == ([], True, 1), "the keyboard was not passed again"
    assert size_of(message.photo) == ("JPEG", (1280, 960))
    assert [size.width for size in edited.photo] == [90, 320, 800, 1280]
    with pytest.raises(BadRequest, match="There is no text in the message to edit"):
        await bot.edit_message_text("Again", chat_id=place.chat.id, message_id=sent.message_id)
    await bot.edit_message_caption(place.chat.id, sent.message_id, caption="Better", reply_markup=keyboard())
    await bot.edit_message_media(
        InputMediaDocument(png(), filename="a.png"), chat_id=place.chat.id, message_id=sent.message_id
    )
    assert [state.text for state in message.history] == ["Painting …", "Done", "Better", ""]
    assert message.document is not None
    assert (message.document.filename, message.document.mime_type, message.document.data) == (
        "a.png",
        "image/png",
        png(),
    )


async def test_a_keyboard_alone_can_be_changed_and_taken_away(place: Scene, bot: Bot) -> None:
    sent = await bot.send_photo(place.chat.id, png(), reply_markup=keyboard("Again", "again"))
    await bot.edit_message_reply_markup(place.chat.id, sent.message_id, reply_markup=keyboard("More", "more"))
    assert place.chat.last.buttons == [("More", "more")]
    await bot.edit_message_reply_markup(place.chat.id, sent.message_id)
    assert (place.chat.last.buttons, place.chat.last.photo is not None) == ([], True)


async def test_an_album_is_sent_as_messages_of_one_group(place: Scene, bot: Bot) -> None:
    sent = await bot.send_media_group(place.chat.id, [InputMediaPhoto(png()), InputMediaPhoto(png(), caption="two")])
    assert len({message.media_group_id for message in sent}) == 1
    assert [message.caption for message in place.chat.visible_messages] == ["", "two"]
    papers = await bot.send_media_group(place.chat.id, [InputMediaDocument(png()), InputMediaDocument(png())])
    with pytest.raises(BadRequest, match="Can't change media type in the album"):
        await bot.edit_message_media(InputMediaPhoto(png()), chat_id=place.chat.id, message_id=papers[0].message_id)
    with pytest.raises(BadRequest, match="Document can't be mixed with other media types"):
        await bot.send_media_group(place.chat.id, [InputMediaPhoto(png()), InputMediaDocument(png())])
    with pytest.raises(BadRequest, match="Too many messages to send as an album"):
        await bot.send_media_group(place.chat.id, [InputMediaPhoto(png())] * 11)


async def test_an_album_of_one_goes_as_a_message_and_is_noted(place: Scene, bot: Bot) -> None:
    (sent,) = await bot.send_media_group(place.chat.id, [InputMediaPhoto(png())])
    assert sent.media_group_id is None
    assert place.server.violations == ["sendMediaGroup: an album has 2-10 items"]
    place.server.violations.clear()


async def test_a_file_sent_once_is_sent_again_by_its_id(place: Scene, bot: Bot) -> None:
    sent = await bot.send_photo(place.chat.id, png(colour="red"))
    again = await bot.send_photo(place.group.id, sent.photo[0].file_id)
    assert again.photo[-1].file_unique_id == sent.photo[-1].file_unique_id
    assert place.group.last.photo == place.chat.last.photo
    with pytest.raises(BadRequest, match=r"(?i)can't use file of type Photo as Document"):
        await bot.send_document(place.chat.id, sent.photo[0].file_id)
    with pytest.raises(BadRequest, match="Wrong remote file identifier specified"):
        await bot.send_photo(place.chat.id, "AgACAgIAAx")
    with pytest.raises(BadRequest, match=r"(?i)Failed to get HTTP URL content"):
        await bot.send_photo(place.chat.id, "https://example.org/cat.png")


async def test_a_transparent_picture_turns_white_and_an_animation_stays(place: Scene, bot: Bot) -> None:
    out = io.BytesIO()
    Image.new("RGBA", (64, 64), (0, 0, 0, 0)).save(out, "PNG")
    await bot.send_photo(place.chat.id, out.getvalue())
    with Image.open(io.BytesIO(place.chat.last.photo or b"")) as picture:
        assert picture.convert("RGB").getpixel((32, 32)) == (255, 255, 255)
    sent = await bot.send_animation(place.chat.id, b"\0ftypmp4", filename="a.mp4", width=8, height=8, duration=1)
    assert (sent.animation is not None, sent.document is not None) == (True, True)


async def test_uploads_name_and_bytes_are_recorded(place: Scene, bot: Bot) -> None:
    await bot.send_document(place.chat.id, png(), filename="cat.png", caption="a *cat*", parse_mode="MarkdownV2")
    (call,) = place.server.calls("sendDocument")
    assert (call.status, call.params["chat_id"], call.params["caption"]) == (200, place.chat.id, "a *cat*")
    assert [(upload.filename, upload.data) for upload in call.uploads] == [("cat.png", png())]
    assert place.chat.last.entities == [{"type": "bold", "offset": 2, "length": 3}]


async def test_deleting(place: Scene, bot: Bot) -> None:
    mine = await bot.send_message(place.group.id, "mine")
    theirs = place.server.say(place.ada, place.group, "theirs")
    await bot.delete_message(place.group.id, mine.message_id)
    with pytest.raises(BadRequest, match="Message to delete not found"):
        await bot.delete_message(place.group.id, mine.message_id)
    with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
        await bot.delete_message(place.group.id, theirs.id)
    place.server.promote(place.group)
    await bot.delete_messages(place.group.id, [theirs.id, mine.message_id])
    assert not place.group.visible_messages
    old = await bot.send_message(place.chat.id, "old")
    place.server.advance_clocks(49 * 3600)
    with pytest.raises(BadRequest, match="Message can't be deleted for everyone"):
        await bot.delete_message(place.chat.id, old.message_id)


async def test_reactions_and_chat_actions(place: Scene, bot: Bot) -> None:
    asked = place.server.say(place.ada, place.chat, "a cat")
    await bot.set_message_reaction(place.chat.id, asked.id, "👀")
    assert asked.reactions[place.server.bot.id] == ["👀"]
    service = place.server.add_topic(place.chat, "Sketches").created
    assert service is not None
    with pytest.raises(BadRequest, match="Reaction_invalid"):
        await bot.set_message_reaction(place.chat.id, service.id, "👀")
    for reaction, words in (("🦖", "Reaction_invalid"), (["👀", "👍"], "Reactions_too_many")):
        with pytest.raises(BadRequest, match=words):
            await bot.set_message_reaction(place.chat.id, asked.id, reaction)
    await bot.set_message_reaction(place.chat.id, asked.id)
    assert place.server.bot.id not in asked.reactions
    await bot.send_chat_action(place.chat.id, "upload_photo")
    assert [(action.chat, action.action) for action in place.server.actions] == [(place.chat, "upload_photo")]
    with pytest.raises(BadRequest, match="Wrong parameter action in request"):
        await bot.send_chat_action(place.chat.id, "painting")
