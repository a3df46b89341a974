"""Notes of cut texts, as they are stored; what a draft knows of its messages."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.chat import Attachment, Chat, Message, User
from bot.handlers.drafts import CUT_PREFIX, CutNote, Drafts, decode_note, encode_note
from tests.support.clocks import NOON, FakeClock

ADA = User(platform="telegram", id="1", name="Ada")
DIRECT = Chat(platform="telegram", id="1", kind="direct")
GROUP = Chat(platform="telegram", id="-5", kind="group")
CUT = Message(id="1", chat=DIRECT, sender=ADA, text="a long", room=0, sent_at=NOON)
REST = Message(id="2", chat=DIRECT, sender=ADA, text="tail", sent_at=NOON)


class Notes:
    """A storage in memory."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def set_value(self, key: str, value: str) -> None:
        self.kept[key] = value

    async def values_with_prefix(self, prefix: str) -> dict[str, str]:
        return {key: value for key, value in self.kept.items() if key.startswith(prefix)}


async def test_a_note_holds_no_words_and_is_known_to_the_next_process_for_a_day() -> None:
    notes, clock = Notes(), FakeClock()
    drafts = Drafts(notes, clock)
    await drafts.note_cut(drafts.open(CUT))
    [(key, text)] = notes.kept.items()
    assert key.startswith(CUT_PREFIX)
    assert "long" not in text
    assert (decode_note(text).event, decode_note(text).id) == (CUT.event_key, "1")
    for hours, is_known in ((23, True), (2, False)):
        await clock.advance(3600 * hours)
        later = Drafts(notes, clock)
        await later.load()
        assert (later.cut_before(REST) is not None) is is_known
    assert drafts.cut_before(replace(REST, sent_at=NOON + timedelta(minutes=1))) is None
    drafts.drop_user(ADA.key)
    assert drafts.cut_before(REST) is None
    assert drafts.find(CUT) is None


async def test_chatter_in_a_group_is_not_noted() -> None:
    notes = Notes()
    drafts = Drafts(notes, FakeClock())
    await drafts.note_cut(drafts.open(replace(CUT, chat=GROUP)))
    await drafts.note_cut(drafts.open(REST))
    assert notes.kept == {}


@pytest.mark.parametrize("text", ["", "{}", "[1]", "null", '{"event": 1}', "[" * 100_000])
async def test_a_note_that_cannot_be_read_is_left_out(text: str) -> None:
    notes = Notes()
    notes.kept[f"{CUT_PREFIX}{DIRECT.key}:{ADA.key}"] = text
    drafts = Drafts(notes, FakeClock())
    await drafts.load()
    assert drafts.cut_before(REST) is None


def test_a_note_has_a_date_with_a_zone() -> None:
    note = CutNote(event="message:1", id="1", room=0, sent_at="2026-03-14T12:00:00", forwarded=False, replies_to="9")
    with pytest.raises(ValueError, match="zone"):
        decode_note(encode_note(note))


async def test_only_a_newer_and_different_edit_is_news() -> None:
    drafts = Drafts(Notes(), FakeClock())
    draft = drafts.open(REST)
    first, second = (datetime(2026, 3, 14, 12, minute, tzinfo=UTC) for minute in (1, 2))
    assert not draft.has_news(REST)
    assert not draft.has_news(replace(REST, edited_at=first, attachments=REST.attachments))
    edited = replace(REST, text="tails", edited_at=second)
    assert draft.has_news(edited)
    drafts.put(draft, edited)
    assert not draft.has_news(edited)
    assert not draft.has_news(replace(REST, edited_at=first))
    assert not draft.has_news(REST)
    unfolded = replace(edited, attachments=(Attachment(ref="link", media_type=""),))
    assert not draft.has_news(unfolded)
    assert draft.has_news(replace(unfolded, edited_at=second + timedelta(seconds=1)))
    assert draft.has_news(replace(edited, to_me=True))
