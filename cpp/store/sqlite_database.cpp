#include "store/sqlite_database.hpp"

#include <algorithm>
#include <limits>

namespace chatterlink::store {
namespace {

[[noreturn]] void raise(sqlite3* connection, int code) {
    const char* message = connection != nullptr ? sqlite3_errmsg(connection) : sqlite3_errstr(code);
    throw sqlite_error(connection != nullptr ? sqlite3_extended_errcode(connection) : code, message);
}

}  // namespace

sqlite_statement::sqlite_statement(sqlite3* connection, std::string_view sql) {
    sqlite3_stmt* raw = nullptr;
    const int code = sqlite3_prepare_v3(connection, sql.data(), static_cast<int>(sql.size()),
                                        SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    statement_.reset(raw);
    if (code != SQLITE_OK) raise(connection, code);
}

bool sqlite_statement::rows::next() {
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code != SQLITE_DONE) raise(sqlite3_db_handle(statement_), code);
    return false;
}

std::string_view sqlite_statement::rows::text(int column) const {
    // The text first, then its length: sqlite.org/c3ref/column_blob.html.
    const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
    if (text == nullptr) return {};
    return {text, static_cast<std::size_t>(sqlite3_column_bytes(statement_, column))};
}

void sqlite_statement::bind(int index, std::string_view text) {
    const char* data = text.data() != nullptr ? text.data() : "";  // a null pointer would bind NULL
    const int code =
        sqlite3_bind_text64(statement_.get(), index, data, text.size(), SQLITE_STATIC, SQLITE_UTF8);
    if (code != SQLITE_OK) raise(sqlite3_db_handle(statement_.get()), code);
}

void sqlite_statement::bind_integer(int index, std::int64_t value) {
    const int code = sqlite3_bind_int64(statement_.get(), index, value);
    if (code != SQLITE_OK) raise(sqlite3_db_handle(statement_.get()), code);
}

sqlite_database::sqlite_database(const std::filesystem::path& path, std::chrono::milliseconds busy_timeout) {
    sqlite3* raw = nullptr;
    const int code =
        sqlite3_open_v2(path.c_str(), &raw, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    connection_.reset(raw);  // there is one to close even when opening failed
    if (code != SQLITE_OK) raise(raw, code);
    sqlite3_extended_result_codes(raw, 1);
    const auto timeout = std::clamp<std::int64_t>(busy_timeout.count(), 0, std::numeric_limits<int>::max());
    sqlite3_busy_timeout(raw, static_cast<int>(timeout));
}

void sqlite_database::execute(const char* sql) {
    const int code = sqlite3_exec(connection_.get(), sql, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) raise(connection_.get(), code);
}

std::int64_t sqlite_database::integer(std::string_view sql) const {
    auto statement = prepare(sql);
    auto rows = statement.query();
    if (!rows.next()) throw sqlite_error(SQLITE_DONE, "no row");
    return rows.integer(0);
}

std::string sqlite_database::string(std::string_view sql) const {
    auto statement = prepare(sql);
    auto rows = statement.query();
    if (!rows.next()) throw sqlite_error(SQLITE_DONE, "no row");
    return rows.string(0);
}

void sqlite_database::rollback() noexcept {
    if (sqlite3_get_autocommit(connection_.get()) == 0) {
        sqlite3_exec(connection_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
    }
}

void sqlite_database::watch_log(int& pages) noexcept {
    const auto note = [](void* into, sqlite3*, const char*, int now) noexcept {
        *static_cast<int*>(into) = now;
        return SQLITE_OK;
    };
    sqlite3_wal_hook(connection_.get(), note, &pages);
}

void sqlite_database::sync() {
    // By way of SQLite's own file: closing another descriptor of it would drop the locks this process has on
    // it (sqlite.org/howtocorrupt.html, 2.2).
    sqlite3_file* file = nullptr;
    int code = sqlite3_file_control(connection_.get(), "main", SQLITE_FCNTL_FILE_POINTER, &file);
    if (code == SQLITE_OK && file != nullptr && file->pMethods != nullptr)
        code = file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
    if (code != SQLITE_OK) throw sqlite_error(code, sqlite3_errstr(code));
}

}  // namespace chatterlink::store
