#include "collect/abilities.h"

#include <linux/bpf.h>

#include <string>
#include <string_view>

namespace nsmap::collect {
namespace {

constexpr std::size_t kMostText = 4 << 20;

std::string text_of(os::Kernel& kernel, const std::string& path) {
  return kernel.read_file(os::kNoDir, path.c_str(), kMostText).value_or("");
}

// Which modules are loaded and which are part of the kernel.
class Modules {
 public:
  explicit Modules(os::Kernel& kernel)
      : loaded_("\n" + text_of(kernel, "/proc/modules")),
        builtin_(text_of(kernel, "/lib/modules/" + kernel.uname().release + "/modules.builtin")) {}

  // A kernel of which neither is to be seen is taken for one that has no modules to load.
  bool has(const std::string& name) const {
    if (builtin_.empty()) return true;
    return loaded_.find("\n" + name + " ") != std::string::npos ||
           builtin_.find("/" + name + ".ko") != std::string::npos;
  }

 private:
  std::string loaded_;
  std::string builtin_;
};

// The modules of the legacy tables make a list in every namespace (x_tables.c xt_proto_init).
bool has_table_lists(os::Kernel& kernel) {
  for (const char* path :
       {"/proc/thread-self/net/ip_tables_names", "/proc/thread-self/net/ip6_tables_names",
        "/proc/thread-self/net/arp_tables_names"})
    if (kernel.stat(os::kNoDir, path)) return true;
  return false;
}

}  // namespace

Abilities find_abilities(os::Kernel& kernel) {
  const Modules modules(kernel);
  // BPF_PROG_TYPE_SCHED_CLS is the only type that hangs on devices by tcx.
  return {.tcx = kernel.has_bpf_program(BPF_PROG_TYPE_SCHED_CLS).value_or(true),
          .nf_tables = modules.has("nf_tables"),
          .x_tables = has_table_lists(kernel),
          .ipset = modules.has("ip_set"),
          .conntrack = modules.has("nf_conntrack_netlink")};
}

}  // namespace nsmap::collect
