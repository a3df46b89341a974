"""Signing in to the admin page over HTTP: links, cookies, what other sites' pages may do, when a session is over."""

from collections.abc import AsyncGenerator

import pytest
import structlog

from adapters.admin.attempts import MAX_FAILURES, WINDOW_S
from adapters.admin.guard import CHANGE_HEADER, REFRESH_HEADER
from bot.administration.sign_in import IDLE_LIMIT, LINK_LIFETIME, SESSION_LIMIT, AdminSignIn
from bot.store.store import Store
from tests.flow.admin.site import BELOW_A_PATH, BOSS, PUBLIC, Site, admin_site
from tests.support.clocks import FakeClock
from tests.support.databases import everything, query

pytestmark = pytest.mark.forms(1)  # of the database's engines


@pytest.fixture
async def site(store: Store, clock: FakeClock) -> AsyncGenerator[Site]:
    async with admin_site(store, clock) as made:
        yield made


# ---------------------------------------------------------------- links


async def test_a_link_signs_in_once_and_says_who(site: Site) -> None:
    link = await site.sign_in.make_link(BOSS)
    browser = site.browser()
    answer = await browser.open_link(link)
    assert (await answer.json())["user"] == BOSS
    assert await browser.user() == BOSS
    other = site.browser()
    again = await other.open_link(link)
    assert again.status == 403
    assert "used already" in (await again.json())["refusal"]
    assert not other.cookies
    assert await browser.user() == BOSS  # whoever has the link later ends no session


async def test_a_forged_link_leads_nowhere(site: Site) -> None:
    browser = site.browser()
    for forged in ("", "x", "ж" * 40, "A" * 43, "A" * 9000, "\0", None, 7, ["A"]):
        assert (await browser.post("sign-in", {"link": forged})).status == 403
    assert await browser.user() is None


async def test_a_link_is_good_for_ten_minutes(site: Site, clock: FakeClock) -> None:
    early, late = await site.sign_in.make_link(BOSS), await site.sign_in.make_link(BOSS)
    await clock.advance(LINK_LIFETIME.total_seconds() - 1)
    assert (await site.browser().open_link(early)).status == 200
    await clock.advance(1)
    assert (await site.browser().open_link(late)).status == 403


async def test_neither_database_nor_log_has_a_token(site: Site, database_url: str) -> None:
    with structlog.testing.capture_logs() as said:
        unused, used = await site.sign_in.make_link(BOSS), await site.sign_in.make_link(BOSS)
        browser = site.browser()
        await browser.open_link(used)
        await browser.get("session")
    [cookie] = browser.cookies.values()

    rows = everything(database_url)
    assert BOSS in rows
    for secret in (unused, used, cookie.value, browser.token):
        assert secret not in rows
        assert secret not in str(said)


async def test_failed_links_make_an_address_wait(site: Site, clock: FakeClock) -> None:
    link = await site.sign_in.make_link(BOSS)
    beside = site.browser(headers={"X-Forwarded-For": "203.0.113.9, 198.51.100.7"})
    stranger = site.browser(headers={"X-Forwarded-For": "8.8.8.8, 203.0.113.9"})
    answers = [(await stranger.open_link("A" * 43)).status for _ in range(MAX_FAILURES + 2)]
    assert answers == [403] * MAX_FAILURES + [429] * 2
    assert (await stranger.open_link(link)).status == 429  # also what would work
    assert (await beside.open_link(link)).status == 200
    await clock.advance(WINDOW_S + 1)
    assert (await stranger.open_link(await site.sign_in.make_link(BOSS))).status == 200


# ---------------------------------------------------------------- cookies


