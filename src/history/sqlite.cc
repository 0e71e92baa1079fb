#include "history/sqlite.h"

#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

namespace nsmap::history {
namespace {

// How long to wait for another writer, who takes some milliseconds.
constexpr int kPatienceMs = 20'000;

struct Finalize {
  void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
};
using Statement = std::unique_ptr<sqlite3_stmt, Finalize>;

int bind(sqlite3_stmt* statement, int at, const Value& value) {
  struct Binder {
    sqlite3_stmt* statement;
    int at;
    int operator()(std::monostate) const { return sqlite3_bind_null(statement, at); }
    int operator()(std::int64_t number) const { return sqlite3_bind_int64(statement, at, number); }
    int operator()(std::string_view text) const {
      return sqlite3_bind_text64(statement, at, text.data(), text.size(), SQLITE_STATIC,
                                 SQLITE_UTF8);
    }
    int operator()(Blob blob) const {
      return sqlite3_bind_blob64(statement, at, blob.bytes.data(), blob.bytes.size(),
                                 SQLITE_STATIC);
    }
  };
  return std::visit(Binder{statement, at}, value);
}

// What SQLite's documentation advises for files that come from somebody else
// (sqlite.org/security.html).
void distrust(sqlite3* handle) {
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_ENABLE_VIEW, 0, nullptr);
  sqlite3_exec(handle, "PRAGMA cell_size_check = ON", nullptr, nullptr, nullptr);
}

}  // namespace

bool Row::is_null(int column) const {
  return sqlite3_column_type(statement_, column) == SQLITE_NULL;
}

std::int64_t Row::number(int column) const { return sqlite3_column_int64(statement_, column); }

std::string_view Row::bytes(int column) const {
  const void* const data = sqlite3_column_blob(statement_, column);
  const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return {static_cast<const char*>(data), data ? size : 0};
}

void Database::Close::operator()(sqlite3* handle) const { sqlite3_close_v2(handle); }

Result<Database> Database::open(const std::string& path, bool create) {
  sqlite3* handle = nullptr;
  const int flags = SQLITE_OPEN_READWRITE | (create ? SQLITE_OPEN_CREATE : 0);
  const int code = sqlite3_open_v2(path.c_str(), &handle, flags, nullptr);
  Database database(path, handle);
  if (code != SQLITE_OK) return database.failure();
  sqlite3_busy_timeout(handle, kPatienceMs);
  distrust(handle);
  return database;
}

Result<void> Database::run(const char* sql, std::initializer_list<Value> values,
                           const std::function<void(const Row&)>& each) {
  sqlite3_stmt* prepared = nullptr;
  if (sqlite3_prepare_v2(handle_.get(), sql, -1, &prepared, nullptr) != SQLITE_OK) return failure();
  const Statement statement(prepared);
  int at = 0;
  for (const Value& value : values)
    if (bind(prepared, ++at, value) != SQLITE_OK) return failure();
  int code = sqlite3_step(prepared);
  for (; code == SQLITE_ROW; code = sqlite3_step(prepared))
    if (each) each(Row(prepared));
  if (code != SQLITE_DONE) return failure();
  return {};
}

Result<std::int64_t> Database::number(const char* sql, std::initializer_list<Value> values) {
  std::int64_t number = 0;
  return run(sql, values, [&](const Row& row) { number = row.number(0); }).map([&] {
    return number;
  });
}

std::int64_t Database::last_id() const { return sqlite3_last_insert_rowid(handle_.get()); }

std::int64_t Database::changes() const { return sqlite3_changes64(handle_.get()); }

tl::unexpected<Error> Database::damaged(std::string_view why) const {
  return usage_error(fmt::format("{}: damaged: {}", path_, why),
                     "another file with --history; what can be saved, sqlite3's .recover saves");
}

tl::unexpected<Error> Database::failure() const {
  const char* const why = sqlite3_errmsg(handle_.get());
  switch (sqlite3_errcode(handle_.get()) & 0xff) {
    case SQLITE_NOTADB:
      return usage_error(fmt::format("{}: not an nsmap history", path_),
                         "a file that nsmap history save made");
    case SQLITE_CORRUPT:
    case SQLITE_ERROR:
    case SQLITE_SCHEMA:
    case SQLITE_MISMATCH:
      return damaged(why);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return change_error(fmt::format("{}: another program holds its lock", path_), "again later");
    case SQLITE_READONLY:
    case SQLITE_FULL:
      return change_error(fmt::format("writing {}: {}", path_, why));
    default:
      return read_error(fmt::format("opening {}: {}", path_, why));
  }
}

Result<Transaction> Transaction::begin(Database& database, Kind kind) {
  if (const auto begun = database.run(kind == Kind::writing ? "BEGIN IMMEDIATE" : "BEGIN"); !begun)
    return tl::unexpected(begun.error());
  return Transaction(database);
}

Transaction::Transaction(Transaction&& other) noexcept
    : database_(std::exchange(other.database_, nullptr)) {}

Transaction::~Transaction() {
  if (database_) (void)database_->run("ROLLBACK");
}

Result<void> Transaction::commit() {
  auto done = database_->run("COMMIT");
  if (done) database_ = nullptr;
  return done;
}

}  // namespace nsmap::history
