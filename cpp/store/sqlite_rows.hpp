// Rows of the schema as the values of chat/types.hpp. Shared by the writing and the reading connection.
#pragma once

#include <string>
#include <string_view>

#include "chat/types.hpp"
#include "store/sqlite_database.hpp"

namespace chatterlink::store {

/// The start of a SELECT for read_message(); a WHERE follows.
inline constexpr std::string_view select_messages =
    "SELECT message_id, seq, id, username, text, timestamp, client_id, reply_to, attachments FROM messages ";

/// A SELECT for read_attachments(): ?1 is a message_id.
inline constexpr std::string_view select_attachments =
    "SELECT name, original, type, size, width, height, thumbnail FROM attachments WHERE message_id = ?1"
    " ORDER BY position";

/// The columns of an upload, `first` being its name.
chat::upload read_upload(const sqlite_statement::rows& row, int first = 0);

/// The message in the present row. `attachments` is a prepared select_attachments, run only when there are
/// some. Throws sqlite_error.
chat::message read_message(const sqlite_statement::rows& row, const std::string& room,
                           sqlite_statement& attachments);

}  // namespace chatterlink::store
