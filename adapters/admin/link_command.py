"""`easel admin-link`: a link into the admin page, made beside a running Easel, in the database that both use.

Whoever may run commands where Easel runs may sign in as any of its admins.
"""

from bot.administration.sign_in import AdminSignIn, link_address, server_address
from bot.errors import SettingsWrong
from bot.runtime.clock import SystemClock
from bot.settings import Settings
from bot.store.maintenance import missing_file
from bot.store.store import Store


async def make_link(settings: Settings, user_key: str | None) -> str:
    """The address that signs an admin in. `user_key`: which of `admins`; None: the only one.

    Raises SettingsWrong where there is no such page, no such admin or no database, and StoreFailed.
    """
    if problems := [*_page_problems(settings), *_admin_problems(settings, user_key)]:
        raise SettingsWrong(problems)
    if (missing := await missing_file(settings.database_url)) is not None:
        raise SettingsWrong([f"database_url: {missing} does not exist yet; easel run makes it"])
    clock = SystemClock()
    store = await Store.open(settings.database_url, clock=clock, migrate=False)
    try:
        sign_in = AdminSignIn(store.admin_sessions, clock, settings.admins)
        token = await sign_in.make_link(user_key or settings.admins[0])
    finally:
        await store.close()
    server = settings.server
    host = f"[{server.host}]" if ":" in server.host else server.host
    return link_address(server_address(server.public_url, f"http://{host}:{server.port}"), token)


def _page_problems(settings: Settings) -> list[str]:
    """Why nobody knows an address to lead to."""
    if not settings.admin_page.enabled:
        return ["admin_page.enabled: is false, so that there is no page to sign in to"]
    if settings.server.public_url is None and settings.server.port == 0:
        return ["server.port: 0 is any free port, which only the running Easel knows; ask the bot for /admin link"]
    return []


def _admin_problems(settings: Settings, user_key: str | None) -> list[str]:
    listed = ", ".join(settings.admins)
    if user_key is not None and user_key not in settings.admins:
        return [f"admins: {user_key} is not one of them ({listed or 'there are none'})"]
    if user_key is None and len(settings.admins) != 1:
        return [f"admins: say whom the link is for: {listed}" if listed else "admins: there are none"]
    return []
