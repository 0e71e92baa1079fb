#include "view/words.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "analyze/ends.h"

namespace nsmap::view {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Takes the number, without leading zeros, or else the one character that `text` begins with.
std::string_view take_piece(std::string_view& text) {
  std::size_t size = 1;
  if (is_digit(text[0])) {
    text.remove_prefix(std::min(text.find_first_not_of('0'), text.size() - 1));
    if (!is_digit(text[0])) return "0";
    size = std::min(text.find_first_not_of("0123456789"), text.size());
  }
  const std::string_view piece = text.substr(0, size);
  text.remove_prefix(size);
  return piece;
}

}  // namespace

std::string number(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t i = digits.size(); i > 3; i -= 3) digits.insert(i - 3, ",");
  return digits;
}

std::string bytes_text(std::uint64_t bytes) {
  constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  std::size_t unit = 0;
  auto value = static_cast<double>(bytes);
  while (value >= 1024 && unit + 1 < std::size(kUnits)) {
    value /= 1024;
    ++unit;
  }
  return unit == 0 ? fmt::format("{} B", bytes) : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

std::string counted(std::uint64_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", number(count), count == 1 ? one : many);
}

bool natural_less(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    const std::string_view left = take_piece(a);
    const std::string_view right = take_piece(b);
    if (left == right) continue;
    if (is_digit(left[0]) && is_digit(right[0]) && left.size() != right.size())
      return left.size() < right.size();
    return left < right;
  }
  return a.empty() && !b.empty();
}

std::string endpoint_text(const std::optional<IpAddress>& address, std::uint16_t port) {
  const std::string shown_port = port == 0 ? "*" : std::to_string(port);
  if (!address || address->is_unspecified()) return "*:" + shown_port;
  const std::string host = address->text();
  return (address->is_v6() ? "[" + host + "]" : host) + ":" + shown_port;
}

std::string published_text(const model::PublishedPort& port) {
  const auto address = IpAddress::parse(port.host_address);
  const std::string host = address || port.host_address.empty()
                               ? endpoint_text(address, port.host_port)
                               : fmt::format("{}:{}", port.host_address, port.host_port);
  return fmt::format("{}→{}/{}", host, port.container_port, port.protocol);
}

std::string published_text(const analyze::Published& port) {
  return fmt::format("{}→{}/{}", endpoint_text(port.address, port.port), port.to.port,
                     port.protocol);
}

std::vector<Listener> listeners(const Words& words, const model::Namespace& ns) {
  std::vector<Listener> found;
  for (const model::Socket& socket : ns.sockets) {
    if (!analyze::is_waiting(socket)) continue;
    const bool any = !socket.local || socket.local->is_unspecified();
    const std::string address = any                     ? "*"
                                : socket.local->is_v6() ? "[" + socket.local->text() + "]"
                                                        : socket.local->text();
    const model::Process* owner =
        socket.owners.empty() ? nullptr : words.index.find(socket.owners.front().pid);
    found.push_back({socket.protocol, address, socket.local_port, owner ? owner->comm : ""});
  }
  const auto key = [](const Listener& l) {
    return std::tie(l.protocol, l.port, l.address, l.owner);
  };
  std::sort(found.begin(), found.end(),
            [&](const Listener& a, const Listener& b) { return key(a) < key(b); });
  found.erase(std::unique(found.begin(), found.end()), found.end());
  return found;
}

Text listener_text(const Listener& listener) {
  Text text;
  text.add(listener.protocol + " ", Role::muted)
      .add(fmt::format("{}:{}", listener.address, listener.port), Role::address);
  if (!listener.owner.empty()) text.add(" ").add(listener.owner, Role::owner);
  return text;
}

}  // namespace nsmap::view
