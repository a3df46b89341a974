"""The table of commands: what is offered where, who may give it, and that every entry has its words."""

import pytest

from bot import texts
from bot.intake.commands import COMMANDS, PAINT_COMMANDS, TEXT_COMMANDS, Audience, Menu, in_menu
from bot.texts import LOCALES, translate


def test_paint_and_text_commands_are_all_that_the_core_knows() -> None:
    assert PAINT_COMMANDS == ("imagine", "edit")
    words = "quota history cancel delete model help privacy forget start admin"
    assert tuple(words.split()) == TEXT_COMMANDS
    assert {*COMMANDS} - {*PAINT_COMMANDS, *TEXT_COMMANDS} == {"buy"}


@pytest.mark.parametrize(
    ("menu", "offered"),
    [
        (Menu.DIRECT, "imagine edit quota history cancel delete help privacy forget start"),
        (Menu.GROUP, "imagine edit quota history cancel delete help privacy"),
        (Menu.SLASH, "imagine edit quota history cancel help privacy forget"),
    ],
)
def test_a_menu_offers_its_commands_in_order(menu: Menu, offered: str) -> None:
    assert in_menu(menu) == tuple(offered.split())


def test_a_choice_of_models_is_offered_only_where_there_is_one() -> None:
    for menu in Menu:
        assert set(in_menu(menu, has_models=True)) - set(in_menu(menu)) == {"model"}


def test_blocked_users_may_still_ask_what_is_kept_and_have_it_deleted() -> None:
    assert {spec.name for spec in COMMANDS.values() if spec.audience is Audience.ANYBODY} == {"privacy", "forget"}
    assert {spec.name for spec in COMMANDS.values() if spec.audience is Audience.ADMINS} == {"admin"}


@pytest.mark.parametrize("locale", LOCALES)
def test_every_command_has_a_hint(locale: str) -> None:
    texts.preload_locales()
    for spec in COMMANDS.values():
        assert translate(locale, spec.hint) != spec.hint
    for spec in COMMANDS.values():
        assert not spec.in_help or translate(locale, spec.help_line).startswith(f"/{spec.name}")


def test_a_usage_line_groups_subcommands_with_the_same_arguments() -> None:
    assert COMMANDS["imagine"].usage == "/imagine PROMPT"
    assert COMMANDS["quota"].usage == "/quota"
    assert (
        COMMANDS["admin"].usage
        == "/admin grant|set USER N · ban|unban|unpause USER · refund CHARGE · stats|link · user USER · job ID"
        " · pause [PROVIDER|bot] [WORDS] · resume [PROVIDER] (USER = platform:id)"
    )


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("grant telegram:1 20", "grant"),
        ("SET discord:2 0", "set"),
        ("ban telegram:1", "ban"),
        ("refund XyZ", "refund"),
        ("stats", "stats"),
        ("", None),
        ("dance", None),
        ("grant telegram:1", None),
        ("grant me 20", None),
        ("grant telegram:1 -5", None),
        ("grant telegram:1 lots", None),
        ("ban telegram:", None),
        ("ban 5:5", None),
        ("stats now", None),
        ("user telegram:1", "user"),
        ("user", None),
        ("job abcdefghijkl", "job"),
        ("pause", "pause"),
        ("pause images", "pause"),
        ("pause bot back at noon", "pause"),
        ("resume", "resume"),
        ("resume images now", None),
    ],
)
def test_a_subcommand_is_found_with_all_its_arguments_or_not_at_all(typed: str, found: str | None) -> None:
    subcommand = COMMANDS["admin"].find_subcommand(typed.split())
    assert (subcommand and subcommand.name) == found
