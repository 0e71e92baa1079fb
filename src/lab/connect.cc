#include "lab/connect.h"

#include <thread>

#include "lab/inside.h"
#include "lab/records.h"
#include "lab/requests.h"
#include "netlink/batch.h"

namespace nsmap::lab {
namespace {

// Sends requests in a namespace, on the calling thread, which moves there.
Result<void> send_in(const System& system, Fd ns, std::vector<netlink::Request> requests,
                     const std::string& doing) {
  const auto transport = open_inside(system, ns);
  if (!transport) return failure(doing, transport.error());
  if (const auto refused = netlink::change(**transport, requests))
    return failure(doing, refused->failure);
  return {};
}

Result<std::vector<netlink::Request>> settling(const WireEnd& end) {
  std::vector<netlink::Request> requests;
  if (end.master.value != 0) requests.push_back(enslave(end.index, end.master));
  requests.push_back(set_up(end.index, true));
  for (const Address& address : end.link.addresses)
    requests.push_back(add_address(end.index, address));
  for (const Route& route : end.routes) {
    auto request = add_route(route, [&](const std::string&) { return end.index; });
    if (!request) return tl::unexpected(request.error());
    requests.push_back(std::move(*request));
  }
  return requests;
}

Result<void> settle(const System& system, const WireEnd& end) {
  auto requests = settling(end);
  if (!requests) return tl::unexpected(requests.error());
  return send_in(system, end.ns, std::move(*requests), "setting up " + end.link.name);
}

Result<void> make_wire(const System& system, const WireEnd& a, const WireEnd& b) {
  auto wire = create_link({a.link, a.index, {}}, End{b.link, b.index, b.ns}, {});
  if (!wire) return tl::unexpected(wire.error());
  if (auto made = send_in(system, a.ns, {std::move(*wire)}, "making " + a.link.name); !made)
    return made;
  for (const WireEnd* end : {&b, &a}) {
    auto settled = settle(system, *end);
    if (settled) continue;
    static_cast<void>(send_in(system, a.ns, {remove_link(a.index)}, "removing it"));
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

Result<void> disconnect(const System& system, Fd ns, IfIndex index) {
  Result<void> done;
  std::thread([&] { done = send_in(system, ns, {remove_link(index)}, "removing a wire"); }).join();
  return done;
}

}  // namespace nsmap::lab
