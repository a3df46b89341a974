"""What is missing for Easel to run is said before anything begins."""

from adapters.preconditions import missing_secrets
from bot.settings import Settings


def test_whoever_is_to_be_told_must_be_named() -> None:
    nobody = Settings.model_validate({"notifications": {"admins": True}})
    assert missing_secrets(nobody) == [
        "notifications.admins: nobody stands in admins; list whom to tell, such as telegram:123"
    ]
    named = Settings.model_validate({"notifications": {"admins": True}, "admins": ["telegram:1"]})
    assert missing_secrets(named) == []
