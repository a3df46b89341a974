"""Members of the kill tests who go on from results: replies with files, presses of the menu, the region page.

Each is alone with the bot in a private chat. Asserts nothing by itself.
"""

import hashlib
import hmac
import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

import aiohttp
from typing_extensions import override

from bot.chat import Action
from bot.jobs.reframes import REFRAMES
from bot.ports import REGION_PATH
from tests.kill.world import BotMessage, KillWorld, discord_messages, telegram_messages
from tests.servers.discord import Interaction, Upload
from tests.servers.discord import Message as DiscordMessage
from tests.servers.telegram import Message as TelegramMessage
from tests.support.waiting import wait_until

PUBLIC = "https://easel.example"  # where the region page seems to be


@dataclass(slots=True, kw_only=True)
class Member(ABC):
    """A member and their private chat."""

    world: KillWorld
    key: str
    """`platform:id`, as in the ledger."""
    token: str = ""
    """Of the link to the region page, once it was asked for."""

    @abstractmethod
    def messages(self) -> list[BotMessage]:
        """The bot's messages in the chat, oldest first, deleted ones left out."""

    @abstractmethod
    def say(self, text: str) -> None:
        """Asks for a picture."""

    @abstractmethod
    def reply(self, text: str, file: bytes, *, as_photo: bool = False) -> None:
        """Replies to the newest result with a file. `as_photo`: where the platform has photos, as one."""

    @abstractmethod
    def reply_in_words(self, text: str) -> None:
        """Replies to the newest result."""

    @abstractmethod
    def picture(self) -> bytes:
        """The newest result."""

    @abstractmethod
    async def open_menu(self, action: Action) -> None:
        """Makes ready what `press` needs."""

    @abstractmethod
    def press(self, action: Action) -> None:
        """Presses a button of the newest result, or one behind *More…*."""

    @abstractmethod
    async def ask_for_page(self) -> None:
        """Presses *Region* below the newest result, and keeps the token."""

    @abstractmethod
    def launch(self) -> dict[str, str]:
        """What the page proves besides the token whose it is: headers."""

    async def wait_for_result(self, count: int) -> None:
        """Waits for that many results."""
        await wait_until(lambda: len(self.results()) >= count)

    def results(self) -> list[BotMessage]:
        return [each for each in self.messages() if "retry" in each.actions and each.pictures]

    async def paint_region(self, address: str, prompt: str) -> int | None:
        """Sends what was painted on the page. Returns the status of the answer; None: there was none."""
        headers = {"Authorization": f"Bearer {self.token}", "Origin": PUBLIC} | self.launch()
        stroke = {"tool": "rectangle", "points": [0, 0, 200, 300]}
        body = {"prompt": prompt, "drawing": {"width": 640, "height": 640, "strokes": [stroke]}}
        try:
            async with (
                aiohttp.ClientSession() as http,
                http.post(f"{address}{REGION_PATH}/paint", data=json.dumps(body), headers=headers) as answer,
            ):
                return answer.status
        except aiohttp.ClientError:
            return None


@dataclass(slots=True, kw_only=True)
class TelegramMember(Member):
    user: Any
    chat: Any

    @override
    def messages(self) -> list[BotMessage]:
        return telegram_messages(self.world.telegram, self.chat)

    @override
    def say(self, text: str) -> None:
        self.world.telegram.say(self.user, self.chat, text)

    @override
    def reply(self, text: str, file: bytes, *, as_photo: bool = False) -> None:
        send: Callable[..., object] = self.world.telegram.photo if as_photo else self.world.telegram.document
        send(self.user, self.chat, file, caption=text, reply_to=self._newest())

    @override
    def reply_in_words(self, text: str) -> None:
        self.world.telegram.say(self.user, self.chat, text, reply_to=self._newest())

    @override
    def picture(self) -> bytes:
        photo = self._newest().photo
        assert photo is not None
        return photo

    @override
    async def open_menu(self, action: Action) -> None:
        return None  # what it brings is known

    @override
    def press(self, action: Action) -> None:
        newest = self._newest()
        job = next(data for _, data in newest.buttons if data is not None).split(":")[2]
        self.world.telegram.press_with_data(self.user, newest, f"easel:{action.value}:{job}")

    @override
    async def ask_for_page(self) -> None:
        self.press(Action.REGION)

        def links() -> Sequence[str]:
            keys = [key for each in self.chat.visible_messages for key in each.keys]
            return [str(key["web_app"]["url"]) for key in keys if "web_app" in key]

        await wait_until(lambda: bool(links()))
        self.token = links()[-1].partition("#")[2]

    @override
    def launch(self) -> dict[str, str]:
        now = self.world.clock.now()
        fields = {"auth_date": str(int(now.timestamp())), "user": json.dumps({"id": self.user.id})}
        checked = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
        secret = hmac.digest(b"WebAppData", self.world.telegram.token.encode(), hashlib.sha256)
        proof = hmac.digest(secret, checked.encode(), hashlib.sha256).hex()
        return {"X-Easel-Launch": urlencode(fields | {"hash": proof})}

    def _newest(self) -> TelegramMessage:
        identity = self.results()[-1].id
        return next(each for each in self.chat.visible_messages if str(each.id) == identity)


