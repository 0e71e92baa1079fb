#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/result.h"
#include "lab/lab.h"

// The parts of check() (lab/file.h), over one look-up of a lab.

namespace nsmap::lab {

struct LinkNameHash {
  std::size_t operator()(const LinkName& name) const noexcept {
    return std::hash<std::string>{}(name.ns) * 31 + std::hash<std::string>{}(name.link);
  }
};

// What stands where, and what is wrong first. It borrows the lab.
class Checking {
 public:
  explicit Checking(const Lab& lab);

  const Lab& lab() const { return lab_; }
  const Namespace* ns(const std::string& name) const;
  const Link* link(const LinkName& name) const;

  bool failed() const { return error_.has_value(); }
  void fail(Mark where, std::string_view what);
  Result<void> result() const;

 private:
  const Lab& lab_;
  std::unordered_map<std::string_view, const Namespace*> namespaces_;
  std::unordered_map<LinkName, const Link*, LinkNameHash> links_;
  std::optional<Error> error_;
};

// The network an address is in: the address with its last bits zero.
Prefix subnet_of(const IpAddress& address, std::uint8_t prefix);
// That of the link's other end, where it has one.
Prefix subnet_of(const Address& address);

void check_links(Checking& checking, const Namespace& ns);
void check_cycles(Checking& checking);
void check_addresses(Checking& checking);
void check_routes(Checking& checking, const Namespace& ns);
void check_rules(Checking& checking, const Namespace& ns);

}  // namespace nsmap::lab
