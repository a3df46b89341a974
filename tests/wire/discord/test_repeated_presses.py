"""One press of one button by one member is one job until that has ended, whatever else is pressed in between."""

from bot.chat import Action
from bot.texts import translate
from tests.servers.discord import Interaction, Message, User
from tests.wire.discord.easel import DiscordWorld, button, done
from tests.wire.discord.interactions import whispered


async def painted(world: DiscordWorld, member: User) -> Message:
    world.server.slash(member, world.channel, "imagine", {"prompt": "a red fox"})
    return await world.wait_for_picture()


def press(world: DiscordWorld, message: Message, action: Action, by: User | None = None) -> Interaction:
    return world.server.click(by or world.ada, message, button(message, action))


async def test_vary_retry_and_vary_again_are_one_vary_and_one_retry(world: DiscordWorld) -> None:
    again = translate("en", "press-again")
    async with world.gallery() as upstream, world.easel():
        upstream.at_once |= {"/pictures/1.png", "/pictures/3.png"}
        first = await painted(world, world.ada)
        vary = press(world, first, Action.VARY)
        await world.until(lambda: upstream.asked == 2)
        press(world, first, Action.RETRY)
        await world.until(lambda: sum(map(done, world.bot_messages())) == 2)
        await world.wait_for_unfinished_jobs(1)
        assert await whispered(world, press(world, first, Action.VARY)) == again
        world.server.deliver_interaction(vary)  # as after a lost connection
        assert await whispered(world, vary) == again
        upstream.open.set()
        await world.wait_until_settled()
        assert upstream.asked == 3
        assert await world.available_credits() == 47
        world.server.deliver_interaction(vary)  # also after its job has ended
        await world.until(lambda: [each.content for each in vary.followups] == [again, again])
        press(world, first, Action.VARY)
        await world.until(lambda: upstream.asked == 4)
        await world.wait_until_settled()
        assert await world.available_credits() == 46


async def test_two_members_who_press_the_same_button_get_a_job_each(world: DiscordWorld) -> None:
    bob = world.server.world.add_member(world.guild, "Bob")
    world.settings["admins"] = [f"discord:{world.ada.id}"]
    async with world.gallery() as upstream, world.easel():
        upstream.at_once |= {"/pictures/1.png"}
        first = await painted(world, bob)
        press(world, first, Action.VARY, by=bob)
        press(world, first, Action.VARY)
        await world.until(lambda: upstream.asked == 3)
        upstream.open.set()
        await world.wait_until_settled()
        assert (await world.available_credits(bob), await world.available_credits()) == (48, 49)