@dataclass(slots=True, kw_only=True)
class DiscordMember(Member):
    user: Any
    channel: Any
    menus: dict[Action, DiscordMessage] = field(default_factory=dict[Action, DiscordMessage])
    """What the presser alone sees, by the button that has opened it."""

    @override
    def messages(self) -> list[BotMessage]:
        own = {str(each.id) for each in self.channel.standing if each.ephemeral}  # that the presser alone sees
        return [each for each in discord_messages(self.world.discord, self.channel) if each.id not in own]

    @override
    def say(self, text: str) -> None:
        self.world.discord.say(self.user, self.channel, text)

    @override
    def reply(self, text: str, file: bytes, *, as_photo: bool = False) -> None:
        upload = Upload(filename="marked.jpg" if as_photo else "mask.png", data=file)
        self.world.discord.say(self.user, self.channel, text, files=[upload], reply_to=self._newest())

    @override
    def reply_in_words(self, text: str) -> None:
        self.world.discord.say(self.user, self.channel, text, reply_to=self._newest())

    @override
    def picture(self) -> bytes:
        return self._newest().attachments[0].data

    @override
    async def open_menu(self, action: Action) -> None:
        if self._has(self._newest(), action):
            return
        menu = self.menus[Action.MORE] = await self._opened(self._click(self._newest(), Action.MORE))
        if action in REFRAMES:
            self.menus[Action.REFRAME] = await self._opened(self._click(menu, Action.REFRAME))

    @override
    def press(self, action: Action) -> None:
        shown = [self._newest(), *self.menus.values()]
        found = [each for each in shown if self._has(each, action)]
        assert found, f"no {action.value} in {[each.custom_ids for each in shown]}"
        self._click(found[0], action)

    @override
    async def ask_for_page(self) -> None:
        await self.open_menu(Action.REGION)
        pressed = self._click(self.menus[Action.MORE], Action.REGION)
        answer = await self._opened(pressed)
        self.token = answer.components[0]["components"][0]["url"].partition("#")[2]

    @override
    def launch(self) -> dict[str, str]:
        return {}

    async def _opened(self, pressed: Interaction) -> DiscordMessage:
        await wait_until(lambda: bool(pressed.followups))
        return pressed.followups[0]

    def _has(self, message: DiscordMessage, action: Action) -> bool:
        return any(each.startswith(f"easel:{action.value}:") for each in message.custom_ids)

    def _click(self, message: DiscordMessage, action: Action) -> Interaction:
        custom_id = next(each for each in message.custom_ids if each.startswith(f"easel:{action.value}:"))
        return self.world.discord.click(self.user, message, custom_id)

    def _newest(self) -> DiscordMessage:
        identity = self.results()[-1].id
        return next(each for each in self.channel.standing if str(each.id) == identity)


def add_member(world: KillWorld, platform: str) -> Member:
    """A new member. `platform`: telegram, or discord."""
    if platform == "telegram":
        user = world.telegram.add_user("Ada")
        chat = world.telegram.private(user, opened=True)
        return TelegramMember(world=world, key=f"telegram:{user.id}", user=user, chat=chat)
    ada = world.discord.world.add_member(world.guild, "Ada")
    return DiscordMember(world=world, key=f"discord:{ada.id}", user=ada, channel=world.discord.world.open_dm(ada))
