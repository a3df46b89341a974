"""The gallery's wire and SQL: the results of a chat a page at a time, and the messages around one of them.

Only database.py runs the statements; which pictures belong to whom is decided here alone.
"""

import json
import sqlite3
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TypedDict

from adapters.playground import users
from adapters.playground.decode import decode_text
from adapters.playground.encode import encode_upload
from adapters.playground.protocol import QUOTED, SHOWN, WireFile, WireMessage
from adapters.playground.records import StoredFile, read_file

PAGE = 48  # messages with results in one answer: two screenfuls of a wide wall
AROUND = 60  # messages before and after the one that the gallery leads to
MAX_WORDS = 20  # of a search; the others are ignored

# The message that a result answers, through repetitions of the bot's own results, up to a member's.
_REQUEST = """
WITH RECURSIVE asked (id, sender, text, reply_to) AS (
    SELECT id, sender, text, reply_to FROM messages WHERE id = m.reply_to
    UNION ALL
    SELECT r.id, r.sender, r.text, r.reply_to FROM asked JOIN messages r ON r.id = asked.reply_to
    WHERE asked.sender = :bot AND r.id < asked.id
)
"""
SELECT_RESULTS = f"""
SELECT id, created_at, owner, substr(request, 1, {QUOTED}) AS request
FROM (
    SELECT m.id, m.created_at, substr(m.text, 1, {SHOWN}) AS caption,
           ({_REQUEST} SELECT sender FROM asked WHERE sender <> :bot) AS owner,
           coalesce(({_REQUEST} SELECT substr(text, 1, {SHOWN}) FROM asked WHERE sender <> :bot), '') AS request
    FROM messages m
    WHERE m.chat = :chat AND m.sender = :bot AND NOT m.deleted AND m.id < :before
          AND EXISTS (SELECT 1 FROM attachments a JOIN files f ON f.id = a.file
                      WHERE a.message = m.id AND f.media_type LIKE 'image/%')
    ORDER BY m.id DESC
)
WHERE (:member IS NULL OR owner = :member)
      AND NOT EXISTS (SELECT 1 FROM json_each(:words) AS w
                      WHERE instr(casefold(request || char(10) || caption), w.value) = 0)
LIMIT :count
"""  # noqa: S608 - of constants
SELECT_PICTURES = (
    "SELECT a.message, a.alt, f.id, f.name, f.media_type, f.size, f.width, f.height"
    " FROM attachments a JOIN files f ON f.id = a.file"
    " WHERE a.message IN (SELECT value FROM json_each(:messages)) AND f.media_type LIKE 'image/%'"
    " ORDER BY a.message DESC, a.position"
)
AROUND_MESSAGE = (
    "SELECT id FROM (SELECT id FROM messages WHERE chat = :chat AND NOT deleted AND id <= :id"
    " ORDER BY id DESC LIMIT :count + 1)"
    " UNION ALL SELECT id FROM (SELECT id FROM messages WHERE chat = :chat AND NOT deleted AND id > :id"
    " ORDER BY id LIMIT :count)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class GalleryQuery:
    """Which results of a chat are wanted."""

    chat: str
    """Id of the chat."""
    before: int | None = None
    """Only results of messages with a smaller id; None: from the newest on."""
    member: str | None = None
    """Only results that this user asked for; None: everybody's."""
    words: str = ""
    """Words that must all occur in the request or the caption, in any letter case."""

    def values(self) -> dict[str, object]:
        """The parameters of SELECT_RESULTS."""
        words = [word.casefold() for word in self.words.split()[:MAX_WORDS]]
        return {
            "bot": users.BOT_ID,
            "chat": self.chat,
            "before": 2**62 if self.before is None else self.before,
            "member": self.member,
            "words": json.dumps(words),
            "count": PAGE + 1,  # one more tells whether there are others
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """A message with finished pictures."""

    message: int
    owner: str | None
    """Who asked for it; None where that is not known any more."""
    request: str
    """Beginning of what they wrote, on one line, without mentions of the bot."""
    created_at: str
    """ISO 8601, UTC."""
    pictures: tuple[StoredFile, ...]


class WireResult(TypedDict):
    message: str
    owner: str | None
    request: str
    at: str
    pictures: list[WireFile]


class WireGallery(TypedDict):
    results: list[WireResult]
    next: str | None


class WireMessages(TypedDict):
    messages: list[WireMessage]


def read_results(rows: Sequence[sqlite3.Row], pictures: Sequence[sqlite3.Row]) -> list[Result]:
    """Results from rows of SELECT_RESULTS and of SELECT_PICTURES."""
    files: dict[int, list[StoredFile]] = {}
    for row in pictures:
        files.setdefault(row["message"], []).append(read_file(row))
    return [
        Result(
            message=row["id"],
            owner=row["owner"],
            request=" ".join(decode_text(row["request"])[0].split()),
            created_at=row["created_at"],
            pictures=tuple(files.get(row["id"], ())),
        )
        for row in rows
    ]


def encode_gallery(results: Sequence[Result]) -> WireGallery:
    """One page of results, of which at most PAGE are shown; `next` is the `before` of the next one."""
    shown = results[:PAGE]
    return {
        "results": [_encode_result(each) for each in shown],
        "next": str(shown[-1].message) if len(results) > PAGE else None,
    }


def parse_query(given: Mapping[str, str]) -> GalleryQuery:
    """The query of an address. Raises ValueError for one that no page sends."""
    before, member, chat = given.get("before", ""), given.get("member", ""), parse_chat(given)
    if member and member not in users.users_in(chat):
        raise ValueError
    return GalleryQuery(
        chat=chat, before=parse_id(before) if before else None, member=member or None, words=given.get("words", "")
    )


def parse_chat(given: Mapping[str, str]) -> str:
    """The chat that an address names. Raises ValueError."""
    chat = given.get("chat", "")
    if users.find_chat(chat) is None:
        raise ValueError
    return chat


def parse_id(given: str) -> int:
    """The id of a message. Raises ValueError."""
    if not given.isdecimal() or len(given) > 16:
        raise ValueError
    return int(given)


def _encode_result(result: Result) -> WireResult:
    return {
        "message": str(result.message),
        "owner": result.owner,
        "request": result.request,
        "at": result.created_at,
        "pictures": [{**encode_upload(file), "alt": file.alt} for file in result.pictures],
    }
