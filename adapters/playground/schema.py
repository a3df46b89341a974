"""The tables of the playground's own SQLite file. Only room.py speaks to them."""

TABLES = """
CREATE TABLE IF NOT EXISTS files (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    media_type  TEXT NOT NULL,
    size        INTEGER NOT NULL,
    width       INTEGER,
    height      INTEGER,
    data        BLOB NOT NULL,
    at          TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS messages (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,  -- so no id ever comes again
    chat        TEXT NOT NULL,
    sender      TEXT NOT NULL,
    locale      TEXT,
    text        TEXT NOT NULL,
    buttons     TEXT NOT NULL DEFAULT '[]',
    reply_to    INTEGER REFERENCES messages (id),
    at          TEXT NOT NULL,
    edited      INTEGER NOT NULL DEFAULT 0,
    deleted     INTEGER NOT NULL DEFAULT 0,
    occasion    TEXT UNIQUE,     -- a member's nonce or the bot's key: the same occasion is one message
    delivery    TEXT,            -- the key of the delivery whose pictures the message shows
    untold      INTEGER NOT NULL DEFAULT 0  -- 1 until the bot has taken the message in
);
CREATE INDEX IF NOT EXISTS messages_of_chat ON messages (chat, id) WHERE NOT deleted;
CREATE INDEX IF NOT EXISTS messages_untold ON messages (id) WHERE untold;
CREATE TABLE IF NOT EXISTS attached (
    message     INTEGER NOT NULL REFERENCES messages (id),
    position    INTEGER NOT NULL,
    file        TEXT NOT NULL REFERENCES files (id),
    alt         TEXT NOT NULL,
    PRIMARY KEY (message, position)
);
CREATE INDEX IF NOT EXISTS attached_files ON attached (file);
"""

PRAGMAS = """
PRAGMA journal_mode = WAL;
PRAGMA synchronous = NORMAL;
PRAGMA busy_timeout = 5000;
PRAGMA foreign_keys = ON;
"""

ENTRIES = """
SELECT m.id, m.chat, m.sender, m.locale, substr(m.text, 1, :length) AS text, length(m.text) AS letters,
       m.buttons, m.at, m.edited, m.deleted, m.delivery, m.reply_to,
       r.sender AS quoted_sender, substr(r.text, 1, :quoted) AS quoted_text, r.deleted AS quoted_deleted,
       (SELECT file FROM attached WHERE message = r.id ORDER BY position LIMIT 1) AS quoted_file
FROM messages m LEFT JOIN messages r ON r.id = m.reply_to
"""

FILES_OF = """
SELECT a.message, a.alt, f.id, f.name, f.media_type, f.size, f.width, f.height
FROM attached a JOIN files f ON f.id = a.file
"""

DROP_LOOSE = "DELETE FROM files WHERE at < ? AND NOT EXISTS (SELECT 1 FROM attached WHERE file = files.id)"
