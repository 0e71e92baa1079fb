#include "lab/connect.h"

#include <fmt/format.h>

#include <memory>
#include <system_error>
#include <thread>

#include "lab/requests.h"
#include "netlink/batch.h"

namespace nsmap::lab {
namespace {

tl::unexpected<Error> failed(const std::string& doing, int error, const std::string& more = {}) {
  return change_error(
      fmt::format("{}: {}", doing, more.empty() ? std::generic_category().message(error) : more),
      error == EPERM ? "root" : "");
}

// Sends requests in a namespace, on the calling thread, which moves there.
Result<void> send_in(const System& system, const WireEnd& end,
                     std::vector<netlink::Request> requests, const std::string& doing) {
  if (const auto entered = system.changes.enter(end.ns, os::NamespaceType::net); !entered)
    return failed(doing, entered.error().value);
  const auto transport = netlink::open_kernel(system.kernel, os::NetlinkProtocol::route);
  if (!transport) return failed(doing, transport.error().value);
  if (const auto refused = netlink::change(**transport, requests))
    return failed(doing, refused->failure.error, refused->failure.message);
  return {};
}

std::vector<netlink::Request> settling(const WireEnd& end) {
  std::vector<netlink::Request> requests;
  if (end.master.value != 0) requests.push_back(enslave(end.index, end.master));
  requests.push_back(set_up(end.index, true));
  for (const Address& address : end.link.addresses)
    requests.push_back(add_address(end.index, address));
  return requests;
}

Result<void> make_wire(const System& system, const WireEnd& a, const WireEnd& b) {
  auto wire = create_link({a.link, a.index, {}}, End{b.link, b.index, b.ns}, {});
  if (!wire) return tl::unexpected(wire.error());
  if (auto made = send_in(system, a, {std::move(*wire)}, "making " + a.link.name); !made)
    return made;
  for (const WireEnd* end : {&b, &a}) {
    auto settled = send_in(system, *end, settling(*end), "setting up " + end->link.name);
    if (settled) continue;
    static_cast<void>(send_in(system, a, {remove_link(a.index)}, "removing it"));
    return settled;
  }
  return {};
}

}  // namespace

Result<void> connect(const System& system, const WireEnd& a, const WireEnd& b) {
  Result<void> made;
  std::thread([&] { made = make_wire(system, a, b); }).join();
  return made;
}

}  // namespace nsmap::lab
