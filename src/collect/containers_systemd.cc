#include "collect/containers_late.h"

namespace nsmap::collect {
namespace {

std::optional<model::NetnsId> net_around(const ContainerSearch& search,
                                         const FoundContainer* owner) {
  return owner ? owner->container.net : search.host_net;
}

// A container that was started within a service has that service's cgroup around it; the service is
// not inside the container.
bool runs_within(ContainerSearch& search, const FoundContainer* owner, const std::string& unit) {
  if (!owner || !owner->container.pid) return false;
  return cgroup_of(search, *search.by_pid.at(*owner->container.pid)).unit == unit;
}

}  // namespace

void find_private_services(ContainerSearch& search, Owners& owners) {
  for (std::size_t i = 0; i < owners.size(); ++i) {
    const model::Process& process = search.processes[i];
    const auto around = net_around(search, owners[i]);
    if (!process.net || !around || process.net == around) continue;
    const std::string& unit = cgroup_of(search, process).unit;
    if (unit.empty() || runs_within(search, owners[i], unit)) continue;
    const model::Process* machine = owners[i] ? owners[i]->manager : nullptr;
    FoundContainer& found = add_container(search, "systemd", unit, machine);
    found.outer = owners[i];
    owners[i] = &found;
  }
}

}  // namespace nsmap::collect
