#include "store/sqlite_rows.hpp"

namespace chatterlink::store {

chat::upload read_upload(const sqlite_statement::rows& row, int first) {
    return {.name = row.string(first),
            .original = row.string(first + 1),
            .type = row.string(first + 2),
            .size = static_cast<std::uint64_t>(row.integer(first + 3)),
            .width = static_cast<std::uint32_t>(row.integer(first + 4)),
            .height = static_cast<std::uint32_t>(row.integer(first + 5)),
            .thumbnail = row.string(first + 6)};
}

chat::message read_message(const sqlite_statement::rows& row, const std::string& room,
                           sqlite_statement& attachments) {
    chat::message out{.id = row.string(2),
                      .room = room,
                      .seq = static_cast<std::uint64_t>(row.integer(1)),
                      .username = row.string(3),
                      .text = row.string(4),
                      .timestamp = row.integer(5),
                      .client_id = row.string(6),
                      .reply_to = row.string(7)};
    if (const auto count = row.integer(8); count > 0) {
        out.attachments.reserve(static_cast<std::size_t>(count));
        auto rows = attachments.query(row.integer(0));
        while (rows.next()) out.attachments.push_back(read_upload(rows));
    }
    return out;
}

}  // namespace chatterlink::store
