#include "analyze/firewall_words.h"

#include <fmt/format.h>

#include <boost/describe.hpp>

#include "analyze/ends.h"

namespace nsmap::analyze {

using namespace model::firewall;

namespace {

std::string socket_text(const IpAddress& address, std::uint16_t port) {
  return fmt::format(fmt::runtime(address.is_v6() ? "[{}]:{}" : "{}:{}"), address.text(),
                     port == 0 ? "*" : std::to_string(port));
}

}  // namespace

std::string_view family_text(Family family) { return boost::describe::enum_to_string(family, ""); }

std::string_view hook_text(Hook hook) { return boost::describe::enum_to_string(hook, ""); }

std::string table_text(const Table& table) {
  std::string text = table.backend == Backend::x_tables ? "legacy table " : "table ";
  return text.append(family_text(table.family)).append(" ").append(table.name);
}

std::string service_text(const VirtualService& service) {
  if (service.mark)
    return fmt::format("mark {}{}", *service.mark, service.family == Family::ip6 ? " of IPv6" : "");
  return fmt::format("{} {}", protocol_name(service.protocol.value_or(0)),
                     socket_text(service.address.value_or(IpAddress()), service.port));
}

std::string destination_text(const VirtualDestination& destination) {
  return socket_text(destination.address, destination.port);
}

}  // namespace nsmap::analyze
