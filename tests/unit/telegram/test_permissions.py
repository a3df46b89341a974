"""What the bot may send, by what Telegram tells of a chat and of the bot's membership."""

from typing import Any

import pytest
import telegram
from telegram.constants import ChatType

from adapters.telegram.permissions import EVERYTHING, NOTHING, SendRights, decode_rights

BOT = telegram.User(id=7, first_name="Easel", is_bot=True)
GIFTS = telegram.AcceptedGiftTypes(False, False, False, False, False)
SENT = ["messages", "audios", "documents", "photos", "videos", "video_notes", "voice_notes", "polls", "other_messages"]
OTHER_RIGHTS = [
    "can_add_web_page_previews",
    "can_change_info",
    "can_invite_users",
    "can_pin_messages",
    "can_manage_topics",
    "can_edit_tag",
    "can_react_to_messages",
]
NO_PHOTOS = telegram.ChatPermissions(can_send_messages=True, can_send_photos=False, can_send_documents=True)


def chat(kind: str = ChatType.SUPERGROUP, permissions: telegram.ChatPermissions | None = None) -> telegram.ChatFullInfo:
    return telegram.ChatFullInfo(
        id=-1, type=kind, accent_color_id=0, max_reaction_count=1, accepted_gift_types=GIFTS, permissions=permissions
    )


def member(status: str, **fields: Any) -> telegram.ChatMember:
    found = telegram.ChatMember.de_json({"user": BOT.to_dict(), "status": status, **fields}, None)
    assert found is not None
    return found


def administrator(**fields: bool) -> telegram.ChatMember:
    names = ("can_be_edited", "is_anonymous", "can_manage_chat", "can_delete_messages", "can_manage_video_chats")
    names += ("can_restrict_members", "can_promote_members", "can_change_info", "can_invite_users")
    names += ("can_post_stories", "can_edit_stories", "can_delete_stories")
    return member("administrator", **dict.fromkeys(names, False), **fields)


def restricted(*, is_member: bool = True, **denied: bool) -> telegram.ChatMember:
    rights = {f"can_send_{kind}": True for kind in SENT} | dict.fromkeys(OTHER_RIGHTS, False)
    return member("restricted", **{**rights, "is_member": is_member, "until_date": 0, **denied})


@pytest.mark.parametrize(
    ("where", "who", "rights"),
    [
        (chat(), member("member"), EVERYTHING),
        (chat(permissions=NO_PHOTOS), member("member"), SendRights(photos=False)),
        (chat(permissions=NO_PHOTOS), administrator(), EVERYTHING),
        (chat(permissions=NO_PHOTOS), member("creator", is_anonymous=False), EVERYTHING),
        (chat(), restricted(can_send_messages=False), SendRights(text=False)),
        (chat(permissions=NO_PHOTOS), restricted(can_send_documents=False), SendRights(photos=False, documents=False)),
        (chat(), restricted(is_member=False), NOTHING),
        (chat(), member("left"), NOTHING),
        (chat(), member("kicked", until_date=0), NOTHING),
        (chat(ChatType.CHANNEL), administrator(can_post_messages=True), EVERYTHING),
        (chat(ChatType.CHANNEL), administrator(can_post_messages=False), NOTHING),
        (chat(ChatType.CHANNEL), member("member"), NOTHING),
    ],
)
def test_rights_are_those_that_nobody_denies(
    where: telegram.ChatFullInfo, who: telegram.ChatMember, rights: SendRights
) -> None:
    assert decode_rights(where, who) == rights
