"""Requests that come from a platform's menus and forms: a command chosen, options filled in, a mask; and tiers."""

from collections.abc import Mapping

import pytest

from bot.chat import Attachment, Chat, Message, User
from bot.errors import BadOption, NothingToEdit, UnknownOption, Unsupported
from bot.intake.parser import Command, Paint, Refusal, parse_request
from bot.painting import Capabilities
from bot.quota import QuotaRules

CAPABILITIES = Capabilities(sizes=("1:1", "3:2"), qualities=("low", "high"))
AMBER = User(platform="memory", id="amber", name="Amber")
GROUP = Chat(platform="memory", id="group", kind="group")
PHOTO = Attachment(ref="1", media_type="image/png")


def chosen(
    command: str,
    text: str = "",
    *,
    attachments: tuple[Attachment, ...] = (),
    choices: Mapping[str, str] | None = None,
    mask: Attachment | None = None,
    capabilities: Capabilities = CAPABILITIES,
) -> Paint | Command | Refusal | None:
    message = Message(
        id="1",
        chat=GROUP,
        sender=AMBER,
        text=text,
        command=command,
        attachments=attachments,
        options=choices or {},
        mask=mask,
    )
    return parse_request(message, capabilities)


def test_a_chosen_command_needs_no_slash_and_its_prompt_is_taken_as_it_is() -> None:
    paint = chosen("imagine", "/help me")
    assert isinstance(paint, Paint)
    assert paint.prompt == "/help me"


def test_a_chosen_text_command_has_its_arguments() -> None:
    assert chosen("admin", "grant memory:amber 5") == Command(
        name="admin", args=("grant", "memory:amber", "5"), text="grant memory:amber 5"
    )


def test_options_of_a_form_are_read_and_typed_ones_win() -> None:
    paint = chosen("imagine", "a fox --quality low", choices={"size": "3:2", "quality": "high", "n": "2"})
    assert isinstance(paint, Paint)
    assert (paint.prompt, paint.options.size, paint.options.quality, paint.options.n) == ("a fox", "3:2", "low", 2)


def test_an_illegal_option_of_a_form_is_refused() -> None:
    assert isinstance(chosen("imagine", "a fox", choices={"size": "huge"}), BadOption)
    assert isinstance(chosen("imagine", "a fox", choices={"size": "3:2"}, capabilities=Capabilities()), UnknownOption)


def test_a_mask_is_refused_only_where_nobody_takes_one_or_can_be_shown_it_on_a_copy() -> None:
    none = Capabilities(max_references=1)
    assert isinstance(chosen("edit", "a hat", attachments=(PHOTO,), mask=PHOTO, capabilities=none), Unsupported)
    for able in (Capabilities(max_references=2), Capabilities(supports_masks=True, max_references=1)):
        assert isinstance(chosen("edit", "a hat", attachments=(PHOTO,), mask=PHOTO, capabilities=able), Paint)


def test_edit_needs_a_picture() -> None:
    assert isinstance(chosen("edit", "a hat"), NothingToEdit)


@pytest.mark.parametrize(
    ("tiers", "daily"),
    [
        ((), 50),
        (("discord:role:1",), 70),
        (("discord:role:1", "discord:booster"), 90),
        (("discord:role:2",), 50),  # fewer than everybody has
        (("discord:role:9",), 50),
    ],
)
def test_the_best_tier_gives_the_days_credits(tiers: tuple[str, ...], daily: int) -> None:
    rules = QuotaRules(
        user_daily=50,
        chat_daily=None,
        user_concurrent=1,
        user_waiting=1,
        roles={"1": 70, "2": 10, "discord:booster": 90},
    )
    assert rules.daily_allowance(User(platform="discord", id="1", name="Ada", roles=tiers)) == daily
