"""What members say in several messages, as a table of orders and gaps, and what comes of it on any platform.

Knows no platform: a `Speaker` writes and reads there.
"""

import asyncio
import re
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.handlers.dialogue import ASK_QUIET_S
from bot.handlers.pending_requests import KEY_PREFIX, decode_requests
from bot.sandbox import Sandbox
from tests.support.clocks import FastClock
from tests.support.images import png
from tests.support.waiting import wait_until
from tests.support.world import World

EDGE_PX = 64  # of the pictures that are painted
MAX_PHOTOS = 5  # of a request to the sandbox
HEIGHT = 50  # of every photo, whose width tells which it is
Shown = Any  # a message of a platform's server


@dataclass(frozen=True, slots=True, kw_only=True)
class Talk:
    """`steps`: `photo N`, `file N`, `album N M …` (without words), `caption N` (with the prompt), `refused N` (with one
    that cannot be painted), `bare` (a command or mention alone), `words` (the prompt), `answer` (the same, in reply to
    the bot's question), `reply N` (the same, as a reply to a photo), `wait` (until the bot has asked), `heard` (until
    it has stored what was shown), `restart`.

    `painted`: the photos of each picture. `asked`: questions that stand in the end; `asked_anew`: the same where a
    question cannot be edited.
    """

    steps: str
    painted: tuple[tuple[int, ...], ...]
    asked: int = 0
    asked_anew: int | None = None


TALKS = (
    Talk(steps="photo 1, photo 2, photo 3, words", painted=((1, 2, 3),)),
    Talk(steps="photo 1, file 2, photo 3, wait, words", painted=((1, 2, 3),), asked=1),
    Talk(steps="photo 1, wait, photo 2, wait, photo 3, wait, answer", painted=((1, 2, 3),), asked=1, asked_anew=3),
    Talk(steps="photo 1, album 2 3, photo 4, words", painted=((1, 2, 3, 4),)),
    Talk(steps="album 1 2, album 3 4, wait, answer", painted=((1, 2, 3, 4),), asked=1),
    Talk(steps="album 1 2 3, photo 4, album 5 6 7, wait, words", painted=((1, 2, 3, 4, 5),), asked=1),
    Talk(steps="photo 1, photo 2, caption 3", painted=((1, 2, 3),)),
    Talk(steps="photo 1, photo 2, wait, reply 1", painted=((1,),), asked=1),
    Talk(steps="photo 1, words, photo 2, words", painted=((1,), (2,))),
    Talk(steps="photo 1, wait, words, words", painted=((1,), ()), asked=1),
    Talk(steps="photo 1, wait, answer, answer", painted=((1,), (1,)), asked=1),
    Talk(steps="bare, wait, answer", painted=((),), asked=1),
    Talk(steps="bare, wait, words", painted=((),), asked=1),
    Talk(steps="bare, wait, photo 1, wait, answer", painted=((1,),), asked=1, asked_anew=2),
    Talk(steps="refused 1, wait, answer", painted=((1,),), asked=1),
    Talk(steps="refused 1, wait, words, words", painted=((1,), ()), asked=1),
    Talk(steps="photo 1, wait, restart, photo 2, wait, answer", painted=((1, 2),), asked=1, asked_anew=2),
    Talk(steps="bare, wait, restart, answer", painted=((),), asked=1),
    Talk(steps="refused 1, wait, restart, answer", painted=((1,),), asked=1),
    # last, and first after the restart: the moment after which one talk is asked passes for all
    Talk(steps="photo 1, heard, restart, photo 2, wait, words", painted=((1, 2),), asked=1),
    Talk(steps="photo 1, photo 2, heard, restart, words", painted=((1, 2),)),
)


class Speaker(Protocol):
    """A member in a place where the bot hears her. Whatever she writes is meant for it, as far as the place asks for
    that; a reply to the bot is as it is."""

    @property
    def user_key(self) -> str:
        """`platform:id`."""
        ...

    def show(self, shots: Sequence[bytes], words: str, *, as_files: bool = False) -> Shown:
        """Pictures in one message, or an album; the first message of it."""
        ...

    def say(self, words: str, *, reply_to: Shown | None = None) -> None: ...

    def asked(self) -> list[tuple[Shown, str]]:
        """The bot's words to her in the place, with their texts: no pictures, and nothing that becomes one."""
        ...


class QuietClock(FastClock):
    """Fast, but for the moment after which pictures are asked about: it passes only while `passes` is set."""

    def __init__(self) -> None:
        super().__init__(50.0)
        self.passes = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds == ASK_QUIET_S:
            await self.passes.wait()
        await super().sleep(seconds)


