#include "cli/ns_wire.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

#include "lab/sysctl.h"

namespace nsmap::cli {
namespace {

constexpr std::size_t kLongestName = 15;  // IFNAMSIZ with its NUL
constexpr int kMostPoolBits = 32;         // lab::AddressPool

}  // namespace

const model::Namespace* find_opened(const model::Snapshot& snapshot, const lab::System& system,
                                    Fd net) {
  const auto stat = system.kernel.stat(net, "");
  if (!stat) return nullptr;
  const model::NetnsId id{stat->id.dev, stat->id.ino};
  const auto found = std::ranges::find(snapshot.namespaces, id, &model::Namespace::id);
  return found == snapshot.namespaces.end() ? nullptr : &*found;
}

const model::Link* find_link(const model::Namespace& ns, const std::string& name) {
  const auto found = std::ranges::find(ns.links, name, &model::Link::name);
  return found == ns.links.end() ? nullptr : &*found;
}

std::string free_name(const model::Namespace& ns, const std::string& other) {
  if (ns.host) {
    std::string name = ("to-" + other).substr(0, kLongestName);
    std::ranges::replace_if(
        name, [](char c) { return c <= ' ' || c == '/' || c == ':'; }, '-');
    if (!find_link(ns, name)) return name;
  }
  for (int number = 0;; ++number)
    if (std::string name = fmt::format("eth{}", number); !find_link(ns, name)) return name;
}

IfIndex free_index(const model::Namespace& ns) {
  std::int32_t most = 1;
  for (const model::Link& link : ns.links) most = std::max(most, link.index.value);
  return IfIndex(most + 1);
}

bool is_v6_disabled_in(const lab::System& system, Fd ns) {
  bool disabled = true;
  std::thread([&] {
    if (!system.changes.enter(ns, os::NamespaceType::net)) return;
    disabled = false;
    for (const char* which : {"all", "default"})
      disabled |=
          lab::read_sysctl(system, fmt::format("net.ipv6.conf.{}.disable_ipv6", which)) != "0";
  }).join();
  return disabled;
}

Result<lab::AddressPool> pool_of(const std::vector<std::string>& given, bool v6) {
  lab::AddressPool pool = lab::default_pool(v6);
  for (const std::string& text : given) {
    const auto from = Prefix::parse(text);
    if (!from) return usage_error(fmt::format("'{}' is no pool", text), "one like 10.213.0.0/16");
    if (from->address.is_v6() != v6) continue;
    if (from->length > pool.length || pool.length - from->length > kMostPoolBits)
      return usage_error(fmt::format("of {} no /{} can be taken", text, pool.length),
                         fmt::format("a pool from /{} to /{}",
                                     std::max(pool.length - kMostPoolBits, 0), pool.length));
    pool.from = *from;
  }
  return pool;
}

std::string text_of(const lab::WireEnd& end, const std::string& title) {
  std::string text = end.link.name;
  for (const lab::Address& address : end.link.addresses)
    text += fmt::format(" {}/{}", address.address.text(), address.prefix);
  return text + " @" + title;
}

}  // namespace nsmap::cli