async def test_the_cookie_is_for_this_page_alone(store: Store, clock: FakeClock) -> None:
    for public_url, origin, name, path, secure in (
        (PUBLIC, PUBLIC, "__Host-easel-admin", "/", True),
        (f"{PUBLIC}/", PUBLIC, "__Host-easel-admin", "/", True),
        (BELOW_A_PATH, PUBLIC, "__Secure-easel-admin", "/bot/admin", True),
        (PUBLIC, None, "easel-admin", "/admin", ""),
        (None, None, "easel-admin", "/admin", ""),
    ):
        async with admin_site(store, clock, public_url=public_url) as site:
            browser = await site.signed_in(origin or site.address)
            [(given, cookie)] = browser.cookies.items()
            assert (given, cookie["path"], cookie["secure"]) == (name, path, secure)
            assert cookie["httponly"]
            assert cookie["samesite"] == "Strict"
            assert cookie["domain"] == ""
            assert await browser.user() == BOSS
            assert (await browser.post("sign-out")).status == 200
            assert not browser.cookies


# ---------------------------------------------------------------- the end of a session


async def test_a_session_that_nobody_uses_is_over_after_half_an_hour(site: Site, clock: FakeClock) -> None:
    used, watched = await site.signed_in(), await site.signed_in()
    for _ in range(4):
        await clock.advance(IDLE_LIMIT.total_seconds() / 2)
        assert await used.user() == BOSS
        await watched.get("now", headers={REFRESH_HEADER: "1"})  # the page refreshes by itself, and nobody is there
    assert await watched.user() is None
    await clock.advance(IDLE_LIMIT.total_seconds())
    assert await used.user() is None


async def test_a_clock_that_was_a_month_ahead_leaves_neither_sessions_nor_links_until_then(
    site: Site, clock: FakeClock
) -> None:
    browser, link = await site.signed_in(), await site.sign_in.make_link(BOSS)
    clock.jump(-30)
    assert await browser.user() == BOSS  # a clock that was set right
    clock.jump(-30 * 86_400)
    assert await browser.user() is None
    assert (await site.browser().open_link(link)).status == 403


