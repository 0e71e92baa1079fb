#include "view/services.h"

#include <fmt/format.h>

#include "analyze/firewall_words.h"
#include "view/show_sections.h"

namespace nsmap::view {
namespace {

namespace fw = model::firewall;

std::string scheduler_text(const fw::VirtualService& service) {
  return service.persistent_s
             ? fmt::format("{}, persistent {} s", service.scheduler, *service.persistent_s)
             : service.scheduler;
}

}  // namespace

Section services_of(const std::vector<fw::VirtualService>& services) {
  Section section{
      "virtual services",
      {},
      table_of({"SERVICE", "SCHEDULER", "SERVER", "METHOD", ">WEIGHT", ">ACTIVE", ">INACTIVE"})};
  for (const fw::VirtualService& service : services) {
    Text name(analyze::service_text(service), Role::address);
    Text scheduler = scheduler_text(service);
    if (service.destinations.empty())
      section.table.rows.push_back({name, scheduler, {"none", Role::warn}, {}, {}, {}, {}});
    for (const fw::VirtualDestination& destination : service.destinations) {
      section.table.rows.push_back({name,
                                    scheduler,
                                    {analyze::destination_text(destination), Role::address},
                                    destination.method,
                                    number(destination.weight),
                                    number(destination.active),
                                    number(destination.inactive)});
      name = scheduler = {};
    }
  }
  return section;
}

Section services_section(const Words&, const model::Namespace& ns) {
  return services_of(ns.firewall->services);
}

}  // namespace nsmap::view
