"""The admin page in Chromium: signing in, by keyboard, changes that are asked about first, looks, behind a proxy."""

import re
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager

import pytest
import pytest_asyncio
from aiohttp import ClientSession, web
from playwright.async_api import Browser, Locator, Page, ViewportSize, expect

from bot.sandbox import Sandbox
from tests.browser.admin_page import FIRST_JOB, MEMBER, PAGES, administered, go, link_to, shown, signed_in
from tests.browser.conftest import VIEWPORT, page_at
from tests.browser.test_keyboard import Inspection
from tests.support import PROJECT
from tests.support.world import World

pytestmark = pytest.mark.asyncio(loop_scope="module")  # of the browser

JOBS = 260  # six pages of a list
NARROW = ViewportSize(width=360, height=740)
TLS = PROJECT / "tests/wire/providers/http/tls"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def easel(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """One for all tests of this module."""
    async with Sandbox(pace=0) as sandbox:
        made = administered(tmp_path_factory.mktemp("admin"), sandbox, jobs=JOBS)
        async with made.served():
            yield made


def heading(page: Page) -> Locator:
    return page.get_by_role("heading", level=1)


# ---------------------------------------------------------------- signing in


async def test_a_link_signs_in_once_by_a_press_of_a_key(browser: Browser, easel: World) -> None:
    link = await link_to(easel)
    async with page_at(browser, link, ready="h1", allows="403") as page:
        await expect(page.get_by_role("button", name="Sign in")).to_be_focused()
        await page.keyboard.press("Enter")
        await expect(heading(page)).to_have_text("Now")
        await expect(heading(page)).to_be_focused()
        assert "link=" not in page.url
        await expect(page.locator(".account summary")).to_have_text("Signed in as playground:amber")
        await page.reload()
        await expect(heading(page)).to_have_text("Now")
        async with page_at(browser, link, ready="h1", allows="403") as other:
            await other.get_by_role("button", name="Sign in").click()
            await expect(heading(other)).to_have_text("This does not work")
            await expect(other.locator("main")).to_contain_text("was used already")
        await page.locator(".account summary").press("Enter")
        await page.get_by_role("button", name="Sign out", exact=True).click()
        await expect(heading(page)).to_have_text("Signed out")
        await page.reload()
        await expect(heading(page)).to_have_text("Sign in to Easel")


@pytest.mark.thorough
async def test_signing_out_everywhere_reaches_other_browsers(browser: Browser, easel: World) -> None:
    async with signed_in(browser, easel) as here, signed_in(browser, easel, allows="401") as there:
        await here.locator(".account summary").click()
        await here.get_by_role("button", name="Sign out everywhere").click()
        await expect(heading(here)).to_have_text("Signed out")
        await there.get_by_role("link", name="Jobs").click()
        await expect(heading(there)).to_have_text("Signed out")


# ---------------------------------------------------------------- by keyboard


async def test_a_list_is_walked_by_keyboard_alone(browser: Browser, easel: World) -> None:
    async with signed_in(browser, easel) as page:
        await page.get_by_role("link", name="Skip to the content").press("Enter")
        await expect(heading(page)).to_be_focused()
        await page.get_by_role("link", name="Jobs").focus()
        await page.keyboard.press("Enter")
        await expect(heading(page)).to_have_text("Jobs")
        await expect(heading(page)).to_be_focused()
        assert await page.title() == "Jobs · Easel"
        await expect(page.get_by_role("link", name="Jobs")).to_have_attribute("aria-current", "page")
        await page.get_by_role("link", name="Took").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("columnheader", name="Took")).to_have_attribute("aria-sort", "descending")
        took = await page.locator('td[data-head="Took"]').all_inner_texts()
        assert took[0] == "1 min 37 s"
        await page.get_by_role("link", name="Next page").focus()
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("link", name="First page")).to_be_visible()
        await page.go_back()
        await expect(page.locator('td[data-head="Took"]').first).to_have_text(took[0])
        await page.get_by_label("Id contains").fill("J00000000012")
        await page.keyboard.press("Enter")
        await expect(page.locator("tbody tr")).to_have_count(1)
        await page.get_by_role("link", name="j00000000012").focus()
        await page.keyboard.press("Enter")
        await expect(heading(page)).to_have_text("Job j00000000012")
        await expect(page.locator("blockquote")).to_have_text("a lighthouse at dusk, number 12")


