"""What tests of the store share: jobs to accept, the rules they are accepted by, a look into the books.

Fixtures stand in `conftest`.
"""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from itertools import count

from sqlalchemy import Connection, NullPool, create_engine, text
from sqlalchemy.engine import make_url

from bot.chat import Attachment, Chat, User
from bot.job import NewJob
from bot.painting import Image, Options
from bot.quota import QuotaRules

ANN = User(platform="telegram", id="1", name="Ann", locale="en-GB")
BEN = User(platform="telegram", id="2", name="Ben")
DIRECT = Chat(platform="telegram", id="1", kind="direct")
GROUP = Chat(platform="telegram", id="-100", kind="group", thread_id="7")
RULES = QuotaRules(user_daily=10, chat_daily=None, user_concurrent=2, user_waiting=98)
PIXEL = Image(data=b"\x89PNG\x00\xff", media_type="image/png", width=1, height=1)

_numbers = count()


def new_job(*, event: str | None = None, user: User = ANN, chat: Chat = DIRECT, cost: int = 1) -> NewJob:
    """A job like another, with an id of its own and, unless given, an event of its own."""
    number = next(_numbers)
    return NewJob(
        id=f"job{number:09}",
        event=event or f"message:{number}",
        user=user,
        chat=chat,
        request_id=f"{number}",
        locale="en",
        prompt="a fox in the snow",
        options=Options(size="3:2", n=2),
        references=(Attachment(ref="photo:1", media_type="image/jpeg", size=10, filename="fox.jpg"),),
        cost=cost,
    )


def rules(**changes: int | None) -> QuotaRules:
    """RULES with changes."""
    return replace(RULES, **changes)  # type: ignore[arg-type]  # names and types are the fields' own


@contextmanager
def connected(database_url: str) -> Generator[Connection]:
    """A connection past the store."""
    url = make_url(database_url)
    if url.get_backend_name() == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    engine = create_engine(url, poolclass=NullPool)
    with engine.connect() as connection:
        yield connection


def query(database_url: str, sql: str) -> list[tuple[object, ...]]:
    """The rows of a query that goes past the store."""
    with connected(database_url) as connection:
        return _rows(connection, sql)


def _rows(connection: Connection, sql: str) -> list[tuple[object, ...]]:
    return [tuple(row) for row in connection.execute(text(sql))]


def books_agree(database_url: str) -> bool:
    """Whether each account holds exactly what its unfinished jobs reserved, and every ended job is closed."""
    with connected(database_url) as connection:
        return _books_agree(connection)


def _books_agree(connection: Connection) -> bool:
    held = dict(_rows(connection, "SELECT id, reserved FROM account"))  # type: ignore[arg-type]  # pairs
    open_entries = """
        SELECT {column}, SUM(credits) FROM ledger AS r WHERE kind = 'reserve' AND {column} IS NOT NULL
        AND NOT EXISTS (SELECT 1 FROM ledger AS c WHERE c.kind = 'settle' AND c.job = r.job)
        GROUP BY {column}"""
    expected: dict[object, int] = {}
    for column in ("account", "chat_account"):
        for owner, credits in _rows(connection, open_entries.format(column=column)):
            expected[owner] = int(str(credits))
    unclosed = _rows(
        connection,
        """SELECT id FROM job WHERE (finished IS NULL) =
           EXISTS (SELECT 1 FROM ledger WHERE ledger.job = job.id AND kind = 'settle')""",
    )
    return {owner: each for owner, each in held.items() if each} == {
        owner: each for owner, each in expected.items() if each
    } and not unclosed
