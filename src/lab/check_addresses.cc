#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <tuple>

#include "base/text.h"
#include "lab/check.h"

// Addresses, one by one and beside those that they meet: in one namespace (or in one of its VRFs,
// which may repeat what another has) and on one segment, the links that one broadcast reaches.

namespace nsmap::lab {
namespace {

bool is_host_prefix(const Address& address) { return address.prefix == address.address.bits(); }

// What may be there many times: link-local addresses of IPv6, each of its own link.
bool is_of_its_link(const IpAddress& address) { return address.is_v6() && address.is_link_local(); }

// The last address of a subnet.
IpAddress last_of(const Prefix& subnet) {
  std::array<std::byte, 16> bytes{};
  const Bytes first = subnet.address.bytes();
  for (std::size_t i = 0; i != first.size(); ++i) {
    const int kept = std::clamp(static_cast<int>(subnet.length) - static_cast<int>(8 * i), 0, 8);
    bytes[i] = first[i] | static_cast<std::byte>(0xff >> kept);
  }
  return *IpAddress::from_bytes(Bytes(bytes).first(first.size()));
}

// What is wrong with an address alone; empty: nothing.
std::string wrong_address(const Address& address) {
  const IpAddress& ip = address.address;
  const Prefix subnet = subnet_of(address);
  if (ip.is_unspecified() || ip.is_multicast()) return "that is no address of a link";
  if (address.prefix > ip.bits())
    return fmt::format("a prefix of {} has at most {} bits", ip.is_v6() ? "IPv6" : "IPv4",
                       ip.bits());
  if (address.peer)
    return address.peer->is_v6() == ip.is_v6() ? "" : "its peer is of the other family";
  if (ip.is_v6() || address.prefix >= 31) return {};
  if (ip == subnet.address) return fmt::format("that is the network {} itself", subnet.text());
  if (ip == last_of(subnet))
    return fmt::format("that is the broadcast address of {}", subnet.text());
  return {};
}

// One address and whose it is.
struct Owned {
  const Namespace* ns;
  const Link* link;
  const Address* address;

  Mark where() const { return address->where.line != 0 ? address->where : link->where; }
  std::string text() const {
    return terminal_text(fmt::format("{}/{} of {}:{}", address->address.text(), address->prefix,
                                     ns->name, link->name));
  }
};

// The VRF that a link's addresses belong to; empty: none.
std::string vrf_of(const Checking& checking, const Namespace& ns, const Link& link) {
  for (const Link* at = &link; at;) {
    if (at->kind == "vrf") return at->name;
    at = at->master.empty() ? nullptr : checking.link({ns.name, at->master});
  }
  return {};
}

void check_twice(Checking& checking, std::vector<Owned>& all, std::string_view where) {
  std::stable_sort(all.begin(), all.end(), [](const Owned& a, const Owned& b) {
    return a.address->address < b.address->address;
  });
  for (std::size_t i = 1; i < all.size(); ++i) {
    const Owned& first = all[i - 1];
    const Owned& second = all[i];
    if (first.address->address != second.address->address) continue;
    checking.fail(second.where(), fmt::format("{}: the same address as {}, in one {}",
                                              second.text(), first.text(), where));
  }
}

void check_one_namespace(Checking& checking, const Namespace& ns) {
  std::map<std::string, std::vector<Owned>> by_vrf;
  for (const Link& link : ns.links) {
    if (link.addresses.empty()) continue;
    std::vector<Owned>& all = by_vrf[vrf_of(checking, ns, link)];
    for (const Address& address : link.addresses) {
      const Owned owned{&ns, &link, &address};
      const std::string wrong = wrong_address(address);
      if (!wrong.empty()) checking.fail(owned.where(), fmt::format("{}: {}", owned.text(), wrong));
      // Links without numbers of their own borrow one address (RFC 1812, section 2.2.7).
      if (!is_of_its_link(address.address) && !is_host_prefix(address)) all.push_back(owned);
    }
  }
  for (auto& [vrf, all] : by_vrf) check_twice(checking, all, "namespace");
}

// Which links one broadcast reaches: bridges, their ports, and the other ends of those. Links are
// numbered as they stand in the lab; each set has a root (union-find).
class Segments {
 public:
  explicit Segments(const Checking& checking) {
    for (const Namespace& ns : checking.lab().namespaces)
      for (const Link& link : ns.links) numbers_.emplace(&link, numbers_.size());
    roots_.resize(numbers_.size());
    std::iota(roots_.begin(), roots_.end(), 0u);
    for (const Namespace& ns : checking.lab().namespaces)
      for (const Link& link : ns.links) {
        if (link.peer) join(link, checking.link(*link.peer));
        const Link* const master = checking.link({ns.name, link.master});
        if (master && master->kind == "bridge") join(link, master);
      }
  }

  std::size_t of(const Link& link) { return root(numbers_.at(&link)); }

 private:
  void join(const Link& one, const Link* other) {
    if (other) roots_[of(one)] = of(*other);
  }
  std::size_t root(std::size_t at) {
    while (roots_[at] != at) at = roots_[at] = roots_[roots_[at]];
    return at;
  }

  std::unordered_map<const Link*, std::size_t> numbers_;
  std::vector<std::size_t> roots_;
};

// Subnets that overlap and are not the same. Sorted by address and then by length, one that holds
// another holds the next.
void check_overlap(Checking& checking, std::vector<Owned>& all) {
  std::erase_if(all, [](const Owned& owned) { return is_host_prefix(*owned.address); });
  const auto key = [](const Owned& owned) { return subnet_of(*owned.address); };
  std::stable_sort(all.begin(), all.end(),
                   [&](const Owned& a, const Owned& b) { return key(a) < key(b); });
  for (std::size_t i = 1; i < all.size(); ++i) {
    const Prefix outer = key(all[i - 1]);
    const Prefix inner = key(all[i]);
    if (outer == inner || !outer.contains(inner.address)) continue;
    checking.fail(all[i].where(),
                  fmt::format("{}: its subnet {} overlaps that of {}, on one segment",
                              all[i].text(), inner.text(), all[i - 1].text()));
  }
}

bool filters_vlans(const Link& link) {
  const auto setting = link.settings.find("vlan_filtering");
  return setting != link.settings.end() && setting->second != "false" && setting->second != "0";
}

// A bridge that tells VLANs apart is many segments, which the lab does not tell of.
void check_segments(Checking& checking) {
  Segments segments(checking);
  std::map<std::size_t, std::vector<Owned>> by_segment;
  std::vector<std::size_t> divided;
  for (const Namespace& ns : checking.lab().namespaces)
    for (const Link& link : ns.links) {
      if (filters_vlans(link)) divided.push_back(segments.of(link));
      for (const Address& address : link.addresses)
        if (!address.peer) by_segment[segments.of(link)].push_back({&ns, &link, &address});
    }
  for (const std::size_t segment : divided) by_segment.erase(segment);
  for (auto& [segment, all] : by_segment) {
    check_twice(checking, all, "segment");
    check_overlap(checking, all);
  }
}

}  // namespace

void check_addresses(Checking& checking) {
  for (const Namespace& ns : checking.lab().namespaces) check_one_namespace(checking, ns);
  if (!checking.failed()) check_segments(checking);
}

}  // namespace nsmap::lab
