"""Interaction tokens that one process receives and another needs."""

from adapters.discord.interaction_tokens import InteractionToken
from adapters.discord.state import DiscordState
from bot.runtime.clock import SystemClock
from tests.support.clusters import member
from tests.support.waiting import wait_until
from tests.support.world import open_store


def token(token_id: str, clock: SystemClock) -> InteractionToken:
    """Of an interaction in a place where the bot is not."""
    created_s = clock.now().timestamp()
    return InteractionToken(
        id=token_id, token="a secret", created_s=created_s, file_limit=1_000_000, user="1", token_only=True
    )


async def test_the_process_that_shows_a_message_learns_of_the_token_of_a_press_at_another(shared_url: str) -> None:
    clock = SystemClock()
    async with (
        open_store(shared_url, clock, migrate=False) as store,
        member(shared_url) as shows,
        member(shared_url) as hears,
    ):
        await wait_until(lambda: not hears.membership.alone() and not shows.membership.alone())
        showing, hearing = (
            DiscordState(store.adapter_store, clock, each.membership, each.bus) for each in (shows, hears)
        )
        old = token("i1", clock)
        showing.tokens.add(old)
        showing.tokens.assign_message(old, "7")
        await hearing.renew_token(token("i2", clock), "7")

        def known() -> bool:
            found = showing.tokens.for_message("7")
            return found is not None and found.id == "i2"

        await wait_until(known)
        for each in (showing, hearing):
            await each.close()
