"""What admins and users type into options."""

from adapters.discord.commands import matching_sizes, parse_user_argument
from bot.prices import PriceRange


def test_admins_name_users_by_mention_id_or_key() -> None:
    assert parse_user_argument("<@123>") == parse_user_argument("<@!123>") == "discord:123"
    assert parse_user_argument("123456789012345678") == "discord:123456789012345678"
    assert parse_user_argument(" telegram:5 ") == "telegram:5"


def test_sizes_that_contain_what_is_typed_are_offered() -> None:
    sizes = ["1:1", "3:2", "1536x1024"]
    assert [choice.value for choice in matching_sizes("3", sizes, {}, "en")] == ["3:2", "1536x1024"]
    assert [choice.value for choice in matching_sizes("1536×1", sizes, {}, "en")] == ["1536x1024"]
    assert [choice.value for choice in matching_sizes("cat", sizes, {}, "en")] == sizes


def test_sizes_with_a_price_of_their_own_show_it_in_the_members_language() -> None:
    prices = {"4K": PriceRange(least=2, most=32)}
    [plain, dear] = matching_sizes("", ["3:2", "4K"], prices, "ru")
    assert [(each.name, each.value) for each in (plain, dear)] == [("3:2", "3:2"), ("4K (2–32 кредита)", "4K")]
