// The schema's versions. PRAGMA user_version of a file says how many of them it has had.
#pragma once

#include <span>

#include "base/error.hpp"
#include "store/sqlite_database.hpp"

namespace chatterlink::store {

/// Every step from an empty file (version 0) to the present schema, in order: the n-th leads to version n.
std::span<const char* const> sqlite_migrations();

/// Brings a database to version steps.size(), all missing steps in one transaction: afterwards either all are
/// done or nothing has changed. Two processes may do it at once. Changes nothing when the file has the
/// version already. Errors: io_failed when the file has a newer version. Throws sqlite_error when a step
/// fails.
base::result<void> migrate(sqlite_database& database, std::span<const char* const> steps);

}  // namespace chatterlink::store
