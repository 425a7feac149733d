R"sql(
-- A message's row number says its room and its seq. So an append goes to the end of one tree (it went to three), what
-- is read together lies together, and the file is a fifth smaller.
--
-- Not carried over: the uniqueness of id (random enough, and nothing looks a message up by it yet), and the reference
-- to rooms (the writer has read or made that row in the same transaction). Both cost each append a search.

CREATE TABLE messages_2 (
    message_id  INTEGER PRIMARY KEY,       -- room_id * 2^36 + seq, see message_row() in sqlite_rows.hpp
    room_id     INTEGER NOT NULL GENERATED ALWAYS AS (message_id >> 36) VIRTUAL,
    seq         INTEGER NOT NULL GENERATED ALWAYS AS (message_id & 0xFFFFFFFFF) VIRTUAL,  -- 1, 2, 3 … in its room
    id          TEXT    NOT NULL,          -- the one users see
    username    TEXT    NOT NULL,
    text        TEXT    NOT NULL,
    timestamp   INTEGER NOT NULL,          -- milliseconds since 1970
    client_id   TEXT    NOT NULL DEFAULT '',
    reply_to    TEXT    NOT NULL DEFAULT '',
    attachments INTEGER NOT NULL DEFAULT 0 -- how many rows in the table attachments
);

INSERT INTO messages_2 (message_id, id, username, text, timestamp, client_id, reply_to, attachments)
    SELECT (room_id << 36) + seq, id, username, text, timestamp, client_id, reply_to, attachments
    FROM messages ORDER BY room_id, seq;

-- New numbers are all above the old ones (a room_id is at least 1), so none meets another on its way.
UPDATE attachments SET message_id =
    (SELECT (m.room_id << 36) + m.seq FROM messages AS m WHERE m.message_id = attachments.message_id);

DROP TABLE messages;
ALTER TABLE messages_2 RENAME TO messages;

-- A retry never makes a second copy.
CREATE UNIQUE INDEX messages_by_client_id ON messages (room_id, username, client_id) WHERE client_id <> '';
)sql"
