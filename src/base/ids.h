#pragma once

#include <compare>
#include <concepts>
#include <cstdint>
#include <functional>

namespace nsmap {

// An integer that is one kind of id and mixes with no other.
template <typename Tag, std::integral Int>
struct Id {
  using Value = Int;
  Int value{};

  constexpr Id() = default;
  constexpr explicit Id(Int v) : value(v) {}
  friend constexpr auto operator<=>(Id, Id) = default;
};

using Pid = Id<struct PidTag, std::int32_t>;   // of a process or thread, in our pid namespace
using Uid = Id<struct UidTag, std::uint32_t>;  // as seen in our user namespace
using IfIndex = Id<struct IfIndexTag, std::int32_t>;   // unique in one network namespace only
using Nsid = Id<struct NsidTag, std::int32_t>;         // a peer's number, private to one namespace
using TableId = Id<struct TableIdTag, std::uint32_t>;  // a routing table
using Inode = Id<struct InodeTag, std::uint64_t>;      // of a socket, or of a namespace on nsfs

}  // namespace nsmap

template <typename Tag, typename Int>
struct std::hash<nsmap::Id<Tag, Int>> {
  std::size_t operator()(nsmap::Id<Tag, Int> id) const noexcept {
    return std::hash<Int>{}(id.value);
  }
};
