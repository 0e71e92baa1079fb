#pragma once

#include <cstdint>
#include <optional>

#include "os/kernel.h"

namespace nsmap::collect {

// What of the kernel there is to ask, found once a collection. Asking a part of netfilter that is a
// module and not loaded would load it (nfnetlink.c nfnetlink_rcv_msg), and reading changes nothing.
struct Abilities {
  bool tcx = true;  // whether any loaded BPF program may hang on a device
  bool nf_tables = true;
  bool x_tables = true;  // its lists of tables, in which reading looks before it asks
  bool ipset = true;
  bool conntrack = true;
  bool hooks = true;                       // nfnetlink_hook
  std::optional<std::uint16_t> ipvs = {};  // its family of generic netlink
};

Abilities find_abilities(os::Kernel& kernel);

}  // namespace nsmap::collect
