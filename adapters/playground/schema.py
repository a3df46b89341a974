"""Tables and statements of the playground's own SQLite file. Only database.py runs them."""

from collections.abc import Iterable

TABLES = """
CREATE TABLE IF NOT EXISTS files (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    size        INTEGER NOT NULL,
    width       INTEGER,
    height      INTEGER,
    data        BLOB NOT NULL,
    created_at  TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,  -- so that no id is ever used again
    chat        TEXT NOT NULL,
    sender      TEXT NOT NULL,
    locale      TEXT,
    text        TEXT NOT NULL,
    buttons     TEXT NOT NULL DEFAULT '[]',
    reply_to    INTEGER REFERENCES messages (id),
    source      TEXT,              -- the picture that a reply is about, or that a result was made from
    created_at  TEXT NOT NULL,
    edited      INTEGER NOT NULL DEFAULT 0,
    deleted     INTEGER NOT NULL DEFAULT 0,
    idempotency_key TEXT UNIQUE,   -- a user's nonce or the bot's key: the same key is one message
    delivery_key    TEXT,          -- of the delivery whose pictures the message shows
    pending     INTEGER NOT NULL DEFAULT 0  -- 1 until the core has accepted a user's message
);
CREATE INDEX IF NOT EXISTS messages_of_chat ON messages (chat, id) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS messages_pending ON messages (id) WHERE pending;
CREATE TABLE IF NOT EXISTS attachments (
    message     INTEGER NOT NULL REFERENCES messages (id),
    position    INTEGER NOT NULL,
    file        TEXT NOT NULL REFERENCES files (id),
    alt         TEXT NOT NULL,
    PRIMARY KEY (message, position)
);
CREATE INDEX IF NOT EXISTS attachments_of_file ON attachments (file);
"""

PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA busy_timeout = 5000;
PRAGMA foreign_keys = ON;
"""

SELECT_MESSAGES = """
SELECT m.id, m.chat, m.sender, m.locale, substr(m.text, 1, :text_length) AS text, length(m.text) AS characters,
       m.buttons, m.created_at, m.edited, m.deleted, m.delivery_key, m.reply_to,
       (SELECT id FROM files WHERE id = m.source) AS source,
       r.sender AS quoted_sender, substr(r.text, 1, :quote_length) AS quoted_text, r.deleted AS quoted_deleted,
       coalesce((SELECT file FROM attachments WHERE message = r.id AND file = m.source LIMIT 1),
                (SELECT file FROM attachments WHERE message = r.id ORDER BY position LIMIT 1)) AS quoted_file
FROM messages m LEFT JOIN messages r ON r.id = m.reply_to
"""

NEWEST_IDS = "SELECT id FROM messages WHERE chat = :chat AND NOT deleted ORDER BY id DESC LIMIT :count"

SELECT_FILES = """
SELECT a.message, a.alt, f.id, f.name, f.media_type, f.size, f.width, f.height
FROM attachments a JOIN files f ON f.id = a.file
"""

_IS_BUTTONS = (  # an array of objects
    "CASE WHEN typeof(buttons) = 'text' AND json_valid(buttons) THEN json_type(buttons) = 'array' AND NOT EXISTS"
    " (SELECT 1 FROM json_each(buttons) WHERE type <> 'object') ELSE 0 END"
)
_IS_MESSAGE = (
    "typeof(chat) = 'text' AND chat IN ({chats}) AND typeof(sender) = 'text' AND sender IN ({senders})"  # noqa: S608 - of constants
    " AND typeof(text) = 'text' AND typeof(created_at) = 'text' AND typeof(locale) IN ('text', 'null')"
    " AND typeof(source) IN ('text', 'null')"
    " AND typeof(reply_to) IN ('integer', 'null') AND (reply_to IS NULL OR reply_to IN (SELECT id FROM messages))"
    " AND edited IN (0, 1) AND deleted IN (0, 1) AND pending IN (0, 1) AND typeof(idempotency_key) IN ('text', 'null')"
    " AND typeof(delivery_key) IN ('text', 'null') AND " + _IS_BUTTONS
)
_IS_FILE = (
    "typeof(id) = 'text' AND typeof(name) = 'text' AND typeof(media_type) = 'text' AND typeof(size) = 'integer'"
    " AND typeof(width) IN ('integer', 'null') AND typeof(height) IN ('integer', 'null')"
    " AND typeof(data) = 'blob' AND typeof(created_at) = 'text'"
)
_IS_ATTACHMENT = (
    "typeof(position) = 'integer' AND typeof(alt) = 'text' AND message IN (SELECT id FROM messages)"  # noqa: S608 - of constants
    " AND file IN (SELECT id FROM files WHERE " + _IS_FILE + ")"
)

_DELETE_MESSAGES = (
    "UPDATE messages SET chat = 'studio', sender = 'easel', locale = NULL, text = '', buttons = '[]', reply_to = NULL,"
    " source = NULL, created_at = '', edited = 0, deleted = 1, idempotency_key = NULL, delivery_key = NULL, pending = 0"
)


def set_aside_unreadable(chats: Iterable[str], senders: Iterable[str]) -> dict[str, str]:
    """Statements, by table and in order, that take out what no page and no core could read: a message becomes a deleted
    one, so that its id stays known; a file and an attachment go. `chats`, `senders`: the known ids."""
    known = {name: ", ".join(f"'{each}'" for each in ids) for name, ids in (("chats", chats), ("senders", senders))}
    return {
        "attachments": f"DELETE FROM attachments WHERE NOT coalesce({_IS_ATTACHMENT}, 0)",  # noqa: S608 - of constants
        "files": f"DELETE FROM files WHERE NOT coalesce({_IS_FILE}, 0)",  # noqa: S608 - of constants
        "messages": f"{_DELETE_MESSAGES} WHERE NOT coalesce({_IS_MESSAGE.format(**known)}, 0)",
    }


DELETE_UNATTACHED_FILES = (
    "DELETE FROM files WHERE created_at < ? AND NOT EXISTS (SELECT 1 FROM attachments WHERE file = files.id)"
)
