"""Interactions of Discord that lack fields, or hold odd ones."""

from typing import Any

import pytest

from adapters.discord.interaction_shapes import ALL_PERMISSIONS, FILE_LIMIT, UserUnknown, complete_interaction
from adapters.discord.message_shapes import complete_message

USER: dict[str, Any] = {"id": "3", "username": "ada", "discriminator": "0", "avatar": None}
PLAIN: dict[str, Any] = {
    "id": "1",
    "type": 2,
    "version": 1,
    "locale": "ru",
    "attachment_size_limit": 5,
    "authorizing_integration_owners": {"0": "9"},
    "app_permissions": "7",
    "entitlements": [],
    "channel": {"id": "2"},
    "user": USER,
}


def test_a_whole_interaction_stays_as_it_is() -> None:
    member: dict[str, Any] = {
        "roles": ["1"],
        "joined_at": "2026-01-01T00:00:00+00:00",
        "flags": 1,
        "permissions": "8",
        "user": USER,
    }
    whole: dict[str, Any] = {
        **PLAIN,
        "member": member,
        "data": {"name": "imagine", "resolved": {"attachments": {"5": {}}}},
    }
    assert complete_interaction(whole) == whole


@pytest.mark.parametrize("odd", [None, 1.5])
def test_each_field_gets_what_stands_for_an_odd_value(odd: object) -> None:
    completed = complete_interaction(dict.fromkeys(PLAIN, odd) | {"id": "1", "user": {"id": "3"}})
    assert (completed["locale"], completed["version"], completed["channel"]) == ("en-US", 1, {})
    assert (completed["attachment_size_limit"], completed["app_permissions"]) == (FILE_LIMIT, ALL_PERMISSIONS)
    assert completed["user"]["username"] == ""


def test_a_member_is_completed() -> None:
    given = {**PLAIN, "member": {"roles": None, "user": {"id": "3"}}}
    member = complete_interaction(given)["member"]
    assert (member["roles"], member["permissions"], member["user"]["discriminator"]) == ([], "0", "0")


@pytest.mark.parametrize("odd", [None, "ada", []])
def test_without_a_user_nobody_can_be_answered(odd: object) -> None:
    with pytest.raises(UserUnknown):
        complete_interaction({**PLAIN, "user": odd})


def test_the_messages_within_are_completed_or_stay() -> None:
    messages: dict[str, Any] = {"5": {"id": "5"}, "6": {"content": 6}, "7": "words"}
    given = {**PLAIN, "message": {"id": "4"}, "data": {"resolved": {"messages": messages}}}
    completed = complete_interaction(given)
    assert completed["message"] == complete_message({"id": "4"})
    assert completed["data"]["resolved"]["messages"] == {**messages, "5": complete_message({"id": "5"})}


@pytest.mark.parametrize("data", [None, {"resolved": None}, {"resolved": {"messages": []}}])
def test_data_without_messages_stay(data: object) -> None:
    assert complete_interaction({**PLAIN, "data": data})["data"] == data
