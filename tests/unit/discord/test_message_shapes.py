"""Messages of Discord that lack fields, or hold odd ones."""

from typing import Any

import pytest

from adapters.discord.message_shapes import MeaningUnreadable, complete_message, is_partial_update, salvage_message

PLAIN: dict[str, Any] = {
    "id": "1",
    "channel_id": "2",
    "type": 0,
    "content": "a fox",
    "flags": 0,
    "attachments": [],
    "embeds": [],
    "mentions": [],
    "mention_roles": [],
    "components": [],
    "edited_timestamp": None,
    "timestamp": "2026-01-01T00:00:00+00:00",
    "author": {"id": "3", "username": "ada", "discriminator": "0", "avatar": None},
}


def test_a_whole_message_stays_as_it_is() -> None:
    reference = {"type": 0, "channel_id": "2", "message_id": "1"}
    whole = {**PLAIN, "guild_id": "4", "referenced_message": PLAIN, "message_reference": reference}
    whole["message_snapshots"] = [{"message": PLAIN}]
    assert complete_message(whole) == whole


@pytest.mark.parametrize("odd", [None, True, 1.5])
def test_each_field_gets_what_stands_for_an_odd_value(odd: object) -> None:
    for name in ("type", "flags", "embeds", "mentions", "mention_roles", "components", "edited_timestamp"):
        if odd is None or name != "components":
            assert complete_message({**PLAIN, name: odd}) == PLAIN
    for name in ("guild_id", "webhook_id", "member", "message_reference", "thread"):
        assert complete_message({**PLAIN, name: odd}) == PLAIN


def test_what_is_missing_within_is_added() -> None:
    given: dict[str, Any] = {**PLAIN, "author": {"id": "3", "username": None}, "attachments": [{"id": "5"}]}
    completed = complete_message({**PLAIN, "referenced_message": given, "message_snapshots": [{"message": {}}]})
    replied = completed["referenced_message"]
    assert replied["author"] == {"id": "3", "username": "", "discriminator": "0", "avatar": None}
    assert replied["attachments"] == [{"id": "5", "filename": "", "size": 0, "proxy_url": ""}]
    assert completed["message_snapshots"][0]["message"]["content"] == ""


@pytest.mark.parametrize("reference", [None, "x", {}, {"channel_id": None, "type": 0}])
def test_what_is_replied_to_is_known_by_itself(reference: object) -> None:
    completed = complete_message({**PLAIN, "referenced_message": {**PLAIN, "id": "8"}, "message_reference": reference})
    assert completed["message_reference"].items() >= {"channel_id": "2", "message_id": "8"}.items()


@pytest.mark.parametrize("odd", [True, 5, "words", []])
def test_what_is_no_message_is_not_replied_to(odd: object) -> None:
    assert complete_message({**PLAIN, "referenced_message": odd}) == PLAIN


def test_a_deleted_message_that_is_replied_to_stays_known_as_such() -> None:
    assert complete_message({**PLAIN, "referenced_message": None})["referenced_message"] is None


@pytest.mark.parametrize(
    "odd",
    [
        {"content": 5},
        {"attachments": "x"},
        {"sticker_items": {}},
        {"components": 1},
        {"message_snapshots": [5]},
        {"message_snapshots": [{"message": None}]},
        {"referenced_message": {"content": []}},
    ],
)
def test_words_and_pictures_are_never_left_out_in_silence(odd: dict[str, Any]) -> None:
    with pytest.raises(MeaningUnreadable):
        complete_message({**PLAIN, **odd})


def has_no_bad(value: Any) -> bool:
    """Stands for discord.py: reads everything but "bad"."""
    if isinstance(value, dict):
        return all(has_no_bad(each) for each in value.values())  # type: ignore[reportUnknownVariableType]  # JSON
    return all(map(has_no_bad, value)) if isinstance(value, list) else value != "bad"  # type: ignore[reportUnknownArgumentType]  # JSON


def test_what_can_be_read_is_kept() -> None:
    embed = {"type": "image", "url": "a", "thumbnail": {"url": "b"}}
    odd: dict[str, Any] = {
        "poll": "bad",
        "mentions": [{"id": "1"}, "bad"],
        "embeds": [{**embed, "timestamp": "bad"}, {"image": "bad"}, "bad"],
        "referenced_message": {**PLAIN, "call": "bad"},
    }
    kept = salvage_message({**PLAIN, **odd}, has_no_bad)
    assert kept == {**PLAIN, "mentions": [{"id": "1"}], "embeds": [embed], "referenced_message": PLAIN}


@pytest.mark.parametrize(
    "odd", [{"author": "bad"}, {"attachments": ["bad"]}, {"referenced_message": {**PLAIN, "sticker_items": ["bad"]}}]
)
def test_a_message_without_its_meaning_is_not_kept(odd: dict[str, Any]) -> None:
    with pytest.raises(MeaningUnreadable):
        salvage_message({**PLAIN, **odd}, has_no_bad)


def test_an_update_without_words_or_author_is_partial() -> None:
    assert not is_partial_update(PLAIN)
    assert not is_partial_update({})
    assert is_partial_update({"id": "1", "embeds": []})
    assert is_partial_update({**PLAIN, "author": None})
