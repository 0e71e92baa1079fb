#pragma once

#include <compare>
#include <cstdint>
#include <functional>

#include <boost/describe.hpp>

#include "base/ids.h"

namespace nsmap::model {

// Which network namespace: the device and inode of its file on nsfs (namespaces(7)). The kernel
// reuses an inode once a namespace is gone, so an identity holds within one snapshot only; what
// outlives one is Namespace::ns_id. A hidden namespace (one that only a link proves) has no file:
// its dev is 0 and its ino counts from 1.
struct NetnsId {
  std::uint64_t dev = 0;
  std::uint64_t ino = 0;

  bool hidden() const { return dev == 0; }
  friend auto operator<=>(const NetnsId&, const NetnsId&) = default;
};
BOOST_DESCRIBE_STRUCT(NetnsId, (), (dev, ino))

// One interface of the host. An ifindex alone identifies nothing.
struct LinkRef {
  NetnsId ns;
  IfIndex index;

  friend auto operator<=>(const LinkRef&, const LinkRef&) = default;
};
BOOST_DESCRIBE_STRUCT(LinkRef, (), (ns, index))

}  // namespace nsmap::model

template <>
struct std::hash<nsmap::model::NetnsId> {
  std::size_t operator()(const nsmap::model::NetnsId& id) const noexcept {
    return std::hash<std::uint64_t>{}(id.ino * 31 + id.dev);
  }
};

template <>
struct std::hash<nsmap::model::LinkRef> {
  std::size_t operator()(const nsmap::model::LinkRef& ref) const noexcept {
    return std::hash<nsmap::model::NetnsId>{}(ref.ns) * 1000003u +
           std::hash<nsmap::IfIndex>{}(ref.index);
  }
};
