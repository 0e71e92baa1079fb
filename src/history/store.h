#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "model/snapshot.h"

// Snapshots over time, in one SQLite file.
//
// A snapshot is stored as a list of parts (parts.h). A part is stored once, by the SHA-256 of its
// text, however many snapshots have it; as a Zstandard frame, alone or, where that takes less, with
// the part of the same subject in the snapshot before as its base. What a part stands on stays as
// long as the part does.
//
// A snapshot that save() returned is on the disk, whatever becomes of the process or the machine.
// Any number of processes may read and write at a time.

namespace nsmap::history {

// A snapshot, as it is listed.
struct Entry {
  std::int64_t id = 0;       // counts up, never used again
  std::int64_t time_ns = 0;  // model::Host::time_ns
  std::string hostname;
  std::uint64_t namespaces = 0;
  std::uint64_t parts = 0;
  std::uint64_t new_parts = 0;        // those that no snapshot saved earlier had
  std::uint64_t added = 0;            // bytes that it took
  std::optional<std::int64_t> since;  // what `changes` compares it with; absent: it is the first
  std::string changes;                // what changed since then, in short
};

// What of a history goes; what neither row names stays.
struct PruneRule {
  std::optional<std::size_t> keep = {};        // all but so many of the newest
  std::optional<std::int64_t> before_ns = {};  // those older than this
};

struct Pruned {
  std::uint64_t removed = 0;  // snapshots
  std::uint64_t left = 0;
  std::uint64_t parts = 0;  // parts that nothing left needs
  std::uint64_t bytes = 0;  // that all of these took
};

// Says in short what changed since the snapshot before.
using Tell = std::function<std::string(const model::Snapshot& before)>;

enum class Access {
  existing,  // there must be one
  create,    // where there is none it is made, and its directory
};

// A connection to a history, for one thread at a time. Errors begin with the file's name; of kind
// usage: the file is no history, of a newer nsmap, or damaged.
class Store {
 public:
  static Result<Store> open(const std::string& path, Access access);
  Store(Store&&) noexcept;
  Store& operator=(Store&&) noexcept;
  ~Store();

  // `tell` is asked while others wait to write, unless the snapshot is the first.
  Result<Entry> save(const model::Snapshot& snapshot, const Tell& tell = {});
  // By time.
  Result<std::vector<Entry>> list();
  // Just what was saved (==).
  Result<model::Snapshot> load(std::int64_t id);
  // Removes snapshots and the parts that nothing left needs, and gives their space back to the
  // file system; `dry_run`: just tells.
  Result<Pruned> prune(const PruneRule& rule, bool dry_run = false);

 private:
  class Impl;
  explicit Store(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace nsmap::history
