"""Discord in trouble, as a table: what happens to a call, at each step of a job.

For each: what the member sees, what is charged, what the operator reads.
"""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest
from structlog.testing import capture_logs

from adapters.discord.rest import LOGIN_REFUSED
from bot.job import State
from bot.texts import translate
from tests.servers.discord import DiscordServer, Message, Permission
from tests.support.clocks import FastClock
from tests.support.waiting import wait_until
from tests.wire.discord.easel import DiscordWorld, discord_world, done, photo

Route = tuple[str, str]
POST: Route = ("POST", "/channels/{channel_id}/messages")
EDIT: Route = ("PATCH", "/channels/{channel_id}/messages/{message_id}")
CALLBACK: Route = ("POST", "/interactions/{interaction_id}/{interaction_token}/callback")
ORIGINAL: Route = ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/@original")
BY_TOKEN: Route = ("PATCH", "/webhooks/{webhook_id}/{webhook_token}/messages/{message_id}")

SPEED = 20.0  # times as fast as the machine's: pauses before the next try, and rate limits
HALF = b'{"id": "12'
PAGE = b"<html>busy</html>"
ODD = b"{}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """`plan` makes the next calls of a route fail. `tells`: what the operator reads of it."""

    name: str
    plan: Callable[[DiscordServer, str, str], None]
    tells: str | None = "chat did not answer"

    def __str__(self) -> str:
        return self.name


def failing(status: int, times: int = 1) -> Callable[[DiscordServer, str, str], None]:
    return lambda server, method, route: server.faults.fail(method, route, status=status, times=times)


def dropped(when: Literal["before", "after"]) -> Callable[[DiscordServer, str, str], None]:
    return lambda server, method, route: server.faults.drop(method, route, when=when)


def limited(scope: Literal["shared", "global"]) -> Callable[[DiscordServer, str, str], None]:
    return lambda server, method, route: server.faults.limit(method, route, retry_after=0.5, scope=scope)


def garbled(body: bytes) -> Callable[[DiscordServer, str, str], None]:
    return lambda server, method, route: server.faults.garble(method, route, body=body)


TROUBLES = [
    Trouble(name="slow", plan=lambda server, method, route: server.faults.delay(method, route, 0.3), tells=None),
    Trouble(name="500", plan=failing(500)),
    Trouble(name="502 three times", plan=failing(502, times=3)),
    Trouble(name="401 twice", plan=failing(401, times=2)),
    Trouble(name="garbage", plan=garbled(PAGE)),
    Trouble(name="half an answer", plan=garbled(HALF)),
    Trouble(name="an answer about nothing", plan=garbled(ODD)),
    Trouble(name="reset before", plan=dropped("before")),
    Trouble(name="reset after", plan=dropped("after")),
    Trouble(name="429", plan=limited("shared"), tells="chat is busy"),
    Trouble(name="429 for all", plan=limited("global"), tells="chat is busy"),
]
STEPS = {"first post": POST, "edits": EDIT, "first answer": ORIGINAL, "edits by token": BY_TOKEN}


def ask(world: DiscordWorld, route: Route) -> None:
    """Sends the request whose job takes that route."""
    if route in (POST, EDIT):
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
    else:
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a red fox"})


@pytest.mark.forms(12)
@pytest.mark.parametrize("trouble", TROUBLES, ids=str)
@pytest.mark.parametrize("route", STEPS.values(), ids=STEPS)
async def test_each_fault_leaves_one_picture_charged_once(tmp_path: Path, route: Route, trouble: Trouble) -> None:
    async with discord_world(tmp_path, clock=FastClock(SPEED)) as world, world.gallery() as upstream:
        with capture_logs() as logs:
            async with world.easel() as easel:
                trouble.plan(world.server, *route)
                ask(world, route)
                await upstream.fetched.wait()
                await world.wait_for_reply()
                upstream.open.set()
                picture = await world.wait_for_picture()
                balance = await easel.app.store.balance(f"discord:{world.ada.id}", 50)
        assert world.server.calls(*route)
        assert not world.server.faults.planned  # it was met
        assert (balance.available, balance.reserved) == (49, 0)
        assert world.bot_messages() == [picture]  # Discord knows a post by its nonce, so that none stands twice
        assert len(picture.attachments) == 1
        assert upstream.asked == 1
        heard = [each["event"] for each in logs if each["log_level"] in ("warning", "error")]
        assert "call failed" not in heard  # no bug of ours
        assert trouble.tells is None or trouble.tells in {each["event"] for each in logs}


async def test_a_token_that_is_not_accepted_any_more_shows(tmp_path: Path) -> None:
    async with discord_world(tmp_path, clock=FastClock(SPEED)) as world, world.easel() as easel:
        world.server.faults.fail(*POST, status=401, times=1000)
        ask(world, POST)

        async def says(problem: str | None) -> bool:
            return await easel.discord.problem() == problem

        await wait_until(lambda: says(LOGIN_REFUSED))
        world.server.faults.planned.clear()
        await world.wait_for_picture()
        await wait_until(lambda: says(None))


# ---------------------------------------------------------------- what lasts


@dataclass(frozen=True, slots=True, kw_only=True)
class Closed:
    """A world that is closed to the bot while it paints. `where`: the request came by; `close` closes; `shows`: what
    the member sees in the end, None: nothing, since nothing can be shown; `logs`: what the operator reads."""

    name: str
    where: Literal["message", "command", "direct"] = "message"
    close: Callable[[DiscordWorld, Message], None]
    shows: str | None
    logs: str | None

    def __str__(self) -> str:
        return self.name


def denied(permission: Permission) -> Callable[[DiscordWorld, Message], None]:
    def close(world: DiscordWorld, _: Message) -> None:
        world.channel.denied = permission

    return close


def kicked(world: DiscordWorld, _: Message) -> None:
    world.server.kick(world.guild)


def deleted(world: DiscordWorld, message: Message) -> None:
    world.server.delete(message)


def blocked(world: DiscordWorld, message: Message) -> None:
    """The user has closed the conversation: existing messages can be edited, new ones cannot be posted."""
    world.ada.dms_open = False
    message.deleted = True


UNSEEN = "discord does not let the bot write there"
CLOSED = [
    Closed(name="no view", close=denied(Permission.VIEW_CHANNEL), shows=None, logs=UNSEEN),
    Closed(name="no files", close=denied(Permission.ATTACH_FILES), shows="failed-undelivered", logs=UNSEEN),
    Closed(name="kicked", close=kicked, shows=None, logs=UNSEEN),
    Closed(name="deleted", close=deleted, shows=None, logs=None),
    Closed(name="deleted answer", where="command", close=deleted, shows=None, logs=None),
    Closed(name="blocked", where="direct", close=blocked, shows=None, logs=UNSEEN),
]


@pytest.mark.forms(1)
@pytest.mark.parametrize("closed", CLOSED, ids=str)
async def test_a_job_is_not_charged_when_its_channel_is_closed(tmp_path: Path, closed: Closed) -> None:
    async with discord_world(tmp_path, clock=FastClock(SPEED)) as world, world.gallery() as upstream:
        channel = world.server.world.open_dm(world.ada) if closed.where == "direct" else world.channel
        with capture_logs() as logs:
            async with world.easel() as easel:
                if closed.where == "command":
                    world.server.slash(world.ada, channel, "imagine", {"prompt": "a red fox"})
                else:
                    world.server.say(world.ada, channel, f"{world.bot_mention} a red fox")
                status = await world.wait_for_reply(channel)
                await upstream.fetched.wait()
                closed.close(world, status)
                if closed.logs is not None:
                    upstream.open.set()
                await world.wait_until_settled()
                [job] = await easel.app.store.history(f"discord:{world.ada.id}")
                balance = await easel.app.store.balance(f"discord:{world.ada.id}", 50)
        assert (balance.available, balance.reserved, job.charged) == (50, 0, 0)
        assert job.state in ((State.CANCELLED,) if closed.logs is None else (State.FAILED, State.CANCELLED))
        assert not any(one.attachments for one in channel.messages if one.author is world.server.world.bot)
        if closed.shows is not None and job.state is State.FAILED:
            assert status.content == translate("en", closed.shows)
        heard = {each["event"] for each in logs}
        left = job.state is State.CANCELLED and status.deleted  # told as a deletion: nothing for the operator to mend
        assert closed.logs is None or left or closed.logs in heard
        # what shows first that the world is closed, a line of progress or the picture, is for the clock to say
        assert job.state is State.CANCELLED or "pictures could not be delivered" in heard
        assert "call failed" not in heard


async def test_repeated_and_reordered_events_are_one_job_each(tmp_path: Path) -> None:
    async with discord_world(tmp_path, clock=FastClock(SPEED)) as world, world.easel() as easel:
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a fox")
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a dog")
        world.server.slash(world.ada, world.channel, "imagine", {"prompt": "a cat"})
        world.server.repeat_events()
        await world.until(lambda: len([one for one in world.bot_messages() if done(one)]) == 3)
        world.server.repeat_events()  # and once more after the end
        world.server.say(world.ada, world.channel, f"{world.bot_mention} an owl")
        await world.until(lambda: len([one for one in world.bot_messages() if done(one)]) == 4)
        await world.wait_until_settled()
        assert sorted(one.prompt.strip() for one in world.sandbox.requests) == ["a cat", "a dog", "a fox", "an owl"]
        balance = await easel.app.store.balance(f"discord:{world.ada.id}", 50)
        assert (balance.available, balance.reserved) == (46, 0)


@pytest.mark.forms(1)
@pytest.mark.parametrize("trouble", ["503", "reset", "404"])
async def test_a_picture_that_discord_does_not_serve_is_retried_or_refused(tmp_path: Path, trouble: str) -> None:
    """A passing failure is retried; a lasting one is shown, and no request goes upstream."""
    async with discord_world(tmp_path, clock=FastClock(SPEED)) as world, world.easel() as easel:
        if trouble == "404":
            world.server.faults.fail("GET", "cdn", status=404, times=100)
        elif trouble == "503":
            world.server.faults.fail("GET", "cdn", status=503)
        else:
            world.server.faults.drop("GET", "cdn")
        world.server.say(world.ada, world.channel, f"{world.bot_mention} make it night", files=[photo()])
        await world.until(lambda: [one for one in world.bot_messages() if "easel:cancel:" not in repr(one.components)])
        await world.wait_until_settled()
        balance = await easel.app.store.balance(f"discord:{world.ada.id}", 50)
        assert (balance.available, balance.reserved) == ((50, 0) if trouble == "404" else (49, 0))
        if trouble == "404":
            [status] = world.bot_messages()
            assert status.content == translate("en", "refusal-picture-gone", name="photo.png")
            assert not world.sandbox.requests


async def test_a_hanging_call_delays_no_other_channel(tmp_path: Path) -> None:
    async with discord_world(tmp_path) as world, world.easel():
        other = world.server.world.add_channel(world.guild)
        gate = world.server.faults.hold(*EDIT)
        world.server.say(world.ada, world.channel, f"{world.bot_mention} a red fox")
        await gate.arrived.wait()
        world.server.say(world.ada, other, f"{world.bot_mention} a blue fox")
        await world.until(lambda: any(done(one) for one in world.bot_messages(other)))
        gate.open()
        await world.wait_for_picture()
