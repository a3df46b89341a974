"""Chats and files by Discord's ids, both ways."""

import pytest

from adapters.discord import ids
from adapters.discord.ids import MessageFileRef, StoredFileRef
from bot.chat import MessageRef


def test_a_chat_is_addressed_as_in_discords_links() -> None:
    group = ids.make_chat(1, 2, direct=False)
    direct = ids.make_chat(None, 3, direct=True, token_id="i4")
    assert (group.kind, direct.kind) == ("group", "direct")
    assert (ids.guild_id(group), ids.channel_id(group)) == (1, "2")
    assert (ids.guild_id(direct), ids.channel_id(direct)) == (None, "3")
    assert ids.message_link(MessageRef(chat=group, message_id="5")) == "https://discord.com/channels/1/2/5"
    assert direct.key == "discord:@me/3"


@pytest.mark.parametrize("ref", [MessageFileRef(channel="1", message="2", item="e0"), StoredFileRef(id="3")])
def test_a_file_ref_is_parsed_as_it_was_written(ref: MessageFileRef | StoredFileRef) -> None:
    assert ids.parse_file_ref(str(ref)) == ref


def test_a_foreign_file_ref_is_none() -> None:
    assert ids.parse_file_ref("photo") is None
