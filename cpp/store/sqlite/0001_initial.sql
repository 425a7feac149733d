R"sql(
-- Schema 1. The file is a C++ raw string (first and last line) and part of the program: see sqlite_migrations.cpp.
-- A schema that has been released never changes; changes are new files, 0002_….sql and so on.

-- "CHLK": says in the file's header whose database it is (sqlite.org/fileformat2.html, application id).
PRAGMA application_id = 0x43484C4B;

CREATE TABLE rooms (
    room_id  INTEGER PRIMARY KEY,
    name     TEXT    NOT NULL UNIQUE,
    last_seq INTEGER NOT NULL DEFAULT 0,   -- of the newest message; kept here so that starting needs no scan
    topic    TEXT    NOT NULL DEFAULT ''
);

CREATE TABLE messages (
    message_id  INTEGER PRIMARY KEY,       -- inside the database only; a search index can refer to it
    room_id     INTEGER NOT NULL REFERENCES rooms (room_id),
    seq         INTEGER NOT NULL,          -- 1, 2, 3 … in its room
    id          TEXT    NOT NULL UNIQUE,   -- the one users see
    username    TEXT    NOT NULL,
    text        TEXT    NOT NULL,
    timestamp   INTEGER NOT NULL,          -- milliseconds since 1970
    client_id   TEXT    NOT NULL DEFAULT '',
    reply_to    TEXT    NOT NULL DEFAULT '',
    attachments INTEGER NOT NULL DEFAULT 0 -- how many rows in the table attachments
);

CREATE UNIQUE INDEX messages_by_seq ON messages (room_id, seq);

-- A retry never makes a second copy.
CREATE UNIQUE INDEX messages_by_client_id ON messages (room_id, username, client_id) WHERE client_id <> '';

-- What a message carries, as it was when it was sent.
CREATE TABLE attachments (
    message_id INTEGER NOT NULL REFERENCES messages (message_id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    name       TEXT    NOT NULL,
    original   TEXT    NOT NULL,
    type       TEXT    NOT NULL,
    size       INTEGER NOT NULL,           -- bytes
    width      INTEGER NOT NULL,           -- pixels, 0: unknown
    height     INTEGER NOT NULL,
    thumbnail  TEXT    NOT NULL DEFAULT '',
    PRIMARY KEY (message_id, position)
) WITHOUT ROWID;

CREATE TABLE uploads (
    name      TEXT    PRIMARY KEY,
    original  TEXT    NOT NULL,
    type      TEXT    NOT NULL,
    size      INTEGER NOT NULL,
    width     INTEGER NOT NULL,
    height    INTEGER NOT NULL,
    thumbnail TEXT    NOT NULL DEFAULT ''
);
)sql"
