#include "history/store.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <openssl/evp.h>

#include <chrono>
#include <filesystem>
#include <thread>
#include <unordered_map>

#include "codec/compress.h"
#include "history/parts.h"
#include "history/sqlite.h"

namespace nsmap::history {
namespace {

namespace fs = std::filesystem;

// In the header of the file (sqlite.org/fileformat.html): "nsmp", and the version of the tables,
// which goes up when an older nsmap would misunderstand them.
constexpr std::int64_t kApplication = 0x6e736d70;
constexpr std::int64_t kVersion = 1;

constexpr const char* kTables[] = {
    // base: the part whose text was the base of this one's frame. steps: how many bases there are,
    // one on the other.
    "CREATE TABLE part (id INTEGER PRIMARY KEY, hash BLOB NOT NULL UNIQUE, subject TEXT NOT NULL,"
    " base INTEGER, steps INTEGER NOT NULL, frame BLOB NOT NULL) STRICT",
    // parts: a JSON list of part.id.
    "CREATE TABLE snapshot (id INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL,"
    " hostname TEXT NOT NULL, namespaces INTEGER NOT NULL, parts TEXT NOT NULL,"
    " part_count INTEGER NOT NULL, new_parts INTEGER NOT NULL, added INTEGER NOT NULL,"
    " since INTEGER, changes TEXT NOT NULL) STRICT",
    "CREATE INDEX snapshot_time ON snapshot (time, id)",
    "PRAGMA application_id = 0x6e736d70",
    "PRAGMA user_version = 1",
};

// More bases make loading slower, fewer make the file larger: a sixteenth of a whole part for each
// snapshot in which it changes is little.
constexpr std::int64_t kMostSteps = 16;

// A part of a host with 100,000 namespaces has a tenth of that.
constexpr std::size_t kLargestPart = std::size_t{1} << 30;

std::string sha256(std::string_view text) {
  std::string hash(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  if (EVP_Digest(text.data(), text.size(), reinterpret_cast<unsigned char*>(hash.data()), &size,
                 EVP_sha256(), nullptr) != 1)
    std::abort();  // no memory
  hash.resize(size);
  return hash;
}

struct StoredPart {
  std::int64_t id = 0;
  std::string hash;
  std::optional<std::int64_t> base;
  std::int64_t steps = 0;
  std::string frame;
};

constexpr const char* kPartColumns = "part.id, part.hash, part.base, part.steps, part.frame";

StoredPart part_of(const Row& row) {
  StoredPart part{
      row.number(0), std::string(row.bytes(1)), {}, row.number(3), std::string(row.bytes(4))};
  if (!row.is_null(2)) part.base = row.number(2);
  return part;
}

Entry entry_of(const Row& row) {
  Entry entry;
  entry.id = row.number(0);
  entry.time_ns = row.number(1);
  entry.hostname = row.bytes(2);
  entry.namespaces = static_cast<std::uint64_t>(row.number(3));
  entry.parts = static_cast<std::uint64_t>(row.number(4));
  entry.new_parts = static_cast<std::uint64_t>(row.number(5));
  entry.added = static_cast<std::uint64_t>(row.number(6));
  if (!row.is_null(7)) entry.since = row.number(7);
  entry.changes = row.bytes(8);
  return entry;
}

// Makes the file ready for its first snapshot; another process may be about to do the same.
Result<void> make_tables(Database& database) {
  // Both are of the file and take no transaction. auto_vacuum comes before the first page is
  // written; journal_mode does not wait for a lock by itself.
  auto ready = database.run("PRAGMA auto_vacuum = INCREMENTAL");
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  do {
    ready = database.run("PRAGMA journal_mode = WAL");
    if (!ready) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  } while (!ready && ready.error().kind == Error::Kind::undone &&
           std::chrono::steady_clock::now() < deadline);
  if (!ready) return ready;
  auto transaction = Transaction::begin(database, Transaction::Kind::writing);
  if (!transaction) return tl::unexpected(transaction.error());
  const auto made = database.number("SELECT count(*) FROM sqlite_schema");
  if (!made) return tl::unexpected(made.error());
  if (*made != 0) return {};
  for (const char* const statement : kTables)
    if (auto done = database.run(statement); !done) return done;
  return transaction->commit();
}

// Whether it is a history that this program understands.
Result<void> check(Database& database) {
  const auto application = database.number("PRAGMA application_id");
  const auto version = database.number("PRAGMA user_version");
  if (!application) return tl::unexpected(application.error());
  if (!version) return tl::unexpected(version.error());
  if (*application != kApplication)
    return usage_error(fmt::format("{}: not an nsmap history", database.path()),
                       "a file that nsmap history save made");
  if (*version > kVersion)
    return usage_error(fmt::format("{}: a history of version {}, and this nsmap reads up to {}",
                                   database.path(), *version, kVersion),
                       "a newer nsmap");
  return {};
}

tl::unexpected<Error> none_yet(const std::string& path) {
  return usage_error(fmt::format("{}: there is no history yet", path), "nsmap history save");
}

// Only its owner sees into a directory that is made for a history: command lines tell secrets.
Result<void> make_directory_of(const std::string& path) {
  const fs::path directory = fs::path(path).parent_path();
  std::error_code error;
  if (directory.empty() || fs::exists(directory, error)) return {};
  fs::create_directories(directory, error);
  if (!error) fs::permissions(directory, fs::perms::owner_all, error);
  if (error)
    return change_error(fmt::format("making {}: {}", directory.string(), error.message()),
                        "another place with --history");
  return {};
}

}  // namespace

class Store::Impl {
 public:
  explicit Impl(Database database) : database_(std::move(database)) {}

