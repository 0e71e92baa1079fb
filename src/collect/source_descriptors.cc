#include <fcntl.h>
#include <fmt/format.h>

#include "collect/descriptor_path.h"
#include "collect/sources.h"

namespace nsmap::collect {

std::string descriptor_path(const Descriptor& descriptor) {
  if (descriptor.tid == descriptor.pid)
    return fmt::format("/proc/{}/fd/{}", descriptor.pid.value, descriptor.fd);
  return fmt::format("/proc/{}/task/{}/fd/{}", descriptor.pid.value, descriptor.tid.value,
                     descriptor.fd);
}

// Each is opened again, also where its namespace is known by then: the link was read a while ago,
// and the inode it named may be another namespace's by now.
void search_descriptors(const Search& search) {
  model::Coverage row{"proc.fd", 0, 0, 0, 0, 0};
  const std::int64_t start = search.kernel.boottime_ns();
  for (const Descriptor& descriptor : search.sweep.descriptors) {
    if (descriptor.kind != Descriptor::Kind::netns) continue;
    auto ns = search.kernel.open(os::kNoDir, descriptor_path(descriptor).c_str(), O_RDONLY);
    if (!ns) continue;  // closed since, or its process is gone
    model::Holder holder;
    holder.kind = model::HolderKind::fd;
    holder.pid = descriptor.pid;
    holder.fd = descriptor.fd;
    if (descriptor.tid != descriptor.pid) holder.tid = descriptor.tid;
    if (search.registry.add(std::move(*ns), holder)) ++row.found;
  }
  row.took_ns = search.kernel.boottime_ns() - start;
  search.report.count(row);
}

}  // namespace nsmap::collect
