from adapters.telegram.message_ids import MessageIds

GROUP, OTHER_GROUP = -1_001_234_567_890, -1_009_876_543_210
BASIC_GROUP, ADA, BEN = -4_000_001, 5_000_001, 5_000_002


def test_a_supergroup_numbers_its_messages_by_itself() -> None:
    ids = MessageIds()
    ids.record_foreign(GROUP, 7)
    ids.record_own(OTHER_GROUP, 90)
    assert (ids.highest(GROUP), ids.highest(OTHER_GROUP), ids.highest(ADA)) == (7, 90, 0)


def test_private_chats_and_basic_groups_share_their_numbers() -> None:
    ids = MessageIds()
    ids.record_own(ADA, 120)
    ids.record_foreign(BASIC_GROUP, 115)
    assert [ids.highest(chat) for chat in (ADA, BEN, BASIC_GROUP)] == [120] * 3


def test_only_messages_of_others_are_foreign() -> None:
    ids = MessageIds()
    ids.record_foreign(ADA, 1)
    ids.record_own(ADA, 2)
    assert [ids.is_foreign(chat, message) for chat, message in ((ADA, 1), (ADA, 2), (BEN, 1), (GROUP, 1))] == [
        True,
        False,
        True,
        False,
    ]
