// Rows of the schema as the values of chat/types.hpp. Shared by the writing and the reading connection.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>

#include "chat/types.hpp"
#include "store/sqlite_database.hpp"

namespace chatterlink::store {

// A message's row number holds its room and its seq (0002_messages_in_order.sql): 2^27 rooms that have
// messages and 2^36 messages in one are as many as a database numbers.
inline constexpr int seq_bits = 36;
inline constexpr std::uint64_t last_seq_possible = (std::uint64_t{1} << seq_bits) - 1;
inline constexpr std::int64_t last_room_id_possible = (std::int64_t{1} << (63 - seq_bits)) - 1;

/// The row of a message of a room (1 and up). A seq that is too large counts as the last one.
constexpr std::int64_t message_row(std::int64_t room_id, std::uint64_t seq) noexcept {
    return (room_id << seq_bits) + static_cast<std::int64_t>(std::min(seq, last_seq_possible));
}

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