async def test_what_refreshes_by_itself_leaves_focus_and_opened_things(browser: Browser, easel: World) -> None:
    async with signed_in(browser, easel) as page:
        await page.clock.install()
        await go(page, "jobs")
        await go(page, "now")
        pause = page.locator('[data-action="pause-provider"]')
        await pause.focus()
        marked = await pause.evaluate_handle("each => { each.mark = 1; return each; }")
        for _ in range(2):
            async with page.expect_response(re.compile(r"/api/now$")) as asked:
                await page.clock.fast_forward(3000)
            assert (await (await asked.value).request.all_headers())["x-easel-refresh"] == "1"
        await shown(page)
        await expect(pause).to_be_focused()
        assert await pause.evaluate("(each, before) => each === before && each.mark === 1", marked)


@pytest.mark.thorough
async def test_a_server_that_is_away_is_said_until_it_is_back(browser: Browser, easel: World) -> None:
    async with signed_in(browser, easel, allows="Failed to load") as page:
        await page.clock.install()
        await go(page, "jobs")
        await go(page, "now")
        await page.route("**/api/now", lambda route: route.abort())
        await page.clock.fast_forward(3000)
        await expect(page.locator("#notice")).to_have_text(
            "Easel does not answer; is it running? What is shown is as it was."
        )
        await expect(heading(page)).to_have_text("Now")
        await page.unroute("**/api/now")
        await page.clock.fast_forward(5000)
        await expect(page.locator("#notice")).to_be_empty()


# ---------------------------------------------------------------- changes


async def test_the_bot_is_paused_with_words_and_resumed(browser: Browser, easel: World) -> None:
    async with signed_in(browser, easel) as page:
        await page.get_by_role("button", name="Pause Easel…").click()
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_be_hidden()
        await expect(page.get_by_role("button", name="Pause Easel…")).to_be_focused()
        await page.keyboard.press("Enter")
        await page.get_by_label("What members are told").fill("Back at <b>noon</b>")
        await page.get_by_role("dialog").get_by_role("button", name="Pause").click()
        await expect(page.locator(".banner-box")).to_contain_text("Members read: “Back at <b>noon</b>”")
        await expect(page.locator("#notice")).to_have_text("Easel is paused.")
        await page.get_by_role("button", name="Resume Easel").click()
        await page.get_by_role("dialog").get_by_role("button", name="Resume").click()
        await expect(page.locator(".banner-box")).to_be_hidden()
        await go(page, "audit")
        actions = await page.locator('td[data-head="Did"]').all_inner_texts()
        assert actions[:2] == ["Resume bot", "Pause bot"]
        assert (await page.locator('td[data-head="Who"]').all_inner_texts())[0] == "playground:amber"


@pytest.mark.thorough
async def test_a_provider_is_paused_and_resumed(browser: Browser, easel: World) -> None:
    async with signed_in(browser, easel) as page:
        await page.locator('[data-action="pause-provider"]').click()
        await page.get_by_role("dialog").get_by_role("button", name="Pause").click()
        await expect(page.locator(".badge")).to_have_text("paused")
        await page.locator('[data-action="resume-provider"]').click()
        await page.get_by_role("dialog").get_by_role("button", name="Resume").click()
        await expect(page.locator(".badge")).to_have_text("in order")


