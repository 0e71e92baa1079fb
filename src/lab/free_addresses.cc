#include "lab/free_addresses.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

// The subnets of a pool are numbered from 0. What is in use anywhere is then some runs of numbers,
// and what is free lies between them.

namespace nsmap::lab {
namespace {

using std::uint64_t;
using std::uint8_t;

struct Run {
  uint64_t first = 0;
  uint64_t last = 0;
};

uint64_t all_of(const AddressPool& pool) { return uint64_t{1} << (pool.length - pool.from.length); }

// The `count` bits of an address after the first `skip`.
uint64_t bits_of(const IpAddress& address, int skip, int count) {
  uint64_t value = 0;
  for (int bit = skip; bit < skip + count; ++bit) {
    const auto byte = std::to_integer<unsigned>(address.bytes()[static_cast<std::size_t>(bit / 8)]);
    value = value << 1 | (byte >> (7 - bit % 8) & 1u);
  }
  return value;
}

// The subnets of the pool that a prefix overlaps with.
std::optional<Run> overlap(const AddressPool& pool, const Prefix& used) {
  if (used.address.is_v6() != pool.from.address.is_v6()) return std::nullopt;
  if (used.length <= pool.from.length)
    return used.contains(pool.from.address) ? std::optional(Run{0, all_of(pool) - 1})
                                            : std::nullopt;
  if (!pool.from.contains(used.address)) return std::nullopt;
  const int told = std::min(used.length, pool.length) - pool.from.length;
  const int rest = pool.length - pool.from.length - told;
  const uint64_t first = bits_of(used.address, pool.from.length, told) << rest;
  return Run{first, first + (uint64_t{1} << rest) - 1};
}

void add_namespace(std::vector<Run>& runs, const AddressPool& pool, const model::Namespace& ns) {
  const auto add = [&](const Prefix& used) {
    if (const auto run = overlap(pool, used)) runs.push_back(*run);
  };
  for (const model::Address& address : ns.addresses) {
    add({address.peer.value_or(address.address), address.prefix});
    add({address.address, static_cast<uint8_t>(address.address.bits())});
  }
  for (const model::Route& route : ns.routes)
    if (route.dst.length != 0) add(route.dst);
}

std::vector<Run> runs_in_use(const model::Snapshot& snapshot, const AddressPool& pool) {
  std::vector<Run> runs;
  for (const model::Namespace& ns : snapshot.namespaces) add_namespace(runs, pool, ns);
  std::sort(runs.begin(), runs.end(), [](const Run& a, const Run& b) { return a.first < b.first; });
  return runs;
}

// The address `offset` after the beginning of a subnet of the pool.
IpAddress address_at(const AddressPool& pool, uint64_t number, uint8_t offset) {
  std::array<std::byte, 16> bytes{};
  const Bytes from = pool.from.address.bytes();
  std::copy(from.begin(), from.end(), bytes.begin());
  for (int bit = pool.length - 1; bit >= pool.from.length; --bit, number >>= 1) {
    const auto mask = static_cast<std::byte>(0x80u >> bit % 8);
    std::byte& byte = bytes[static_cast<std::size_t>(bit / 8)];
    byte = (number & 1) != 0 ? byte | mask : byte & ~mask;
  }
  bytes[from.size() - 1] |= static_cast<std::byte>(offset);
  return *IpAddress::from_bytes(Bytes(bytes).first(from.size()));
}

WireSubnet subnet_at(const AddressPool& pool, uint64_t number) {
  return {{address_at(pool, number, 0), pool.length},
          address_at(pool, number, 1),
          address_at(pool, number, 2)};
}

}  // namespace

AddressPool default_pool(bool v6) {
  return v6 ? AddressPool{*Prefix::parse("fd00:213::/48"), 64}
            : AddressPool{*Prefix::parse("10.213.0.0/16"), 30};
}

Result<std::vector<WireSubnet>> free_subnets(const model::Snapshot& snapshot,
                                             const AddressPool& pool, std::size_t count) {
  const std::vector<Run> used = runs_in_use(snapshot, pool);
  std::vector<WireSubnet> found;
  auto run = used.begin();
  for (uint64_t number = 0; found.size() < count && number < all_of(pool);) {
    while (run != used.end() && run->last < number) ++run;
    if (run != used.end() && run->first <= number)
      number = run->last + 1;
    else
      found.push_back(subnet_at(pool, number++));
  }
  if (found.size() == count) return found;
  return usage_error(fmt::format("choosing addresses: of {} only {} of the /{} needed are free",
                                 pool.from.text(), found.size(), pool.length),
                     "give the addresses yourself");
}

}  // namespace nsmap::lab
