#include "codec/json.h"

namespace nsmap::codec {

namespace {

// More than the JSON usually takes, so that it is written once and not moved as it grows: memory
// that is reserved and not used costs nothing.
std::size_t generous_size(const model::Snapshot& snapshot) {
  std::size_t size = 1 << 16;
  for (const model::Namespace& ns : snapshot.namespaces)
    size +=
        2048 + 1536 * ns.links.size() + 320 * (ns.routes.size() + ns.sockets.size()) +
        256 * (ns.addresses.size() + ns.rules.size() + ns.neighbours.size() + ns.holders.size());
  return size + 1024 * snapshot.processes.size();
}

}  // namespace

std::string snapshot_to_json(const model::Snapshot& snapshot) {
  std::string out;
  out.reserve(generous_size(snapshot));
  out += "{\"format\":";
  detail::append_quoted(out, kSnapshotFormat);
  out += ",\"version\":";
  detail::append_number(out, kSnapshotVersion);
  append_members(out, snapshot, false);
  out += "}\n";
  return out;
}

template void append_json(std::string& out, const model::Namespace& ns);
template void append_json(std::string& out, const model::Process& process);
template void append_json(std::string& out, const model::Container& container);

}  // namespace nsmap::codec
