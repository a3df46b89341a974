"""Discord's markup as words."""

import pytest

from adapters.discord.markup import MentionKind, read_markup

NAMES: dict[tuple[MentionKind, int], str] = {
    ("user", 1): "",
    ("user", 2): "@Ada",
    ("role", 3): "@Artists",
    ("channel", 4): "#general",
}


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("a fox", "a fox"),
        ("<@1> a fox for <@2> and <@!2>", "a fox for @Ada and @Ada"),
        ("a poster for <#4> and the <@&3>", "a poster for #general and the @Artists"),
        ("<@9> <@&9> <#9> stay", "<@9> <@&9> <#9> stay"),
        ("a <:fox:123> and <a:owl:456>", "a :fox: and :owl:"),
        ("</imagine:123> a fox", "/imagine a fox"),
        ("</admin ban:123> him", "/admin ban him"),
        ("the sky at <t:1767225600:R>, <t:0>", "the sky at 2026-01-01 00:00 UTC, 1970-01-01 00:00 UTC"),
        ("<t:999999999999> is too far", "<t:999999999999> is too far"),
        ("1 <@ 2 <#x> <t:x> </x> <::>", "1 <@ 2 <#x> <t:x> </x> <::>"),
    ],
)
def test_users_read_it_so(written: str, read: str) -> None:
    assert read_markup(written, lambda kind, number: NAMES.get((kind, number))) == read