@dataclass(slots=True, kw_only=True)
class _Talking:
    """A talk that is held by a member, whose prompts are its name."""

    talk: Talk
    name: str
    speaker: Speaker
    clock: QuietClock
    world: World
    shown: dict[int, Shown] = field(default_factory=dict[int, Shown])
    wordless: int = 0
    """Photos that were shown without a prompt."""
    painted: int = 0
    last_asked: tuple[int, str] = (0, "")

    async def go_on(self, steps: str) -> None:
        for step in filter(None, steps.split(", ")):
            await self._do(step)

    async def _do(self, step: str) -> None:
        verb, *numbers = step.split()
        match verb:
            case "photo" | "album" | "file":
                self._show(numbers, "", as_files=verb == "file")
            case "refused":
                self._show(numbers, f"{self.name} --quality bogus")
            case "caption":
                self._show(numbers, self.name)
                await self._until_painted()
            case "bare":
                self.speaker.say("")
            case "words":
                self.speaker.say(self.name)
                await self._until_painted()
            case "answer":
                self.speaker.say(self.name, reply_to=self.speaker.asked()[-1][0])
                await self._until_painted()
            case "reply":
                self.speaker.say(self.name, reply_to=self.shown[int(numbers[0])])
                await self._until_painted()
            case "heard":
                await wait_until(self._is_stored)
            case _:
                await self._until_asked()

    def _show(self, numbers: Sequence[str], words: str, *, as_files: bool = False) -> None:
        photos = [int(each) for each in numbers]
        shots = [png(size=(100 + number, HEIGHT)) for number in photos]
        first = self.speaker.show(shots, words, as_files=as_files)
        self.wordless += 0 if words else len(photos)
        self.shown |= dict.fromkeys(photos, first)

    async def _is_stored(self) -> bool:
        async with self.world.store() as store:
            values = await store.adapter_store.values_with_prefix(KEY_PREFIX)
        mine = [text for key, text in values.items() if key.endswith(f":{self.speaker.user_key}")]
        return sum(len(each.images) for text in mine for each in decode_requests(text)) >= min(
            MAX_PHOTOS, self.wordless
        )

    async def _until_asked(self) -> None:
        """Lets the moment pass, until a question counts all photos, or as many as a request may have."""
        count = min(MAX_PHOTOS, len(self.shown))
        await wait_until(self._is_stored)
        self.clock.passes.set()
        await wait_until(lambda: self._has_asked(count))
        self.clock.passes.clear()

    def _has_asked(self, count: int) -> bool:
        asked = self.speaker.asked()
        state = (len(asked), asked[-1][1] if asked else "")
        if state == self.last_asked or (count > 1 and re.search(rf"\b{count}\b", state[1]) is None):
            return False
        self.last_asked = state
        return True

    async def _until_painted(self) -> None:
        self.painted += 1
        await wait_until(lambda: len(requests_of(self.world.sandbox, self.name)) == self.painted)


def requests_of(sandbox: Sandbox, name: str) -> list[tuple[int, ...]]:
    """The photos of each request with a prompt, in order."""
    found = [each for each in sandbox.requests if each.prompt.split("\n")[0] == name]
    return [tuple(one.width - 100 for one in each.references) for each in found]


async def hold_talks(
    start: Callable[[], AbstractAsyncContextManager[object]],
    speaker: Callable[[str], Speaker],
    clock: QuietClock,
    world: World,
    *,
    talks: Sequence[Talk] = TALKS,
    asks_anew: Callable[[Talk], bool] = lambda _: False,
) -> None:
    """Every talk by a member of its own, with one restart for those that have one in between.

    `start`: runs Easel. `speaker`: a new member with that name. `asks_anew`: whether a talk's first question cannot be
    edited.
    """
    held = [
        _Talking(talk=talk, name=f"talk {number}", speaker=speaker(f"Eve {number}"), clock=clock, world=world)
        for number, talk in enumerate(talks)
    ]
    async with start():
        for each in held:
            await each.go_on(each.talk.steps.partition(", restart")[0])
    async with start():
        for each in reversed(held):
            await each.go_on(each.talk.steps.partition(", restart, ")[2])
        clock.passes.set()
    for each in held:
        talk = each.talk
        painted = requests_of(world.sandbox, each.name)
        assert painted == list(talk.painted), (talk.steps, painted)
        asked = talk.asked if talk.asked_anew is None or not asks_anew(talk) else talk.asked_anew
        assert len(each.speaker.asked()) == asked, (talk.steps, [text for _, text in each.speaker.asked()])
