"""What the database does before a first status message: one short transaction, which has the job and notes its post."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

from bot.chat import Chat, Message, User
from tests.servers.telegram import UNLIMITED
from tests.support.statements import watch_statements
from tests.wire.telegram.easel import telegram_world

# BEGIN IMMEDIATE on SQLite, the job, its user's account locked, their unfinished jobs counted, the account written, the
# ledger's entry, what is noted of the post, COMMIT.
MAX_STATEMENTS = 8


def before_first_commit(executed: Sequence[str]) -> list[str]:
    """The statements from the one before the first job's on, to its COMMIT; where its transaction has other writes as
    well, to the next savepoint."""
    (first, *_) = (at for at, sql in enumerate(executed) if "INSERT INTO job " in sql)
    end = next(at for at, sql in enumerate(executed) if at > first and sql.startswith(("COMMIT", "SAVEPOINT")))
    return list(executed[first - 1 : end + 1])


def count(executed: Sequence[str], table: str) -> int:
    return sum(f"INSERT INTO {table} " in sql for sql in executed)


async def test_a_request_is_one_short_transaction_before_its_status_message(tmp_path: Path) -> None:
    executed: list[str] = []
    with watch_statements(lambda sql, _: executed.append(sql)):
        async with telegram_world(tmp_path, limits=UNLIMITED) as world, world.easel():
            world.server.say(world.ada, world.private, "a fox")
            await world.wait_for_picture()
    assert len(before_first_commit(executed)) <= MAX_STATEMENTS
    assert count(before_first_commit(executed), "post_intent") == count(executed, "post_intent") == 1


async def test_of_requests_that_come_at_once_only_the_first_is_sure_to_be_posted_at_once(tmp_path: Path) -> None:
    executed: list[str] = []
    with watch_statements(lambda sql, _: executed.append(sql)):
        async with telegram_world(tmp_path, limits=UNLIMITED) as world, world.easel() as easel:
            chat = Chat(platform="telegram", id=str(world.private.id), kind="direct")
            users = [User(platform="telegram", id=name, name=name) for name in ("1", "2", "3")]
            asked = [Message(id=f"100{user.id}", chat=chat, sender=user, text="a fox", to_me=True) for user in users]
            await asyncio.gather(*map(easel.app.events.receive_message, asked))
            await world.until(lambda: len(world.bot_messages()) == 3)
            await world.wait_until_settled()
    assert count(before_first_commit(executed), "post_intent") == 1
    assert count(executed, "job") == count(executed, "post_intent") == 3
