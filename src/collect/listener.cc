#include "collect/listener.h"

#include <fcntl.h>
#include <linux/capability.h>
#include <linux/net_namespace.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <thread>
#include <utility>

#include "collect/abilities.h"
#include "netlink/batch.h"
#include "netlink/request.h"

namespace nsmap::collect {
namespace {

constexpr std::size_t kBufferSize = 1 << 16;  // a multicast is one page, seldom more
constexpr int kRoom = 8 << 20;                // bytes; some 10,000 messages

constexpr std::uint64_t kFirstUserNamespace = 0xEFFFFFFD;  // include/linux/proc_ns.h

constexpr unsigned kGroups[] = {
    RTNLGRP_LINK,        RTNLGRP_IPV4_IFADDR,  RTNLGRP_IPV6_IFADDR,  RTNLGRP_IPV4_ROUTE,
    RTNLGRP_IPV6_ROUTE,  RTNLGRP_IPV4_RULE,    RTNLGRP_IPV6_RULE,    RTNLGRP_NEIGH,
    RTNLGRP_NEXTHOP,     RTNLGRP_IPV4_NETCONF, RTNLGRP_IPV6_NETCONF, RTNLGRP_NSID,
    RTNLGRP_IPV4_MROUTE, RTNLGRP_BRVLAN,
};

constexpr unsigned kNetfilterGroups[] = {NFNLGRP_NFTABLES};

// What a message makes stale, by its type; those of netfilter begin where rtnetlink's end. A change
// of a link takes routes with it that no message names (net/ipv4/fib_frontend.c fib_sync_down_dev),
// and one of an address those that prefer it.
struct StaleRow {
  std::uint16_t first;
  std::uint16_t last;
  std::initializer_list<std::string_view> collectors;
};
const StaleRow kStale[] = {
    {RTM_NEWLINK,
     RTM_DELLINK,
     {"links", "bpf", "addresses", "routes", "nexthops", "neighbours", "fdb", "vlans", "sysctls"}},
    {RTM_NEWADDR, RTM_DELADDR, {"addresses", "routes"}},
    {RTM_NEWROUTE, RTM_DELROUTE, {"routes"}},
    {RTM_NEWRULE, RTM_DELRULE, {"rules"}},
    {RTM_NEWNEXTHOP, RTM_DELNEXTHOP, {"nexthops", "routes"}},
    {RTM_NEWNEIGH, RTM_DELNEIGH, {"neighbours", "fdb"}},
    {RTM_NEWNETCONF, RTM_DELNETCONF, {"sysctls", "links", "bpf"}},
    {RTM_NEWVLAN, RTM_DELVLAN, {"vlans"}},
    {RTM_NEWNSID, RTM_DELNSID, {"nsids"}},
    {NFNL_SUBSYS_NFTABLES << 8, NFNL_SUBSYS_NFTABLES << 8 | 0xff, {"nf_tables", "hooks"}},
};

std::optional<Nsid> number_in(const netlink::Message& message) {
  const auto number = message.attributes(sizeof(rtgenmsg)).find(NETNSA_NSID);
  const auto value = number ? number->s32() : std::nullopt;
  return value ? std::optional(Nsid(*value)) : std::nullopt;
}

// Of a namespace that belongs to a user namespace where the one who opened the socket has no
// CAP_NET_BROADCAST nothing is heard, and no error tells (af_netlink.c do_one_broadcast). Who has
// it in the first one has it in all.
bool may_hear_all(os::Kernel& kernel) {
  const auto user_ns = kernel.stat(os::kNoDir, "/proc/self/ns/user");
  return user_ns && user_ns->id.ino == kFirstUserNamespace &&
         kernel.has_capability(CAP_NET_BROADCAST);
}

// What `open` gives in the namespace of the first socket.
template <typename Open>
auto open_beside(os::Kernel& kernel, Fd ns, const Open& open) {
  decltype(open()) opened = tl::unexpected(Errno{EAGAIN});
  std::thread([&] { opened = kernel.enter(ns, os::NamespaceType::net).and_then(open); }).join();
  return opened;
}

// A socket that hears changes of nf_tables; none where the kernel has none: to hear of a module is
// to load it (net/netfilter/nfnetlink.c nfnetlink_bind).
UniqueFd hear_netfilter(os::Kernel& kernel, Fd ns) {
  if (!find_abilities(kernel).nf_tables) return {};
  auto socket = open_beside(kernel, ns,
                            [&] { return kernel.netlink_socket(os::NetlinkProtocol::netfilter); });
  if (!socket || !kernel.hear(*socket, kNetfilterGroups, kRoom)) return {};
  return std::move(*socket);
}

constexpr std::string_view kAlias = "nsmap listens here";

// Where it fails the namespace is seen by others, no more.
void set_alias(netlink::Transport& route) {
  ifinfomsg loopback{};
  loopback.ifi_index = 1;
  netlink::Request request(RTM_SETLINK, 0, loopback);
  request.attribute(IFLA_IFALIAS, std::as_bytes(std::span(kAlias)));
  static_cast<void>(netlink::change(route, std::span(&request, 1)));
}

}  // namespace

bool is_listeners(const model::Namespace& ns) {
  return ns.links.size() == 1 && ns.links[0].alias == kAlias &&
         std::ranges::all_of(ns.holders, [](const model::Holder& holder) {
           return holder.kind == model::HolderKind::socket ||
                  holder.kind == model::HolderKind::listed;
         });
}

SysResult<std::unique_ptr<Listener>> Listener::open(os::Kernel& kernel) {
  if (!may_hear_all(kernel)) return tl::unexpected(Errno{EPERM});
  auto socket = kernel.netlink_socket_apart(os::NetlinkProtocol::route);
  if (!socket) return tl::unexpected(socket.error());
  if (const auto heard = kernel.hear(*socket, kGroups, kRoom); !heard)
    return tl::unexpected(heard.error());
  const auto ns = kernel.netns_of_socket(*socket);
  if (!ns) return tl::unexpected(ns.error());
  auto route = open_beside(
      kernel, *ns, [&] { return netlink::open_kernel(kernel, os::NetlinkProtocol::route); });
  if (!route) return tl::unexpected(route.error());
  set_alias(**route);
  const std::uint64_t own_id = kernel.namespace_id(*ns).value_or(0);
  return std::unique_ptr<Listener>(new Listener(
      kernel, std::move(*socket), hear_netfilter(kernel, *ns), std::move(*route), own_id));
}

Listener::Listener(os::Kernel& kernel, UniqueFd socket, UniqueFd netfilter,
                   std::unique_ptr<netlink::Transport> route, std::uint64_t own_id)
    : kernel_(kernel),
      socket_(std::move(socket)),
      netfilter_(std::move(netfilter)),
      route_(std::move(route)),
      own_id_(own_id),
      buffer_(kBufferSize) {}

// An inode is free for another namespace only after its number was taken back
// (net/core/net_namespace.c cleanup_net), and `ns` keeps this one: what was heard up to now settles
// whether the one included under that inode is the same.
std::optional<StaleFacts> Listener::include(model::NetnsId id, Fd ns) {
  const std::lock_guard lock(mutex_);
  read();
  if (numbers_.contains(id)) {
    const auto stale = heard_.stale.extract(id);
    return stale ? std::move(stale.mapped()) : StaleFacts();
  }
  const Nsid number(next_++);
  netlink::Request request(RTM_NEWNSID, 0, rtgenmsg{AF_UNSPEC});
  request.attribute(NETNSA_NSID, number.value);
  request.attribute(NETNSA_FD, static_cast<std::uint32_t>(ns.get()));
  // One that cannot be included is not heard of, and so read at every look.
  if (netlink::change(*route_, std::span(&request, 1))) return std::nullopt;
  included_[number] = id;
  numbers_[id] = number;
  return std::nullopt;
}

Heard Listener::take() {
  const std::lock_guard lock(mutex_);
  read();
  return std::exchange(heard_, {});
}

std::vector<Fd> Listener::sockets() const {
  std::vector<Fd> sockets{socket_};
  if (netfilter_.valid()) sockets.emplace_back(netfilter_);
  return sockets;
}

void Listener::read() {
  read(socket_);
  if (netfilter_.valid()) read(netfilter_);
}

void Listener::read(Fd socket) {
  for (;;) {
    const auto datagram = kernel_.receive_heard(socket, buffer_);
    if (datagram) {
      note(*datagram);
    } else if (datagram.error() == Errno{ENOBUFS} || datagram.error() == Errno{EMSGSIZE}) {
      heard_.lost = true;
    } else if (datagram.error() != Errno{EINTR}) {
      return;
    }
  }
}

void Listener::note(const os::HeardMessage& datagram) {
  const auto ns = datagram.from ? included_.find(*datagram.from) : included_.end();
  if (datagram.from && ns == included_.end()) return;
  netlink::for_each_message(datagram.bytes, [&](const netlink::Message& message) {
    if (datagram.from)
      note_of(ns->second, message);
    else
      note_own(message);
    return true;
  });
}

void Listener::note_own(const netlink::Message& message) {
  if (message.type() != RTM_DELNSID) return;
  const auto number = number_in(message);
  const auto ns = number ? included_.find(*number) : included_.end();
  if (ns == included_.end()) return;
  heard_.gone.push_back(ns->second);
  heard_.stale.erase(ns->second);
  numbers_.erase(ns->second);
  included_.erase(ns);
}

void Listener::note_of(model::NetnsId id, const netlink::Message& message) {
  const auto row = std::ranges::find_if(kStale, [&](const StaleRow& candidate) {
    return candidate.first <= message.type() && message.type() <= candidate.last;
  });
  if (row == std::end(kStale)) return;
  heard_.stale[id].insert(row->collectors);
  if (row->first == RTM_NEWNSID) heard_.renumbered = true;
}

SysResult<UniqueFd> open_mounts(os::Kernel& kernel) {
  return kernel.open(os::kNoDir, "/proc/self/mountinfo", O_RDONLY);
}

}  // namespace nsmap::collect