async def test_a_member_gets_credits_once_they_are_confirmed(browser: Browser, easel: World) -> None:
    async with signed_in(browser, easel) as page:
        await go(page, f"member?key={MEMBER}")
        available = page.locator(".figure", has_text="Available").locator("dd")
        before = int(await available.inner_text())
        await page.get_by_role("button", name="Grant credits…").click()
        await page.get_by_role("spinbutton", name="Credits").fill("7")
        await page.get_by_role("button", name="Keep as it is").click()
        await expect(available).to_have_text(str(before))
        await page.get_by_role("button", name="Grant credits…").click()
        await page.get_by_role("spinbutton", name="Credits").fill("7")
        await page.keyboard.press("Enter")
        await expect(available).to_have_text(str(before + 7))
        await page.get_by_role("button", name="Ban…").click()
        await page.get_by_role("dialog").get_by_role("button", name="Ban").click()
        await expect(page.locator(".title-row .badge")).to_have_text("banned")
        await go(page, "members?sort=charged")
        for _ in range(2):  # the highest come first, however often it is asked for
            await page.get_by_role("link", name="Failed").click()
            await expect(page.get_by_role("columnheader", name="Failed")).to_have_attribute("aria-sort", "descending")
        await page.get_by_label("Member", exact=True).fill(MEMBER)
        await page.keyboard.press("Enter")
        await expect(heading(page)).to_have_text("Member 0")
        await page.get_by_role("link", name="What was changed about them").click()
        await expect(page.locator('td[data-head="Did"]')).to_have_text(["Ban", "Grant"])
        await go(page, f"member?key={MEMBER}")
        await page.get_by_role("button", name="Lift the ban").click()
        await page.get_by_role("dialog").get_by_role("button", name="Lift the ban").click()
        await expect(page.get_by_role("button", name="Ban…")).to_be_visible()


# ---------------------------------------------------------------- how it looks, and who cannot see it


@pytest.mark.parametrize(
    ("is_phone", "addresses"),
    [
        pytest.param(False, (), id="wide"),
        pytest.param(False, (*PAGES, "jobs?id=nothing"), marks=pytest.mark.thorough, id="all"),
        pytest.param(True, PAGES, marks=pytest.mark.thorough, id="phone"),
    ],
)
@pytest.mark.thorough
async def test_axe_finds_nothing_on_any_page(
    browser: Browser, easel: World, is_phone: bool, addresses: tuple[str, ...]
) -> None:
    viewport = NARROW if is_phone else VIEWPORT
    async with signed_in(browser, easel, viewport=viewport) as page:
        inspection = Inspection(page, is_phone=False)
        for address in ("now", "statistics", "jobs", f"job?id={FIRST_JOB}", f"member?key={MEMBER}", *addresses):
            await go(page, address)
            for summary in await page.locator(".as-table summary").all():
                await summary.click()
            await page.set_viewport_size(NARROW)
            assert await page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"], address
            await page.set_viewport_size(viewport)
            await inspection.look(address)
        await go(page, "now")
        await page.get_by_role("button", name="Pause Easel…").click()
        await inspection.look("a dialog")
        await page.keyboard.press("Escape")
    assert not inspection.found


async def test_what_cannot_be_shown_is_said(browser: Browser, easel: World) -> None:
    async with signed_in(browser, easel, allows="40") as page:
        await go(page, "job?id=nothing")
        await expect(page.locator("main")).to_contain_text("There is no job with this id")
        await go(page, "jobs?state=lost")
        await expect(page.locator("main")).to_contain_text("state is one of waiting, running")
        await go(page, "jobs?after=nonsense")
        await expect(page.locator("main")).to_contain_text("begin with its first page")
        await go(page, "set-aside")
        await expect(page.locator("main")).to_contain_text("Nothing is set aside")


async def test_charts_are_drawn_and_are_tables_too(browser: Browser, easel: World) -> None:
    async with signed_in(browser, easel) as page:
        await go(page, "statistics?days=7")
        await expect(page.locator("figure.chart canvas")).to_have_count(3)
        await page.locator(".as-table summary").first.press("Enter")
        days = page.locator("figure.chart").first.locator("tbody tr")
        await expect(days).to_have_count(7)
        sums = [int(each) for each in await days.locator("td.number").all_inner_texts()]
        await expect(page.locator(".readout").first).to_have_text(f"{sum(sums)} pictures in all")
        await expect(page.get_by_role("table", name="Failures by class and provider")).to_be_visible()


