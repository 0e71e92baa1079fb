#include "serve/guard.h"

#include <algorithm>
#include <optional>

#include "base/number.h"
#include "serve/words.h"

namespace nsmap::serve {
namespace {

// The host of "HOST", "HOST:PORT" or "[ADDRESS]:PORT"; nothing for what is none of them.
std::optional<std::string_view> without_port(std::string_view authority) {
  const std::size_t bracket = authority.starts_with('[') ? authority.find(']') : 0;
  if (bracket == std::string_view::npos) return {};
  const std::size_t colon = authority.find(':', bracket);
  if (colon == std::string_view::npos) return authority;
  if (!parse_number<std::uint16_t>(authority.substr(colon + 1))) return {};
  return authority.substr(0, colon);
}

// IPv6 addresses stand in brackets.
std::optional<IpAddress> literal(std::string_view host) {
  const bool bracketed = host.size() > 2 && host.starts_with('[') && host.ends_with(']');
  const auto address = IpAddress::parse(bracketed ? host.substr(1, host.size() - 2) : host);
  return address && address->is_v6() == bracketed ? address : std::nullopt;
}

}  // namespace

bool is_our_host(const HostPolicy& policy, std::string_view host) {
  const auto name = without_port(host);
  if (!name || name->empty()) return false;
  if (same_word(*name, "localhost")) return true;
  if (const auto address = literal(*name)) return !policy.loopback_only || address->is_loopback();
  return std::ranges::any_of(policy.names,
                             [&](const auto& ours) { return same_word(*name, ours); });
}

bool is_same_origin(std::string_view origin, std::string_view host) {
  for (const std::string_view scheme : {"http://", "https://"})
    if (origin.starts_with(scheme)) return same_word(origin.substr(scheme.size()), host);
  return false;
}

}  // namespace nsmap::serve
