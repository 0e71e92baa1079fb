#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"

struct sqlite3;
struct sqlite3_stmt;

// SQLite, as results. A file is hostile: no trigger or view of it runs.

namespace nsmap::history {

struct Blob {
  std::string_view bytes;
};

// What a ? of a statement stands for; monostate: NULL.
using Value = std::variant<std::monostate, std::int64_t, std::string_view, Blob>;

// A row of an answer, valid until the next. Columns count from 0.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  bool is_null(int column) const;
  std::int64_t number(int column) const;
  std::string_view bytes(int column) const;  // of a text or blob

 private:
  sqlite3_stmt* statement_;
};

// A connection, for one thread at a time. Errors begin with the file's name; a file that is no
// database, or is damaged, is one of kind usage.
class Database {
 public:
  // `create`: makes the file where there is none.
  static Result<Database> open(const std::string& path, bool create);

  const std::string& path() const { return path_; }
  // Runs one statement and hands its rows to `each`. Waits for other writers, but not for ever.
  Result<void> run(const char* sql, std::initializer_list<Value> values = {},
                   const std::function<void(const Row&)>& each = {});
  // The number that is the statement's first answer; 0: there is none.
  Result<std::int64_t> number(const char* sql, std::initializer_list<Value> values = {});
  std::int64_t last_id() const;
  // How many rows the last statement that changed any did.
  std::int64_t changes() const;
  tl::unexpected<Error> damaged(std::string_view why) const;

 private:
  struct Close {
    void operator()(sqlite3* handle) const;
  };
  Database(std::string path, sqlite3* handle) : path_(std::move(path)), handle_(handle) {}
  tl::unexpected<Error> failure() const;

  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// What is done between its beginning and commit() is done as a whole or, where that is not reached,
// not at all.
class Transaction {
 public:
  enum class Kind {
    reading,  // one state of the file, whatever others write
    writing,  // alone among writers
  };
  static Result<Transaction> begin(Database& database, Kind kind);
  Transaction(Transaction&& other) noexcept;
  Transaction& operator=(Transaction&&) = delete;
  ~Transaction();
  Result<void> commit();

 private:
  explicit Transaction(Database& database) : database_(&database) {}
  Database* database_;  // null: it is over
};

}  // namespace nsmap::history