# ---------------------------------------------------------------- behind a proxy


@asynccontextmanager
async def proxy(upstream: dict[str, str]) -> AsyncGenerator[str]:
    """HTTPS on localhost that passes what is below /easel on, without that path; yields its address."""
    async with ClientSession(auto_decompress=False) as http:

        async def forward(request: web.Request) -> web.Response:
            target = f"{upstream['address']}/{request.match_info['rest']}"
            headers = {key: value for key, value in request.headers.items() if key != "Host"}
            sent = await request.read()
            async with http.request(
                request.method, target, params=request.query, headers=headers, data=sent, allow_redirects=False
            ) as answer:
                kept = [
                    each for each in answer.headers.items() if each[0] not in ("Transfer-Encoding", "Content-Length")
                ]
                response = web.Response(status=answer.status, body=await answer.read())
                response.headers.clear()
                for name, value in kept:
                    response.headers.add(name, value)
                return response

        app = web.Application()
        app.router.add_route("*", "/easel/{rest:.*}", forward)
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(TLS / "localhost.pem", TLS / "localhost.key")
        runner = web.AppRunner(app)
        await runner.setup()
        site = web.TCPSite(runner, "localhost", 0, ssl_context=context)
        await site.start()
        try:
            yield f"https://localhost:{runner.addresses[0][1]}/easel"
        finally:
            await runner.cleanup()


async def test_the_page_works_below_a_path_of_a_proxy(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    upstream: dict[str, str] = {}
    async with Sandbox(pace=0) as sandbox, proxy(upstream) as public_url:
        made = administered(tmp_path_factory.mktemp("proxy"), sandbox, jobs=3)
        async with made.served(server={"port": 0, "public_url": public_url}) as address:
            upstream["address"] = address
            async with signed_in(browser, made, base=public_url, ignore_https_errors=True) as page:
                [cookie] = await page.context.cookies()
                assert (cookie.get("name"), cookie.get("path")) == ("__Secure-easel-admin", "/easel/admin")
                assert cookie.get("secure")
                assert cookie.get("httpOnly")
                assert cookie.get("sameSite") == "Strict"
                await page.reload()
                await expect(heading(page)).to_have_text("Now")
                await page.get_by_role("link", name="Jobs").click()
                await expect(page.locator("tbody tr")).to_have_count(3)
                async with page.expect_download() as begun:
                    await page.get_by_role("link", name="Export as CSV").click()
                file = await begun.value
                assert file.suggested_filename.startswith("easel-jobs-")
                text = (await file.path()).read_text("utf-8-sig")
                assert len(text.splitlines()) == 4
                await page.locator(".account summary").click()
                await page.get_by_role("button", name="Sign out", exact=True).click()
                await expect(heading(page)).to_have_text("Signed out")
                assert not await page.context.cookies()


# ---------------------------------------------------------------- many jobs


@pytest.mark.thorough
async def test_each_page_opens_with_a_hundred_thousand_jobs(
    browser: Browser, tmp_path_factory: pytest.TempPathFactory
) -> None:
    async with Sandbox(pace=0) as sandbox:
        made = administered(tmp_path_factory.mktemp("many"), sandbox, jobs=100_000)
        async with made.served(), signed_in(browser, made) as page:
            for address in (
                *PAGES,
                "statistics?days=365",
                f"job?id={FIRST_JOB}",
                f"member?key={MEMBER}",
                "jobs?id=099999",
            ):
                await go(page, address)
                await expect(page.locator("main .problem-text")).to_have_count(0)
                await expect(heading(page)).not_to_be_empty()
            await expect(page.locator("tbody tr")).to_have_count(1)
