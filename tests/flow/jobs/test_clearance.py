"""Prompts and pictures that a moderation refuses cost nothing, at no moment, and are told in words."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import select
from structlog.testing import capture_logs

from bot.chat import Action
from bot.errors import EaselError, FlaggedPicture, FlaggedPrompt, Unmoderated
from bot.sandbox import Sandbox
from bot.store import schema
from bot.texts import translate_error
from tests.flow.scenes import books, click
from tests.flow.world import MemoryWorld, world
from tests.servers.upstream.scripted import Call, scripted_upstream
from tests.support.images import png
from tests.support.platform import AMBER, JADE, Platform
from tests.support.website import website


def gate(sandbox: Sandbox, **more: Any) -> dict[str, Any]:
    return {"enabled": True, "base_url": sandbox.address, "api_key": "sandbox", **more}


async def reserved(easel: MemoryWorld) -> list[int]:
    """What each job has ever reserved, in the order of the ledger."""
    query = select(schema.ledger.c.credits).where(schema.ledger.c.kind == "reserve")
    async with easel.store() as store:
        return await store._database.read(lambda conn: list(conn.execute(query).scalars()))  # pyright: ignore[reportPrivateUsage] - no method lists entries


def metric(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


# ---------------------------------------------------------------- refused


async def test_a_prompt_that_is_flagged_is_refused_in_words_and_reserves_nothing(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    before = metric("easel_moderation_refusals_total", category="illicit")
    async with world(tmp_path, sandbox, moderation=gate(sandbox)) as easel:
        with capture_logs() as logs:
            await easel.say("a forbidden fox", sender=JADE)
            [post] = await easel.settled()
        assert post.text == translate_error("zh", FlaggedPrompt(category="illicit"))
        assert post.actions == []
        assert (await reserved(easel), sandbox.requests, await books(easel, JADE)) == ([0], [], (50, 0))
    [told] = [each for each in logs if each["event"] == "refused by moderation"]
    assert (told["category"], told["score"]) == ("illicit", 0.97)
    assert "fox" not in repr(logs)
    assert metric("easel_moderation_refusals_total", category="illicit") == before + 1


async def test_other_words_in_reply_or_by_an_edit_go_on_with_its_pictures(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, moderation=gate(sandbox)) as easel:
        asked = easel.platform.message("make it forbidden", easel.platform.upload(png("blue")))
        await easel.app.events.receive_message(asked)
        [refused] = await easel.settled()
        await easel.say("make it green", reply_to=refused)
        posts = await easel.settled(2)
        assert len(posts[1].images) == 1
        assert [each.prompt for each in sandbox.requests] == ["make it green"]
        assert [len(each.references) for each in sandbox.requests] == [1]
        assert await books(easel) == (49, 0)


async def test_an_edited_message_passes_the_gate_anew(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, moderation=gate(sandbox)) as easel:
        now = easel.clock.now()
        asked = replace(easel.platform.message("a forbidden cat"), sent_at=now)
        await easel.app.events.receive_message(asked)
        await easel.settled()
        for text in ("a naked cat", "a cat"):
            now += timedelta(seconds=5)
            await easel.app.events.receive_message(replace(asked, text=text, edited_at=now))
            await easel.settled()
        posts = easel.platform.posts
        assert posts[-2].text == translate_error("en", FlaggedPrompt(category="sexual"))
        assert len(posts[-1].images) == 1
        assert [each.prompt for each in sandbox.requests] == ["a cat"]
        assert await books(easel) == (49, 0)


@pytest.mark.forms(1)
@pytest.mark.parametrize(("pictures", "number"), [(("red",), 1), (("blue", "red"), 2)])
async def test_a_picture_that_is_flagged_is_refused_by_its_number(
    tmp_path: Path, sandbox: Sandbox, pictures: tuple[str, ...], number: int
) -> None:
    async with world(tmp_path, sandbox, moderation=gate(sandbox)) as easel:
        await easel.say("a hat on it", *(easel.platform.upload(png(each, (900, 500))) for each in pictures))
        [post] = await easel.settled()
        assert post.text == translate_error("en", FlaggedPicture(category="violence", number=number))
        assert (await reserved(easel), sandbox.requests) == ([0], [])
        asked = [each for each in sandbox.moderations if each.pictures]
        assert [len(each.pictures) for each in asked] == [1] * len(pictures)
        assert all(max(each.pictures[0].width, each.pictures[0].height) == 768 for each in asked)
        assert post.actions == []


async def test_the_picture_of_an_address_is_checked_too(tmp_path: Path, sandbox: Sandbox) -> None:
    async with website() as site:
        allowed = {"allow_hosts": [sandbox.address.removeprefix("http://"), site.host]}
        async with world(tmp_path, sandbox, fetch=allowed, moderation=gate(sandbox)) as easel:
            await easel.say(f"/edit with a hat {site.address}/50.png")
            [post] = await easel.settled()
            assert post.text == translate_error("en", FlaggedPicture(category="violence", number=1))
            assert sandbox.requests == []


async def test_what_is_allowed_reserves_paints_and_charges_as_ever(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, moderation=gate(sandbox, pictures=False)) as easel:
        await easel.say("two red cats --n 2", easel.platform.upload(png("red")))
        [post] = await easel.settled()
        assert len(post.images) == 2
        assert [(each.texts, each.pictures) for each in sandbox.moderations] == [(("two red cats",), ())]
        assert (await reserved(easel), await books(easel)) == ([2], (48, 0))


async def test_categories_and_thresholds_are_the_operators(tmp_path: Path, sandbox: Sandbox) -> None:
    mine = gate(sandbox, categories=["sexual"], thresholds={"violence": 0.999})
    async with world(tmp_path, sandbox, moderation=mine) as easel:
        await easel.say("a forbidden brawl")
        [post] = await easel.settled()
        assert len(post.images) == 1


async def test_a_repeated_request_is_not_asked_about_again(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, moderation=gate(sandbox)) as easel:
        await easel.say("a cat")
        [post] = await easel.settled()
        await click(easel, post, Action.RETRY)
        await easel.settled(2)
        await click(easel, post, Action.VARY)
        await easel.settled(3)
        asked = [(each.texts, len(each.pictures)) for each in sandbox.moderations]
        assert asked == [(("a cat",), 0), ((), 1)]
        assert await books(easel) == (47, 0)


# ---------------------------------------------------------------- credits


async def test_who_has_too_few_credits_is_refused_at_once(tmp_path: Path, sandbox: Sandbox) -> None:
    async with world(tmp_path, sandbox, moderation=gate(sandbox), limits={"user_daily": 1}) as easel:
        await easel.say("two cats --n 2")
        [post] = await easel.settled()
        assert sandbox.moderations == []
        assert "1" in post.text


async def test_of_requests_that_are_cleared_at_once_only_so_many_are_painted_as_there_are_credits(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    limits = {"user_daily": 2, "user_concurrent": 5}
    async with world(tmp_path, sandbox, moderation=gate(sandbox), limits=limits) as easel:
        await asyncio.gather(*(easel.say(f"cat {number}") for number in range(4)))
        posts = await easel.settled(4)
        assert sorted(len(post.images) for post in posts) == [0, 0, 1, 1]
        assert await books(easel) == (0, 0)


# ---------------------------------------------------------------- an endpoint that does not answer


async def no_service(call: Call) -> None:
    await call.respond_json({"error": {"message": "bad key sk-gate", "code": "invalid_api_key"}}, status="401 No")


@pytest.mark.parametrize("when", ["refuse", "allow"])
async def test_what_follows_without_an_answer_is_the_operators_choice(
    tmp_path: Path, sandbox: Sandbox, when: str
) -> None:
    async with scripted_upstream(no_service) as broken:
        mine = {"enabled": True, "base_url": broken.url, "api_key": "sk-gate", "when_unavailable": when}
        before = metric("easel_moderation_unavailable_total")
        async with world(tmp_path, sandbox, moderation=mine) as easel:
            with capture_logs() as logs:
                await easel.say("a cat")
                [post] = await easel.settled()
            assert metric("easel_moderation_unavailable_total") == before + 1
            assert "sk-gate" not in repr(logs)
            [told] = [each for each in logs if each["event"] == "moderation did not answer"]
            assert (told["log_level"], told["failure"]) == ("error", "BadCredentials")
            if when == "allow":
                assert (len(post.images), await books(easel)) == (1, (49, 0))
                return
            assert post.text == translate_error("en", Unmoderated())
            assert post.actions == ["retry"]
            assert (await reserved(easel), sandbox.requests, await books(easel)) == ([0], [], (50, 0))


@pytest.mark.parametrize(("named", "refusal"), [([], FlaggedPrompt(category="other")), (["violence"], Unmoderated())])
async def test_a_content_filter_in_front_of_the_endpoint_refuses_as_it_does_unless_reasons_are_named(
    tmp_path: Path, sandbox: Sandbox, named: list[str], refusal: EaselError
) -> None:
    async def filtered(call: Call) -> None:
        error = {"code": "content_filter", "message": "The prompt triggered the content management policy."}
        await call.respond_json({"error": error}, status="400 No")

    async with scripted_upstream(filtered) as endpoint:
        mine = {"enabled": True, "base_url": endpoint.url, "categories": named}
        async with world(tmp_path, sandbox, moderation=mine) as easel:
            await easel.say("a cat")
            [post] = await easel.settled()
            assert post.text == translate_error("en", refusal)
            assert (await reserved(easel), sandbox.requests, await books(easel)) == ([0], [], (50, 0))


@pytest.mark.thorough
async def test_a_picture_that_cannot_be_checked_is_not_painted_either(tmp_path: Path, sandbox: Sandbox) -> None:
    async def reads_words_alone(call: Call) -> None:
        if isinstance(call.json()["input"], str):
            await call.respond_json({"results": [{"flagged": False}]})
        else:
            await call.respond_json({"error": {"message": "input must be a string"}}, status="400 No")

    async with scripted_upstream(reads_words_alone) as endpoint:
        mine = {"enabled": True, "base_url": endpoint.url}
        async with world(tmp_path, sandbox, moderation=mine) as easel:
            await easel.say("a hat", easel.platform.upload(png("blue")), easel.platform.upload(png("green")))
            [post] = await easel.settled()
            assert post.text == translate_error("en", Unmoderated())
            assert (await reserved(easel), sandbox.requests) == ([0], [])


async def test_a_restart_while_it_is_checked_checks_again_and_its_message_was_there_at_once(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    asked = asyncio.Event()

    async def silent(call: Call) -> None:
        asked.set()
        await call.hangup()

    platform = Platform()
    async with scripted_upstream(silent) as endpoint:
        mine = {"enabled": True, "base_url": endpoint.url, "timeout_s": 1000.0}
        async with world(tmp_path, sandbox, platform, moderation=mine) as easel:
            await easel.say("a forbidden cat")
            await easel.say("a dog")
            await asked.wait()
            await platform.until(lambda: len(platform.posts) == 2)
            assert (await reserved(easel), await books(easel)) == ([0, 0], (50, 0))
    async with world(tmp_path, sandbox, platform, moderation=gate(sandbox)) as easel:
        cat, dog = await easel.settled(2)
        assert cat.text == translate_error("en", FlaggedPrompt(category="illicit"))
        assert len(dog.images) == 1
        assert await books(easel) == (49, 0)


async def test_what_was_accepted_unreserved_is_reserved_once_nothing_is_checked_any_more(
    tmp_path: Path, sandbox: Sandbox
) -> None:
    async def silent(call: Call) -> None:
        await call.hangup()

    platform = Platform()
    async with (
        scripted_upstream(silent) as endpoint,
        world(tmp_path, sandbox, platform, moderation={"enabled": True, "base_url": endpoint.url}) as easel,
    ):
        await easel.say("a cat")
        await endpoint.call()
    async with world(tmp_path, sandbox, platform) as easel:
        [cat] = await easel.settled()
        assert len(cat.images) == 1
        assert (await reserved(easel), await books(easel, AMBER)) == ([1], (49, 0))
