"""*Region* in Telegram: a Mini App's button in the private chat, a link that leads there from a group; its launch data
prove whose it is."""

import hashlib
import hmac
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from bot.errors import RegionOfOtherUser
from bot.texts import translate
from tests.servers.telegram import Message, User
from tests.wire.telegram.easel import TelegramWorld
from tests.wire.telegram.edges import edge, pressed, words
from tests.wire.telegram.test_buttons import painted

PUBLIC = "https://easel.example"
HALF = json.dumps(
    {"width": 1024, "height": 1024, "strokes": [{"tool": "rectangle", "points": [0, 0, 512, 1024]}]}
).encode()


def set_up(place: TelegramWorld) -> None:
    place.settings["server"] = {"public_url": PUBLIC}
    place.settings["providers"] = [place.provider(dialect="images")]


def launch(place: TelegramWorld, user: User) -> str:
    """What Telegram hands to an app that the user has opened."""
    fields = {"auth_date": str(int(place.clock.now().timestamp())), "user": json.dumps({"id": user.id})}
    checked = "\n".join(f"{name}={fields[name]}" for name in sorted(fields))
    secret = hmac.digest(b"WebAppData", place.server.token.encode(), hashlib.sha256)
    return urlencode(fields | {"hash": hmac.digest(secret, checked.encode(), hashlib.sha256).hex()})


async def open_menu(place: TelegramWorld, message: Message) -> None:
    await pressed(place, message, "More…")
    await place.until(lambda: "Region" in [label for label, _ in message.buttons])


def app_of(message: Message) -> str:
    """The address of the app that the button below a message opens."""
    [key] = message.keys
    return str(key["web_app"]["url"])


async def test_in_private_a_button_opens_the_app_for_its_member_alone(place: TelegramWorld, bo: User) -> None:
    set_up(place)
    async with place.easel() as easel:
        first = await painted(place)
        await open_menu(place, first)
        click = await pressed(place, first, "Region")
        assert words(click) == ""
        shown = await place.wait_for_reply(after=first)
        assert (shown.text, shown.reply_to) == (translate("en", "region-how"), first)
        address, _, token = app_of(shown).partition("#")
        assert address == f"{PUBLIC}/region"
        regions = easel.app.regions
        for proof in (None, "", launch(place, bo)):
            with pytest.raises(RegionOfOtherUser):
                await regions.paint(token, proof, "a red sail --loose", HALF)
        await regions.paint(token, launch(place, place.ada), "a red sail --loose", HALF)
        second = await place.wait_for_picture(after=shown)
        assert second.reply_to is first
        assert place.sandbox.requests[-1].mask is not None
        assert await place.available_credits() == 48


@pytest.mark.forms(1)
@pytest.mark.parametrize("main_app", [False, True])
@pytest.mark.thorough
async def test_from_a_group_a_link_leads_there(tmp_path: Path, main_app: bool) -> None:
    async with edge(tmp_path, has_main_web_app=main_app) as made:
        place = made.place
        set_up(place)
        async with place.easel() as easel:
            first = await painted(place, group=True)
            await open_menu(place, first)
            click = await pressed(place, first, "Region")
            assert click.answer is not None
            base, _, token = (click.answer.url or "").partition("=")
            assert base == f"https://t.me/easel_bot?{'startapp' if main_app else 'start'}"
            if not main_app:
                asked = place.server.say(place.ada, place.private, f"/start {token}")
                shown = await place.wait_for_reply(after=asked)
                assert app_of(shown) == f"{PUBLIC}/region#{token}"
            await easel.app.regions.paint(token, launch(place, place.ada), "a red sail --loose", HALF)
            second = await place.wait_for_picture(place.group, after=first)
            assert second.reply_to is first


async def test_without_a_public_address_the_menu_has_no_region(place: TelegramWorld) -> None:
    async with place.easel():
        first = await painted(place)
        await pressed(place, first, "More…")
        await place.until(lambda: "Delete" in [label for label, _ in first.buttons])
        assert "Region" not in [label for label, _ in first.buttons]
