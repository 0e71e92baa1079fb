#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/firewall.h"

// Rules made by hand, for tests.

namespace nsmap::analyze {

namespace fw = model::firewall;
using model::PacketField;

inline fw::Statement does(fw::Action action) { return {"", std::move(action)}; }

inline Octets octets(std::string_view hexadecimal) { return *Octets::parse(hexadecimal); }
inline Octets address_octets(const char* text) { return Octets(IpAddress::parse(text)->bytes()); }
inline Octets name_octets(std::string_view name) {
  Octets octets(16);
  for (std::size_t at = 0; at < name.size(); ++at) octets[at] = static_cast<std::byte>(name[at]);
  return octets;
}

inline fw::Statement is(PacketField field, Octets right, Octets mask = {},
                        fw::Compare compare = fw::Compare::eq) {
  return does(fw::Match{.left = field, .compare = compare, .mask = mask, .right = right});
}
inline fw::Statement is_not(PacketField field, Octets right, Octets mask = {}) {
  return is(field, right, mask, fw::Compare::ne);
}
inline fw::Statement tcp() { return is(PacketField::meta_l4proto, Octets::number(6, 1)); }
inline fw::Statement dport(std::uint16_t port) {
  return is(PacketField::tcp_dport, Octets::number(port, 2));
}
inline fw::Statement verdict(fw::Verdict::Kind kind, std::string chain = {}) {
  return does(fw::Verdict{kind, std::move(chain)});
}
inline fw::Statement accept() { return verdict(fw::Verdict::Kind::accept); }
inline fw::Statement drop() { return verdict(fw::Verdict::Kind::drop); }
inline fw::Statement jump(std::string chain) {
  return verdict(fw::Verdict::Kind::jump, std::move(chain));
}
inline fw::Statement dnat(const char* address, std::uint16_t port) {
  fw::Nat nat{.kind = fw::Nat::Kind::dnat, .address = address_octets(address)};
  if (port != 0) nat.port = Octets::number(port, 2);
  return does(Box(std::move(nat)));
}
inline fw::Statement daddr_is_local() {
  return does(fw::Match{.left = fw::Fib{.result = fw::Fib::Result::type, .daddr = true},
                        .right = Octets::number(2, 4)});
}

inline fw::Chain chain(std::string name, std::vector<std::vector<fw::Statement>> rules) {
  fw::Chain made{.name = std::move(name)};
  for (auto& statements : rules)
    made.rules.push_back({.handle = made.rules.size() + 1, .statements = std::move(statements)});
  return made;
}
inline fw::Chain base(std::string name, fw::Hook hook, std::string type,
                      std::vector<std::vector<fw::Statement>> rules, bool drops = false) {
  fw::Chain made = chain(std::move(name), std::move(rules));
  made.hook = hook;
  made.priority = 0;
  made.type = std::move(type);
  made.policy = fw::Verdict{drops ? fw::Verdict::Kind::drop : fw::Verdict::Kind::accept, {}};
  return made;
}
inline fw::Table ip_table(std::string name, std::vector<fw::Chain> chains) {
  return {.family = fw::Family::ip, .name = std::move(name), .chains = std::move(chains)};
}

}  // namespace nsmap::analyze
