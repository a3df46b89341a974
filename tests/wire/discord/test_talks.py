"""What members say in several messages in Discord: in direct messages, and in a channel by mentions."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from tests.servers.discord import Channel, Message, Upload, User
from tests.support.talks import EDGE_PX, QuietClock, hold_talks
from tests.wire.discord.easel import DiscordWorld, discord_world


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """Implements `tests.support.talks.Speaker`. `address`: what stands before her words where the bot is not alone."""

    world: DiscordWorld
    user: User
    channel: Channel
    address: str = ""

    @property
    def user_key(self) -> str:
        return f"discord:{self.user.id}"

    def show(self, shots: Sequence[bytes], words: str, *, as_files: bool = False) -> Message:
        files = [Upload(filename=f"{number}.png", data=shot) for number, shot in enumerate(shots)]
        return self.world.server.say(self.user, self.channel, f"{self.address} {words}".strip(), files=files)

    def say(self, words: str, *, reply_to: Message | None = None) -> None:
        to_bot = reply_to is not None and reply_to.author is self.world.server.world.bot
        address = "" if to_bot else self.address or ("" if words else "/imagine")
        self.world.server.say(self.user, self.channel, f"{address} {words}".strip(), reply_to=reply_to)

    def asked(self) -> list[tuple[Message, str]]:
        mine = [one for one in self.world.bot_messages(self.channel) if not one.attachments]
        mine = [one for one in mine if one.reference is not None and one.reference.message.author is self.user]
        return [(one, one.content) for one in mine if any(each.startswith("easel-answer") for each in one.custom_ids)]


@pytest.mark.forms(1)
@pytest.mark.parametrize("where", ["direct", "guild"])
async def test_what_is_said_in_several_messages(tmp_path: Path, where: Literal["direct", "guild"]) -> None:
    clock = QuietClock()
    async with discord_world(tmp_path, clock=clock, edge=EDGE_PX) as world:

        def join(name: str) -> Member:
            user = world.server.world.add_member(world.guild, name)
            if where == "direct":
                return Member(world=world, user=user, channel=world.server.world.open_dm(user))
            return Member(world=world, user=user, channel=world.channel, address=world.bot_mention)

        await hold_talks(world.easel, join, clock, world)
