#include "syntax/dialect.h"

#include <algorithm>
#include <span>
#include <string_view>

namespace nsmap::syntax {
namespace {

using namespace model::firewall;

struct Builtin {
  std::string_view table;
  std::string_view chain;
  Hook hook;
  std::int32_t priority;
  std::string_view type;
};

// Of ip and ip6 (linux/netfilter_ipv4.h).
constexpr Builtin kIp[] = {
    {"raw", "PREROUTING", Hook::prerouting, -300, "filter"},
    {"raw", "OUTPUT", Hook::output, -300, "filter"},
    {"mangle", "PREROUTING", Hook::prerouting, -150, "filter"},
    {"mangle", "INPUT", Hook::input, -150, "filter"},
    {"mangle", "FORWARD", Hook::forward, -150, "filter"},
    {"mangle", "OUTPUT", Hook::output, -150, "route"},
    {"mangle", "POSTROUTING", Hook::postrouting, -150, "filter"},
    {"filter", "INPUT", Hook::input, 0, "filter"},
    {"filter", "FORWARD", Hook::forward, 0, "filter"},
    {"filter", "OUTPUT", Hook::output, 0, "filter"},
    {"security", "INPUT", Hook::input, 50, "filter"},
    {"security", "FORWARD", Hook::forward, 50, "filter"},
    {"security", "OUTPUT", Hook::output, 50, "filter"},
    // iptables-nft's own number, where the kernel's NF_IP_PRI_SECURITY is 50 (iptables/nft.c)
    {"security", "INPUT", Hook::input, 150, "filter"},
    {"security", "FORWARD", Hook::forward, 150, "filter"},
    {"security", "OUTPUT", Hook::output, 150, "filter"},
    {"nat", "PREROUTING", Hook::prerouting, -100, "nat"},
    {"nat", "INPUT", Hook::input, 100, "nat"},
    {"nat", "OUTPUT", Hook::output, -100, "nat"},
    {"nat", "POSTROUTING", Hook::postrouting, 100, "nat"},
};

constexpr Builtin kArp[] = {
    {"filter", "INPUT", Hook::input, 0, "filter"},
    {"filter", "OUTPUT", Hook::output, 0, "filter"},
};

constexpr Builtin kBridge[] = {
    {"filter", "INPUT", Hook::input, -200, "filter"},
    {"filter", "FORWARD", Hook::forward, -200, "filter"},
    {"filter", "OUTPUT", Hook::output, -200, "filter"},
    {"nat", "PREROUTING", Hook::prerouting, -300, "filter"},
    {"nat", "OUTPUT", Hook::output, 100, "filter"},
    {"nat", "POSTROUTING", Hook::postrouting, 300, "filter"},
};

std::span<const Builtin> builtins(Family family) {
  switch (family) {
    case Family::ip:
    case Family::ip6:
      return kIp;
    case Family::arp:
      return kArp;
    case Family::bridge:
      return kBridge;
    case Family::inet:
    case Family::netdev:
      break;
  }
  return {};
}

}  // namespace

Dialect dialect_of(const Table& table) {
  if (table.backend == Backend::x_tables) return Dialect::iptables;
  const auto known = builtins(table.family);
  const bool name = std::ranges::find(known, table.name, &Builtin::table) != known.end();
  const auto is_builtin = [&](const Chain& chain) {
    return !chain.hook || std::ranges::any_of(known, [&](const Builtin& builtin) {
      return builtin.table == table.name && builtin.chain == chain.name &&
             builtin.hook == *chain.hook && builtin.priority == chain.priority &&
             builtin.type == chain.type;
    });
  };
  return name && std::ranges::all_of(table.chains, is_builtin) ? Dialect::iptables : Dialect::nft;
}

}  // namespace nsmap::syntax
