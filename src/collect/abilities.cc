#include "collect/abilities.h"

#include <linux/bpf.h>
#include <linux/ip_vs.h>

#include <string>
#include <string_view>

#include "netlink/generic.h"
#include "netlink/transport.h"

namespace nsmap::collect {
namespace {

// Which modules are loaded and which are part of the kernel.
class Modules {
 public:
  explicit Modules(os::Kernel& kernel) : kernel_(kernel), builtin_(kernel.builtin_modules()) {}

  // A kernel whose own modules are not to be seen is taken for one that has none to load.
  bool has(const std::string& name) {
    return builtin_.empty() || builtin_.find("/" + name + ".ko") != std::string::npos ||
           loaded().find("\n" + name + " ") != std::string::npos;
  }

 private:
  const std::string& loaded() {
    constexpr std::size_t kMostText = 4 << 20;
    if (loaded_.empty())
      loaded_ = "\n" + kernel_.read_file(os::kNoDir, "/proc/modules", kMostText).value_or("");
    return loaded_;
  }

  os::Kernel& kernel_;
  const std::string& builtin_;
  std::string loaded_;
};

// The modules of the legacy tables make a list in every namespace (x_tables.c xt_proto_init).
bool has_table_lists(os::Kernel& kernel) {
  for (const char* path :
       {"/proc/thread-self/net/ip_tables_names", "/proc/thread-self/net/ip6_tables_names",
        "/proc/thread-self/net/arp_tables_names"})
    if (kernel.stat(os::kNoDir, path)) return true;
  return false;
}

// Loaded, it has a file in every namespace (ip_vs_ctl.c ip_vs_control_net_init).
std::optional<std::uint16_t> find_ipvs(os::Kernel& kernel) {
  if (!kernel.stat(os::kNoDir, "/proc/thread-self/net/ip_vs")) return std::nullopt;
  const auto generic = netlink::open_on_use(kernel, os::NetlinkProtocol::generic);
  return netlink::generic_family(*generic, IPVS_GENL_NAME);
}

}  // namespace

Abilities find_abilities(os::Kernel& kernel) {
  Modules modules(kernel);
  // BPF_PROG_TYPE_SCHED_CLS is the only type that hangs on devices by tcx.
  return {.tcx = kernel.has_bpf_program(BPF_PROG_TYPE_SCHED_CLS).value_or(true),
          .nf_tables = modules.has("nf_tables"),
          .x_tables = has_table_lists(kernel),
          .ipset = modules.has("ip_set"),
          .conntrack = modules.has("nf_conntrack_netlink"),
          .hooks = modules.has("nfnetlink_hook"),
          .ipvs = find_ipvs(kernel)};
}

}  // namespace nsmap::collect
