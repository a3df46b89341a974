"""A SQLite database with as many ended jobs as a busy year leaves, written by a few statements past the store.

Jobs of MEMBERS in CHATS, one each five minutes back from a moment; one in nine has failed, one in forty was cancelled.
"""

from datetime import datetime, timedelta

from sqlalchemy import text

from tests.support.databases import connected

EVERY_S = 300  # seconds between two jobs
MEMBERS = 997
CHATS = 83

NUMBERED = """
CREATE TEMPORARY TABLE filled AS
WITH RECURSIVE numbers(n) AS (SELECT 0 UNION ALL SELECT n + 1 FROM numbers WHERE n + 1 < :count), kinds AS (
    SELECT n, printf('j%011d', n) AS id,
        CASE WHEN n % 40 = 7 THEN 'cancelled' WHEN n % 9 = 4 THEN 'failed' ELSE 'done' END AS state,
        n * 7 % :members AS user_id, '-100' || (n % :chats) AS chat_id,
        CASE n % 3 WHEN 0 THEN 'openai' ELSE 'evolink' END AS provider,
        CASE n % 4 WHEN 0 THEN 'failure-moderated' WHEN 1 THEN 'failure-busy' ELSE 'failure-no-answer' END AS failure,
        1 + n % 4 AS asked, 8 + n % 90 AS seconds, :last - n * :every AS ended
    FROM numbers
)
SELECT *, 'telegram:' || user_id AS user_key, 'telegram:' || chat_id AS chat_key,
    CASE state WHEN 'done' THEN asked ELSE 0 END AS pictures,
    strftime('%Y-%m-%d %H:%M:%f', ended, 'unixepoch') || '000' AS finished,
    strftime('%Y-%m-%d %H:%M:%f', ended - seconds, 'unixepoch') || '000' AS created,
    strftime('%Y-%m-%d %H:%M:%f', ended - seconds + n % 5, 'unixepoch') || '000' AS started
FROM kinds"""
JOBS = """
INSERT INTO job (id, event, user_key, sender, chat_key, chat, locale, prompt, options, reference_images, state, attempt,
    cost, is_reserved, charged, status_id, created, started, finished, provider, model, price, failure, is_variation,
    parts, notification_pending)
SELECT id, 'event-' || n, user_key,
    json_object('platform', 'telegram', 'id', '' || user_id, 'name', 'Member ' || user_id, 'locale', 'en', 'roles',
        json_array(), 'is_chat', json('false')),
    chat_key, json_object('platform', 'telegram', 'id', chat_id, 'kind', 'group', 'thread_id', NULL),
    'en', 'a lighthouse at dusk, number ' || n, json_object('n', asked), '[]', state, 1,
    asked * 4, 1, pictures * 4, '' || n, created, started, finished, provider,
    'gpt-image-2', 4, CASE state WHEN 'failed' THEN json_object('key', failure, 'facts', json_object()) END, 0,
    '[]', 0
FROM filled"""
OUTCOMES = """
INSERT INTO outcome (job, finished, created, whole_ms, waited_ms, state, provider, failure, pictures, charged, user_key,
    chat_key)
SELECT id, finished, created, seconds * 1000, n % 5 * 1000, state, provider, CASE state WHEN 'failed' THEN failure END,
    pictures, pictures * 4, user_key, chat_key
FROM filled"""
LEDGER = """
INSERT INTO ledger (job, kind, account, day, credits, from_granted, chat_from_granted, at)
SELECT id, 'reserve', user_key, substr(created, 1, 10), asked * 4, 0, 0, created FROM filled
UNION ALL SELECT id, 'settle', user_key, substr(created, 1, 10), pictures * 4, 0, 0, finished FROM filled"""
ACCOUNTS = """
INSERT INTO account (id, daily, reserved, granted, allowance, day, banned)
SELECT DISTINCT user_key, 41, 0, 0, 50, substr(:now, 1, 10), 0 FROM filled"""


def fill_jobs(database_url: str, count: int, now: datetime) -> None:
    """Adds `count` ended jobs with their outcomes and entries of the ledger, the last of which ended a minute before
    `now`. Only to a database without any."""
    last = int((now - timedelta(minutes=1)).timestamp())
    numbers = {"count": count, "members": MEMBERS, "chats": CHATS, "last": last, "every": EVERY_S}
    with connected(database_url) as connection:
        connection.execute(text(NUMBERED), numbers)
        for statement in (JOBS, OUTCOMES, LEDGER):
            connection.execute(text(statement))
        connection.execute(text(ACCOUNTS), {"now": now.isoformat()})
        connection.execute(text("DROP TABLE filled"))
