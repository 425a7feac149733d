#include "store/sqlite_migrations.hpp"

#include <array>
#include <string>

#include "base/log.hpp"

namespace chatterlink::store {
namespace {

// Each file is one raw string, so the programs need no data files and the build no generator.
constexpr std::array steps_known{
#include "store/sqlite/0001_initial.sql"
    ,
#include "store/sqlite/0002_messages_in_order.sql"
};

}  // namespace

std::span<const char* const> sqlite_migrations() {
    return steps_known;
}

std::int64_t room_to_migrate(const sqlite_database& database, std::span<const char* const> steps) {
    const auto version = database.integer("PRAGMA user_version");
    if (version == 0 || version >= static_cast<std::int64_t>(steps.size())) return 0;
    return migration_room * database.integer("PRAGMA page_count") * database.integer("PRAGMA page_size");
}

base::result<void> migrate(sqlite_database& database, std::span<const char* const> steps) {
    const auto known = static_cast<std::int64_t>(steps.size());
    if (database.integer("PRAGMA user_version") == known) return {};
    database.execute("BEGIN IMMEDIATE");
    try {
        const auto version = database.integer("PRAGMA user_version");  // now nobody else can be changing it
        if (version > known) {
            database.rollback();
            return base::fail(base::errc::io_failed, "it was made by a newer ChatterLink (schema " +
                                                         std::to_string(version) + ", this program knows " +
                                                         std::to_string(known) + ")");
        }
        if (version > 0 && version < known) {
            spdlog::info("store: the database is brought from schema {} to {}; a large one takes a while",
                         version, known);
        }
        for (auto step = version; step < known; ++step)
            database.execute(steps[static_cast<std::size_t>(step)]);
        database.execute(("PRAGMA user_version = " + std::to_string(known)).c_str());
        database.execute("COMMIT");
    } catch (...) {
        database.rollback();
        throw;
    }
    return {};
}

}  // namespace chatterlink::store
