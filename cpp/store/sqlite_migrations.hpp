// The schema's versions. PRAGMA user_version of a file says how many of them it has had.
#pragma once

#include <cstdint>
#include <span>

#include "base/error.hpp"
#include "store/sqlite_database.hpp"

namespace chatterlink::store {

/// Every step from an empty file (version 0) to the present schema, in order: the n-th leads to version n.
std::span<const char* const> sqlite_migrations();

/// What migrate() may need on the disk beside the file as it is: the log of the new pages, the file's growth,
/// and some air, in multiples of the file's size.
inline constexpr std::int64_t migration_room = 3;

/// So many bytes; 0 when there is nothing to bring to another version. Throws sqlite_error.
std::int64_t room_to_migrate(const sqlite_database& database, std::span<const char* const> steps);

/// Brings a database to version steps.size(), all missing steps in one transaction: afterwards either all are
/// done or nothing has changed. Two processes may do it at once. Changes nothing when the file has the
/// version already. Errors: io_failed when the file has a newer version. Throws sqlite_error when a step
/// fails.
base::result<void> migrate(sqlite_database& database, std::span<const char* const> steps);

}  // namespace chatterlink::store
