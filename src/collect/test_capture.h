#pragma once

#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "netlink/transport.h"

namespace nsmap::collect {

// Replays tests/captures/NAME; null when there is no such recording.
inline std::unique_ptr<netlink::Transport> replay_capture(const std::string& name) {
  std::ifstream file(NSMAP_TESTS_DIR "/captures/" + name, std::ios::binary);
  const std::vector<char> content{std::istreambuf_iterator<char>(file), {}};
  auto log = netlink::parse_recording(std::as_bytes(std::span(content)));
  return log ? netlink::replay(std::move(*log)) : nullptr;
}

}  // namespace nsmap::collect
