"""Who may write where."""

from adapters.playground import users


def test_users_write_in_the_group_and_in_their_own_chat() -> None:
    assert users.users_in("studio") == ("amber", "jade", "violet")
    assert users.users_in("direct-jade") == ("jade",)
    assert users.users_in("attic") == ()
