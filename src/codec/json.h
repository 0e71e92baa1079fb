#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/sink.h"
#include "codec/json_write.h"
#include "model/snapshot.h"

namespace nsmap::codec {

// What the first two members of a snapshot's JSON say. The version goes up when a reader of the old
// one would misunderstand the new: a member changes its meaning or goes, an enum gains a value. New
// members leave it as it is.
inline constexpr std::string_view kSnapshotFormat = "nsmap.snapshot";
inline constexpr std::uint32_t kSnapshotVersion = 1;

// The snapshot as one line of JSON with a newline at its end, as docs/snapshot.md documents it.
std::string snapshot_to_json(const model::Snapshot& snapshot);
// The same, in pieces of some hundred kilobytes, which several threads make; `out` is called by one
// of them at a time. What is made while `out` waits is held.
SysResult<void> give_json(const model::Snapshot& snapshot, const Sink& out);

extern template void append_json(std::string& out, const model::Namespace& ns);
extern template void append_json(std::string& out, const model::Process& process);
extern template void append_json(std::string& out, const model::Container& container);

// The snapshot in `text`. Members nobody knows are passed over and missing ones keep their default.
// An error is of kind usage, begins with `what` (a file's name) and says where in the document it
// is: no JSON, cut short, another format, a version this program is too old for, a value of the
// wrong type or out of range.
Result<model::Snapshot> snapshot_from_json(std::string_view text, std::string_view what);

}  // namespace nsmap::codec
