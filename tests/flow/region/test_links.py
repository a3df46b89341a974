"""Links to the region page over HTTP: what a good one leads to, once; forged, expired, reused and foreign ones."""

import asyncio
import json
from pathlib import Path

import pytest

from bot.ports import LaunchVerification
from bot.sandbox import Sandbox
from bot.texts import translate
from tests.flow.region.region_page import HALF, Pages, RegionClient, masking, painted, press_region, region_client
from tests.flow.world import MemoryWorld, world
from tests.support.platform import JADE


async def test_a_region_becomes_an_edit_with_a_mask_of_the_exact_size(easel: MemoryWorld, page: RegionClient) -> None:
    result = await painted(easel)
    token, said = await press_region(easel, result)
    assert said == translate("en", "region-how")
    shown = await page.get("page", token)
    assert (shown.status, shown.headers["Cache-Control"]) == (200, "no-store")
    body = await shown.json()
    assert (body["prompt"], body["price"], body["locale"]) == ("", "1 credit", "en")
    assert body["texts"]["region-page-paint"] == translate("en", "region-page-paint")
    picture = await page.get("picture", token)
    assert await picture.read() == result.images[0].data
    assert (picture.content_type, picture.headers["Cache-Control"]) == (result.images[0].media_type, "no-store")
    assert picture.headers["Content-Security-Policy"].startswith("sandbox")
    dearer = await page.post("price", token, json.dumps({"prompt": "a red sail --n 2"}).encode())
    assert (await dearer.json())["price"] == "2 credits"
    answer = await page.paint(token)
    assert (answer.status, (await answer.json())["text"]) == (200, translate("en", "region-accepted"))
    edited = (await easel.settled(2))[-1]
    assert edited.reply_to == result.id
    sent = easel.sandbox.requests[-1]
    assert sent.prompt == "a red sail"
    assert sent.mask is not None
    job = await easel.app.store.get_job(edited.cards[-1].buttons[0].job_id)
    assert job is not None
    assert (job.parent, job.charged) == (result.cards[-1].buttons[0].job_id, 1)


@pytest.mark.thorough
async def test_a_page_that_is_sent_twice_is_one_job_and_then_its_link_is_used(
    easel: MemoryWorld, page: RegionClient
) -> None:
    token, _ = await press_region(easel, await painted(easel))
    answers = await asyncio.gather(*(page.paint(token) for _ in range(3)))
    assert [each.status for each in answers] == [200, 200, 200]
    assert (await page.paint(token, "another one")).status == 200  # the same page, after an answer that was lost
    assert len(await easel.settled(2)) == 2
    assert len(easel.sandbox.requests) == 2
    for path in ("page", "picture"):
        answer = await page.get(path, token)
        assert (answer.status, await answer.json()) == (
            403,
            {"refusal": translate("en", "refusal-region-link-used"), "dead": True},
        )


