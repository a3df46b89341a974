"""Who administers Easel is whoever the settings name last, for everybody who holds the object."""

from bot.handlers.admins import CurrentAdmins


def test_administrators_are_replaced_for_everybody() -> None:
    admins = CurrentAdmins(("telegram:1",))
    assert "telegram:1" in admins
    admins.replace(["discord:2", "telegram:3"])
    assert "telegram:1" not in admins
    assert list(admins) == ["discord:2", "telegram:3"]
    assert len(admins) == 2
    assert list(CurrentAdmins()) == []
