#include "codec/json.h"

namespace nsmap::codec {

std::string snapshot_to_json(const model::Snapshot& snapshot) {
  std::string out = "{\"format\":";
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