  Result<Entry> save(const model::Snapshot& snapshot, const Tell& tell);
  Result<std::vector<Entry>> list();
  Result<model::Snapshot> load(std::int64_t id);
  Result<Pruned> prune(const PruneRule& rule, bool dry_run);

 private:
  // Parts by subject.
  using Bases = std::unordered_map<std::string, std::int64_t>;
  struct Added {
    std::int64_t id = 0;
    std::uint64_t bytes = 0;  // 0: it was there
  };

  Result<std::string> text_of(const StoredPart& part);
  Result<StoredPart> find_part(std::int64_t id);
  Result<Bases> newest_parts();
  Result<Added> add_part(const Part& part, const Bases& bases);
  Result<StoredPart> pack(const Part& part, const Bases& bases);
  Result<void> add_parts(const std::vector<Part>& parts, Entry& entry, std::string& ids);
  Result<void> compare(Entry& entry, const Tell& tell);
  Result<void> insert(Entry& entry, const std::string& ids);
  Result<model::Snapshot> load_here(std::int64_t id);
  Result<void> remove(const PruneRule& rule, Pruned& pruned);
  Result<void> remove_parts(Pruned& pruned);

  Database database_;
};

// The text of a part, of whatever it stands on, and held against its hash.
Result<std::string> Store::Impl::text_of(const StoredPart& part) {
  std::string base;
  if (part.base) {
    const auto stored = find_part(*part.base);
    if (!stored) return tl::unexpected(stored.error());
    if (stored->steps >= part.steps) return database_.damaged("parts stand on each other");
    auto text = text_of(*stored);
    if (!text) return text;
    base = std::move(*text);
  }
  auto text = codec::decompress(part.frame, database_.path(), kLargestPart, base);
  if (text && sha256(*text) != part.hash) return database_.damaged("a part is not what it was");
  return text;
}

Result<StoredPart> Store::Impl::find_part(std::int64_t id) {
  std::optional<StoredPart> found;
  const std::string sql = fmt::format("SELECT {} FROM part WHERE id = ?", kPartColumns);
  const auto done = database_.run(sql.c_str(), {id}, [&](const Row& row) { found = part_of(row); });
  if (!done) return tl::unexpected(done.error());
  if (!found) return database_.damaged("a part is missing");
  if (found->steps < 0 || found->steps > kMostSteps)
    return database_.damaged("a part stands on too many");
  return std::move(*found);
}

// What new parts may stand on: the parts of the snapshot that was saved last.
Result<Store::Impl::Bases> Store::Impl::newest_parts() {
  Bases bases;
  return database_
      .run(
          "SELECT part.subject, part.id FROM snapshot, json_each(snapshot.parts) AS each"
          " JOIN part ON part.id = each.value"
          " WHERE snapshot.id = (SELECT max(id) FROM snapshot)",
          {}, [&](const Row& row) { bases.emplace(row.bytes(0), row.number(1)); })
      .map([&] { return std::move(bases); });
}

// The part's frame, alone or on a base, whichever is smaller.
Result<StoredPart> Store::Impl::pack(const Part& part, const Bases& bases) {
  StoredPart packed;
  packed.frame = codec::compress(part.text);
  const auto known = bases.find(part.subject);
  if (known == bases.end()) return packed;
  const auto base = find_part(known->second);
  if (!base) return tl::unexpected(base.error());
  if (base->steps >= kMostSteps) return packed;
  const auto text = text_of(*base);
  if (!text) return tl::unexpected(text.error());
  std::string frame = codec::compress(part.text, *text);
  if (frame.size() < packed.frame.size())
    packed = {0, {}, base->id, base->steps + 1, std::move(frame)};
  return packed;
}

Result<Store::Impl::Added> Store::Impl::add_part(const Part& part, const Bases& bases) {
  const std::string hash = sha256(part.text);
  const auto known = database_.number("SELECT id FROM part WHERE hash = ?", {Blob{hash}});
  if (!known) return tl::unexpected(known.error());
  if (*known != 0) return Added{*known, 0};
  const auto packed = pack(part, bases);
  if (!packed) return tl::unexpected(packed.error());
  const Value base = packed->base ? Value(*packed->base) : Value();
  const auto done = database_.run(
      "INSERT INTO part (hash, subject, base, steps, frame) VALUES (?, ?, ?, ?, ?)",
      {Blob{hash}, std::string_view(part.subject), base, packed->steps, Blob{packed->frame}});
  if (!done) return tl::unexpected(done.error());
  return Added{database_.last_id(), packed->frame.size() + hash.size()};
}

Result<void> Store::Impl::add_parts(const std::vector<Part>& parts, Entry& entry,
                                    std::string& ids) {
  const auto bases = newest_parts();
  if (!bases) return tl::unexpected(bases.error());
  std::vector<std::int64_t> list;
  for (const Part& part : parts) {
    const auto added = add_part(part, *bases);
    if (!added) return tl::unexpected(added.error());
    list.push_back(added->id);
    entry.new_parts += added->bytes != 0;
    entry.added += added->bytes;
  }
  ids = fmt::format("[{}]", fmt::join(list, ","));
  entry.parts = parts.size();
  entry.added += ids.size();
  return {};
}

// Has what changed since the snapshot before told.
Result<void> Store::Impl::compare(Entry& entry, const Tell& tell) {
  const auto before = database_.number(
      "SELECT id FROM snapshot WHERE time <= ? ORDER BY time DESC, id DESC LIMIT 1",
      {entry.time_ns});
  if (!before) return tl::unexpected(before.error());
  if (*before == 0 || !tell) return {};
  return load_here(*before).map([&](const model::Snapshot& snapshot) {
    entry.since = *before;
    entry.changes = tell(snapshot);
  });
}

Result<void> Store::Impl::insert(Entry& entry, const std::string& ids) {
  const auto number = [](std::uint64_t value) { return static_cast<std::int64_t>(value); };
  const Value since = entry.since ? Value(*entry.since) : Value();
  auto done = database_.run(
      "INSERT INTO snapshot (time, hostname, namespaces, parts, part_count, new_parts, added,"
      " since, changes) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {entry.time_ns, std::string_view(entry.hostname), number(entry.namespaces),
       std::string_view(ids), number(entry.parts), number(entry.new_parts), number(entry.added),
       since, std::string_view(entry.changes)});
  entry.id = database_.last_id();
  return done;
}

Result<Entry> Store::Impl::save(const model::Snapshot& snapshot, const Tell& tell) {
  const std::vector<Part> parts = split(snapshot);
  Entry entry;
  entry.time_ns = snapshot.host.time_ns;
  entry.hostname = snapshot.host.hostname;
  entry.namespaces = snapshot.namespaces.size();
  auto transaction = Transaction::begin(database_, Transaction::Kind::writing);
  if (!transaction) return tl::unexpected(transaction.error());
  std::string ids;
  return add_parts(parts, entry, ids)
      .and_then([&] { return compare(entry, tell); })
      .and_then([&] { return insert(entry, ids); })
      .and_then([&] { return transaction->commit(); })
      .map([&] { return std::move(entry); });
}

Result<std::vector<Entry>> Store::Impl::list() {
  std::vector<Entry> entries;
  return database_
      .run(
          "SELECT id, time, hostname, namespaces, part_count, new_parts, added, since, changes"
          " FROM snapshot ORDER BY time, id",
          {}, [&](const Row& row) { entries.push_back(entry_of(row)); })
      .map([&] { return std::move(entries); });
}

Result<model::Snapshot> Store::Impl::load(std::int64_t id) {
  // Nobody prunes under it.
  auto transaction = Transaction::begin(database_, Transaction::Kind::reading);
  if (!transaction) return tl::unexpected(transaction.error());
  return load_here(id);
}

Result<model::Snapshot> Store::Impl::load_here(std::int64_t id) {
  const auto wanted =
      database_.number("SELECT json_array_length(parts) FROM snapshot WHERE id = ?", {id});
  if (!wanted) return tl::unexpected(wanted.error());
  if (*wanted == 0) return usage_error(fmt::format("{}: no snapshot #{}", database_.path(), id));
  std::vector<StoredPart> parts;
  const std::string sql = fmt::format(
      "SELECT {} FROM snapshot, json_each(snapshot.parts) AS each"
      " JOIN part ON part.id = each.value WHERE snapshot.id = ? ORDER BY each.id",
      kPartColumns);
  const auto done =
      database_.run(sql.c_str(), {id}, [&](const Row& row) { parts.push_back(part_of(row)); });
  if (!done) return tl::unexpected(done.error());
  if (parts.size() != static_cast<std::size_t>(*wanted))
    return database_.damaged("a part is missing");
  std::vector<std::string> texts;
  for (const StoredPart& part : parts) {
    auto text = text_of(part);
    if (!text) return tl::unexpected(text.error());
    texts.push_back(std::move(*text));
  }
  return join(texts, fmt::format("{}: #{}", database_.path(), id));
}

// Counts a DELETE and what it deletes.
Result<void> Store::Impl::remove(const PruneRule& rule, Pruned& pruned) {
  const auto keep = rule.keep ? static_cast<std::int64_t>(*rule.keep) : -1;  // LIMIT -1: all
  const std::int64_t before = rule.before_ns.value_or(INT64_MIN);
  constexpr const char* kGoing =
      "time < ?1 OR id NOT IN (SELECT id FROM snapshot ORDER BY time DESC, id DESC LIMIT ?2)";
  const auto bytes = database_.number(
      fmt::format("SELECT sum(length(parts)) FROM snapshot WHERE {}", kGoing).c_str(),
      {before, keep});
  if (!bytes) return tl::unexpected(bytes.error());
  const auto done =
      database_.run(fmt::format("DELETE FROM snapshot WHERE {}", kGoing).c_str(), {before, keep});
  if (!done) return done;
  pruned.bytes += static_cast<std::uint64_t>(*bytes);
  pruned.removed = static_cast<std::uint64_t>(database_.changes());
  return {};
}

Result<void> Store::Impl::remove_parts(Pruned& pruned) {
  auto done = database_.run(
      "CREATE TEMP TABLE needed AS WITH RECURSIVE needed (id) AS ("
      " SELECT each.value FROM snapshot, json_each(snapshot.parts) AS each"
      " UNION SELECT part.base FROM part JOIN needed USING (id) WHERE part.base IS NOT NULL)"
      " SELECT id FROM needed");
  if (!done) return done;
  const auto bytes =
      database_.number("SELECT sum(length(frame) + length(hash)) FROM part WHERE id NOT IN needed");
  if (!bytes) return tl::unexpected(bytes.error());
  done = database_.run("DELETE FROM part WHERE id NOT IN needed");
  pruned.parts = static_cast<std::uint64_t>(database_.changes());
  pruned.bytes += static_cast<std::uint64_t>(*bytes);
  if (done) done = database_.run("DROP TABLE needed");
  return done;
}

Result<Pruned> Store::Impl::prune(const PruneRule& rule, bool dry_run) {
  Pruned pruned;
  {
    auto transaction = Transaction::begin(database_, Transaction::Kind::writing);
    if (!transaction) return tl::unexpected(transaction.error());
    auto done = remove(rule, pruned).and_then([&] { return remove_parts(pruned); });
    if (!done) return tl::unexpected(done.error());
    const auto left = database_.number("SELECT count(*) FROM snapshot");
    if (!left) return tl::unexpected(left.error());
    pruned.left = static_cast<std::uint64_t>(*left);
    if (dry_run) return pruned;
    if (done = transaction->commit(); !done) return tl::unexpected(done.error());
  }
  // What is free goes to the end of the file and off it. A reader may stand in the way of the last
  // step; then the next writer does it.
  return database_.run("PRAGMA incremental_vacuum")
      .and_then([&] { return database_.run("PRAGMA wal_checkpoint(TRUNCATE)"); })
      .map([&] { return pruned; });
}

Store::Store(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Store::Store(Store&&) noexcept = default;
Store& Store::operator=(Store&&) noexcept = default;
Store::~Store() = default;

Result<Store> Store::open(const std::string& path, Access access) {
  const bool create = access == Access::create;
  std::error_code error;
  if (!create && !fs::exists(path, error)) return none_yet(path);
  if (create)
    if (const auto made = make_directory_of(path); !made) return tl::unexpected(made.error());
  auto database = Database::open(path, create);
  if (!database) return tl::unexpected(database.error());
  const auto tables = database->number("SELECT count(*) FROM sqlite_schema");
  if (!tables) return tl::unexpected(tables.error());
  if (*tables == 0 && !create) return none_yet(path);
  if (*tables == 0)
    if (const auto made = make_tables(*database); !made) return tl::unexpected(made.error());
  if (const auto right = check(*database); !right) return tl::unexpected(right.error());
  // The disk has what was committed, power cut or not; for WAL the default of some builds is less.
  if (const auto safe = database->run("PRAGMA synchronous = FULL"); !safe)
    return tl::unexpected(safe.error());
  return Store(std::make_unique<Impl>(std::move(*database)));
}

Result<Entry> Store::save(const model::Snapshot& snapshot, const Tell& tell) {
  return impl_->save(snapshot, tell);
}
Result<std::vector<Entry>> Store::list() { return impl_->list(); }
Result<model::Snapshot> Store::load(std::int64_t id) { return impl_->load(id); }
Result<Pruned> Store::prune(const PruneRule& rule, bool dry_run) {
  return impl_->prune(rule, dry_run);
}

}  // namespace nsmap::history
