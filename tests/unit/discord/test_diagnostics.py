"""What the developer portal's record of the bot means to the operator."""

from adapters.discord.diagnostics import describe_application


def test_the_application_is_described() -> None:
    bot = describe_application(
        {"id": "5", "name": "Easel", "flags": 1 << 19, "integration_types_config": {"1": {}}}, message_content=True
    )
    assert (bot.name, bot.notes, bot.problems) == ("Easel", (), ())
    bot = describe_application({"id": "5", "bot": {"username": "easel"}}, message_content=True)
    assert bot.name == "easel"
    assert len(bot.notes) == len(bot.problems) == 1
    assert describe_application({"id": "5", "name": "Easel"}, message_content=False).problems == ()