async def test_a_link_works_after_a_restart_and_not_after_a_quarter_of_an_hour(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    platform = Pages()
    async with world(tmp_path, sandbox, platform, **masking(sandbox)) as easel:
        result = await painted(easel)
        early, _ = await press_region(easel, result)
    async with world(tmp_path, sandbox, platform, **masking(sandbox)) as easel, region_client(easel) as page:
        assert (await page.get("page", early)).status == 200
        late, _ = await press_region(easel, result)
        assert (await page.paint(early)).status == 200
        await easel.settled(2)
        easel.advance_clock(15 * 60)
        for answer in (await page.get("page", late), await page.paint(late)):
            assert (await answer.json())["refusal"] == translate("en", "refusal-region-link-expired")
        assert len(sandbox.requests) == 2


async def test_forged_tokens_and_foreign_pages_do_nothing(easel: MemoryWorld, page: RegionClient) -> None:
    token, _ = await press_region(easel, await painted(easel))
    forged = [token[:-1] + ("A" if token[-1] != "A" else "B"), "", "x" * 62, token[:40], f"{token}x"]
    for each in forged:
        for answer in (await page.get("page", each), await page.get("picture", each), await page.paint(each)):
            assert (answer.status, (await answer.json())["dead"]) == (403, True)
    page.origin = "https://evil.example"
    for answer in (await page.get("page", token), await page.get("picture", token), await page.paint(token)):
        assert answer.status == 403
    assert len(easel.sandbox.requests) == 1


class ProvingPlatform(Pages):
    """A platform that proves who has opened a page."""

    def launched_by(self, launch: str) -> str | None:
        return launch.removeprefix("proof of ") if launch.startswith("proof of ") else None


@pytest.mark.thorough
async def test_somebody_elses_link_does_nothing_where_the_platform_proves_who_opens_it(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    platform = ProvingPlatform()
    assert isinstance(platform, LaunchVerification)
    async with world(tmp_path, sandbox, platform, **masking(sandbox)) as easel, region_client(easel) as page:
        token, _ = await press_region(easel, await painted(easel))
        for page.launch in (None, "proof of jade", "forged"):
            for answer in (await page.get("page", token), await page.get("picture", token), await page.paint(token)):
                assert (await answer.json())["refusal"] == translate("en", "refusal-region-of-other-user")
        page.launch = "proof of amber"
        assert (await page.paint(token)).status == 200
        assert len(await easel.settled(2)) == 2


async def test_only_the_owner_gets_a_link_and_only_where_pages_can_be_opened(easel: MemoryWorld) -> None:
    result = await painted(easel)
    assert (await press_region(easel, result, sender=JADE))[0] == ""
    easel.platform.opens_pages = False
    assert await press_region(easel, result) == ("", translate("en", "refusal-region-unavailable"))


CANNOT: list[tuple[str, tuple[object, ...], str]] = [
    ("a red sail", ({"tool": "eraser", "size": 9, "points": [5, 5]},), "refusal-region-empty"),
    ("a red sail", (HALF, {"tool": "brush", "size": 4000, "points": [500, 500]}), "refusal-region-everything"),
    ("a red sail", ({"tool": "spray"},), "refusal-region-unreadable"),
    ("a red sail", ({"tool": "invert"},) * 2001, "refusal-region-too-detailed"),
    ("", (HALF,), "refusal-pictures-without-prompt"),
    ("--n 1", (HALF,), "refusal-pictures-without-prompt"),
]
ODD_BODIES = [b"", b"{", b"[]", b'{"prompt": 5}', b'{"prompt": "x"}', b"[" * 100_000, b" " * 1_040_000]


async def test_what_cannot_be_painted_is_said_and_costs_nothing_and_the_link_stays_good(
    easel: MemoryWorld, page: RegionClient
) -> None:
    token, _ = await press_region(easel, await painted(easel))
    for prompt, strokes, key in CANNOT:
        answer = await page.paint(token, prompt, *strokes)
        assert (answer.status, await answer.json()) == (422, {"refusal": translate("en", key), "dead": False})
    said = [translate("en", each) for each in ("refusal-region-unreadable", "refusal-region-too-detailed")]
    for body in ODD_BODIES:
        answer = await page.post("paint", token, body)
        assert (answer.status, (await answer.json())["refusal"] in said) == (422, True)
    assert (await page.get("page", token)).status == 200
    assert len(easel.sandbox.requests) == 1


async def test_who_has_no_credits_left_is_told_so_on_the_page(tmp_path: Path, sandbox: Sandbox) -> None:
    async with (
        world(tmp_path, sandbox, Pages(), limits={"user_daily": 1}, **masking(sandbox)) as easel,
        region_client(easel) as page,
    ):
        token, _ = await press_region(easel, await painted(easel))
        answer = await page.paint(token)
        assert answer.status == 422
        assert "0" in (await answer.json())["refusal"]
        assert len(sandbox.requests) == 1


async def test_a_picture_that_is_gone_is_told(easel: MemoryWorld, page: RegionClient) -> None:
    token, _ = await press_region(easel, await painted(easel))
    easel.platform.files.clear()
    for answer in (await page.get("picture", token), await page.paint(token)):
        assert (answer.status, (await answer.json())["dead"]) == (422, False)
    assert len(easel.sandbox.requests) == 1
