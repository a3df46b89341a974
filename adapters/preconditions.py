"""What must be there before anything runs, looked up in the settings alone: no network is asked.

Each function returns one line for each mistake, with its key.
"""

import re

from bot.settings import Playground, Settings

# Forms of tokens, and how they look, without any that works.
TELEGRAM_TOKEN = (r"\d+:[\w-]{30,}", "123456789:AAF…")
DISCORD_TOKEN = (r"[\w-]{18,}\.[\w-]{5,}\.[\w-]{20,}", "MTk4NjIy….Cl2FMQ.ZnCjm1…")


def missing_adapters(settings: Settings) -> list[str]:
    """Why there is nothing for `easel run` to run, one line each; empty when there is something."""
    tokens = (settings.discord.token, settings.telegram.token)
    if settings.playground.enabled or any(token is not None for token in tokens):
        return []
    return ["discord.token, telegram.token, playground.enabled: none is set, so that there is nothing to run"]


def painting_problems(settings: Settings) -> list[str]:
    """Why nobody would paint, one line each; empty where somebody does."""
    if settings.jobs.concurrency or not settings.database_url.startswith("sqlite"):
        return []
    return ["jobs.concurrency: 0 leaves painting to other processes, which need PostgreSQL (database_url)"]


def worker_problems(settings: Settings) -> list[str]:
    """Why `easel worker` has nothing to do, one line each; empty where it has."""
    problems = missing_adapters(settings.model_copy(update={"playground": Playground()}))
    if settings.database_url.startswith("sqlite"):
        problems.append("database_url: easel worker takes jobs from other processes, which needs PostgreSQL")
    if not settings.jobs.concurrency:
        problems.append("jobs.concurrency: 0 leaves a worker nothing to do")
    return problems


def missing_secrets(settings: Settings) -> list[str]:
    """Keys, tokens and names that are missing or of no possible form, one line each: known before any network is asked.
    Keys and tokens only for the platforms' and upstreams' own addresses; others may want none."""
    problems = notification_problems(settings) + [
        f"providers.{at}.api_key: {each.preset} needs one"
        for at, each in enumerate(settings.providers)
        if each.api_key is None and each.base_url is None and not each.wire and each.preset not in (None, "sandbox")
    ]
    for name, table, form in (
        ("discord", settings.discord, DISCORD_TOKEN),
        ("telegram", settings.telegram, TELEGRAM_TOKEN),
    ):
        is_theirs = table.api_base == type(table).model_fields["api_base"].default
        if is_theirs and table.token is not None and re.fullmatch(form[0], table.token.get_secret_value()) is None:
            problems.append(f"{name}.token: is no bot token, which looks like {form[1]}")
    return problems


def notification_problems(settings: Settings) -> list[str]:
    """Why nobody would be told, one line each; empty where somebody is, or nobody is to be."""
    if settings.notifications.admins and not settings.admins:
        return ["notifications.admins: nobody stands in admins; list whom to tell, such as telegram:123"]
    return []