async def test_no_session_lasts_longer_than_twelve_hours(site: Site, clock: FakeClock) -> None:
    browser = await site.signed_in()
    step = IDLE_LIMIT.total_seconds() - 60
    for _ in range(int(SESSION_LIMIT.total_seconds() // step)):
        await clock.advance(step)
        assert await browser.user() == BOSS
    await clock.advance(step)
    assert await browser.user() is None


async def test_who_signs_out_is_signed_out_here_alone(site: Site) -> None:
    here, there = await site.signed_in(), await site.signed_in()
    copied = dict(here.cookies)
    assert (await here.post("sign-out")).status == 200
    here.cookies = copied  # a copy of the cookie is of no use either
    assert await here.user() is None
    assert await there.user() == BOSS


async def test_who_signs_out_everywhere_spoils_links_too(site: Site) -> None:
    here, there = await site.signed_in(), await site.signed_in()
    link = await site.sign_in.make_link(BOSS)
    assert (await here.post("sign-out-everywhere")).status == 200
    assert await there.user() is None
    assert (await site.browser().open_link(link)).status == 403


async def test_who_is_no_admin_any_more_has_no_session_at_once(store: Store, clock: FakeClock) -> None:
    async with admin_site(store, clock) as site:
        browser, link = await site.signed_in(), await site.sign_in.make_link(BOSS)
    async with admin_site(store, clock, admins=("memory:jade",)) as site:
        browser.http, browser.address = site.http, site.address
        assert (await browser.get("now")).status == 401
        assert (await browser.post("changes/resume-bot")).status == 401
        assert (await site.browser().open_link(link)).status == 403
    async with admin_site(store, clock) as site:  # nor when they are listed again: they ask for a new link
        browser.http, browser.address = site.http, site.address
        assert await browser.user() is None


async def test_processes_share_sessions(store: Store, clock: FakeClock, database_url: str) -> None:
    other = await Store.open(database_url, clock=clock, migrate=False)
    try:
        async with admin_site(store, clock) as site, admin_site(other, clock) as beside:
            browser = site.browser()
            await browser.open_link(await beside.sign_in.make_link(BOSS))
            browser.address = beside.address
            assert await browser.user() == BOSS
            await browser.post("sign-out")
            browser.address = site.address
            assert await browser.user() is None
    finally:
        await other.close()


async def test_expired_links_and_sessions_are_deleted(store: Store, clock: FakeClock, database_url: str) -> None:
    sign_in = AdminSignIn(store.admin_sessions, clock, (BOSS,))
    await sign_in.make_link(BOSS)
    begun = await sign_in.sign_in(await sign_in.make_link(BOSS))
    assert begun is not None
    await clock.advance(IDLE_LIMIT.total_seconds() + 1)
    await sign_in.delete_expired()
    assert not query(database_url, "SELECT 1 FROM admin_link UNION ALL SELECT 1 FROM admin_session")


async def test_who_is_forgotten_is_signed_out(site: Site, store: Store) -> None:
    browser = await site.signed_in()
    await store.deletions.erase_user(BOSS)
    assert await browser.user() is None


# ---------------------------------------------------------------- other sites' pages


FOREIGN: tuple[dict[str, str], ...] = (
    {"Origin": "https://evil.example"},
    {"Origin": "null"},
    {"Origin": "https://easel.example.evil.example"},
    {"Origin": "http://easel.example"},
    {"Origin": PUBLIC, "Sec-Fetch-Site": "cross-site"},
    {"Origin": PUBLIC, "Sec-Fetch-Site": "same-site"},
    {CHANGE_HEADER: ""},
    {CHANGE_HEADER: "0" * 64},
    {CHANGE_HEADER: "ж".encode().decode("latin-1")},
)


async def test_no_other_page_can_change_anything(site: Site) -> None:
    browser = await site.signed_in()
    for headers in FOREIGN:
        for path in ("sign-out", "sign-out-everywhere", "changes/resume-bot"):
            answer = await browser.post(path, headers=headers)
            assert answer.status == 403
    assert await browser.user() == BOSS


async def test_a_change_says_where_it_comes_from(site: Site) -> None:
    browser = await site.signed_in()
    browser.origin = None
    assert (await browser.post("sign-out")).status == 403
    assert (await browser.post("sign-in", {"link": await site.sign_in.make_link(BOSS)})).status == 403


async def test_another_sites_page_reads_nothing(site: Site) -> None:
    browser = await site.signed_in()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert (await browser.get("now", headers=headers)).status == 403


async def test_a_change_is_no_get(site: Site) -> None:
    browser = await site.signed_in()
    for path in ("sign-out", "sign-out-everywhere", "sign-in", "changes/grant", "changes/pause-bot"):
        assert (await browser.get(path)).status == 405


async def test_nobody_sees_anything_without_a_session(site: Site) -> None:
    browser = site.browser()
    for path in (
        "now",
        "statistics",
        "jobs",
        "jobs.csv",
        "job",
        "members",
        "member",
        "chats",
        "set-aside",
        "errors",
        "audit",
    ):
        answer = await browser.get(path)
        assert answer.status == 401
        assert await answer.json() == {"refusal": "You are signed out."}
    assert (await browser.post("changes/pause-bot")).status == 401


async def test_a_request_that_cannot_be_read_is_refused(site: Site) -> None:
    browser = site.browser()
    headers = {"Origin": PUBLIC}
    for body, status in ((b"{", 400), (b"[]", 400), (b"[" * 9000, 400), (b" " * 20_000, 413), (b"\xff", 400)):
        async with site.http.post(f"{site.address}/admin/api/sign-in", data=body, headers=headers) as answer:
            assert answer.status == status
            assert (await answer.json())["refusal"]
    assert await browser.user() is None


# ---------------------------------------------------------------- headers


async def test_nobody_keeps_or_frames_an_answer(site: Site) -> None:
    browser = await site.signed_in()
    page = await site.http.get(f"{site.address}/admin")
    api = [await browser.get("session"), await site.browser().get("now"), await browser.post("sign-out")]
    for answer in (page, *api):
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert "sha256-" in page.headers["Content-Security-Policy"]
    assert all("sandbox" in answer.headers["Content-Security-Policy"] for answer in api)
    assert (await site.http.get(f"{site.address}/admin/")).status == 200
