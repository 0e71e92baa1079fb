// Who is at the other end of a wire.
//
// A link tells of its other end an ifindex (IFLA_LINK) and, when that lies in another namespace,
// that namespace's number in its own (IFLA_LINK_NETNSID). To know which namespace a number means
// there is only one question: RTM_GETNSID with a descriptor, asked inside the one for the number of
// the other (net/core/net_namespace.c rtnl_net_getid). Asking it for every pair of namespaces is
// what makes other tools quadratic. Here it is asked to confirm a guess:
//
//   1. A veth at (A, i) whose other end is j in "number k" can only meet a veth j whose other end
//      is i. An index of all veths by (own, other) ifindex gives the candidates at once, and one
//      question confirms one.
//   2. Where several namespaces have such a veth (every lab pairs eth0 with eth0), A is asked for
//   the
//      MAC of j in k (RTM_GETLINK with IFLA_TARGET_NETNSID), which leaves the right one.
//   3. A confirmed wire names both its ends: the other namespace's number for A needs no question.
//
// So the cost is a question or two for each number, taken from the namespaces that know most
// numbers first; the rest follows from the third rule. A number that nobody confirms belongs to a
// namespace that no source found: hidden. The kernel still reads its links and addresses out
// through the number.
//
// When both ends have the same ifindex some kernels leave IFLA_LINK out (rtnl_fill_link_netnsid): a
// link that has a number but no IFLA_LINK means its own ifindex.
//
// Numbers come and go while we read: a namespace that dies frees its own, and the kernel gives one
// to whatever a link that is told of leads to, even to the namespace that asks.

#include "collect/peers.h"

#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <string_view>
#include <thread>
#include <unordered_map>

#include "collect/collectors.h"
#include "collect/nsids.h"
#include "netlink/request.h"

namespace nsmap::collect {
namespace {

using model::Link;
using model::LinkRef;
using model::Namespace;

constexpr std::size_t kFewCandidates = 4;    // asked one by one, without asking for the MAC first
constexpr std::size_t kMostCandidates = 64;  // of one MAC: more is a host that lies
// Asked whether a number that seems hidden is theirs: links that came since, numbers used anew.
constexpr std::size_t kMostSuspects = 1024;
constexpr std::string_view kPairs[] = {"veth", "netkit"};
// Kinds that stand on another link; IFLA_LINK may lawfully be their own number in another
// namespace.
constexpr std::string_view kUppers[] = {"vlan", "macvlan", "macvtap", "ipvlan", "ipvtap", "macsec"};

template <std::size_t N>
bool any_of(const std::string_view (&kinds)[N], const std::string& kind) {
  return std::find(std::begin(kinds), std::end(kinds), kind) != std::end(kinds);
}

bool is_pair(const Link& link) { return any_of(kPairs, link.kind); }

bool names_peer(const Link& link) { return link.link_nsid && link.link_nsid->value >= 0; }

// The ifindex a tunnel was told to leave by; 0: none, or no tunnel.
IfIndex underlay(const Link& link) {
  return std::visit(
      [](const auto& data) {
        if constexpr (requires { data.underlay; })
          return data.underlay.value_or(IfIndex(0));
        else
          return IfIndex(0);
      },
      link.data);
}

// The ifindex of the link at the other end or below; 0: none is known, only the namespace.
IfIndex other_end(const Link& link) {
  // Some tunnels tell it in their own data only (drivers/net/vxlan vxlan_fill_info).
  if (const IfIndex below = underlay(link); below.value != 0) return below;
  const bool own_number_counts = is_pair(link) || any_of(kUppers, link.kind);
  if (!link.link) return own_number_counts && names_peer(link) ? link.index : IfIndex(0);
  if (*link.link == link.index && !(own_number_counts && names_peer(link))) return IfIndex(0);
  return *link.link;
}

// A wire as one of its ends tells it: (own ifindex, the other's).
struct WireKey {
  IfIndex own;
  IfIndex other;
  friend bool operator==(WireKey, WireKey) = default;
};
struct WireKeyHash {
  std::size_t operator()(WireKey key) const noexcept {
    return std::hash<std::int64_t>{}(std::int64_t{key.own.value} << 32 | key.other.value);
  }
};

// A link by its ifindex and MAC, which mostly tell it from those of all other namespaces.
struct MacAt {
  IfIndex index;
  Mac mac;
  friend bool operator==(const MacAt&, const MacAt&) = default;
};
struct MacAtHash {
  std::size_t operator()(const MacAt& at) const noexcept {
    return std::hash<Mac>{}(at.mac) ^ static_cast<std::size_t>(at.index.value);
  }
};
constexpr std::array<std::byte, 6> kNoMac{};  // loopback's

// Passes requests on so that links and addresses are read of the namespace known as `nsid`.
class ThroughNsid final : public netlink::Transport {
 public:
  ThroughNsid(netlink::Transport& inner, Nsid nsid) : inner_(inner), nsid_(nsid) {}

  SysResult<void> send(Bytes request) override {
    const auto header = read_at<nlmsghdr>(request);
    if (!header) return tl::unexpected(Errno{EINVAL});
    const bool links = header->nlmsg_type == RTM_GETLINK;
    if (!links && header->nlmsg_type != RTM_GETADDR) return tl::unexpected(Errno{EOPNOTSUPP});
    netlink::Request wrapped(request);
    const std::uint16_t target =
        links ? std::uint16_t{IFLA_TARGET_NETNSID} : std::uint16_t{IFA_TARGET_NETNSID};
    wrapped.attribute(target, nsid_.value);
    return inner_.send(wrapped.bytes());
  }
  SysResult<Bytes> receive() override { return inner_.receive(); }

 private:
  netlink::Transport& inner_;
  Nsid nsid_;
};

// The MAC of a link in the namespace that the transport's namespace knows as `nsid`.
std::optional<Mac> mac_through(netlink::Transport& route, Nsid nsid, IfIndex index) {
  ifinfomsg header{};
  header.ifi_index = index.value;
  netlink::Request request(RTM_GETLINK, 0, header);
  request.attribute(IFLA_TARGET_NETNSID, nsid.value);
  std::optional<Mac> mac;
  netlink::get(route, std::move(request), [&](const netlink::Message& message) {
    const auto address = message.attributes(sizeof(ifinfomsg)).find(IFLA_ADDRESS);
    if (address) mac = Mac::from_bytes(address->payload());
  });
  return mac;
}

class Resolver {
 public:
  Resolver(os::Kernel& kernel, const Visited& visited, Report& report)
      : kernel_(kernel),
        visited_(visited),
        namespaces_(visited.namespaces),
        report_(report),
        known_(namespaces_.size()) {
    std::size_t links = 0;
    for (const Namespace& ns : namespaces_) links += ns.links.size();
    links_.reserve(links);
    pairs_.reserve(links);
    for (std::size_t ns = 0; ns < namespaces_.size(); ++ns) index(ns);
    learn_told();
  }

  std::size_t run(bool reveal_hidden) {
    learn_own();
    std::thread([&] { ask_all(reveal_hidden); }).join();
    return assign_all();
  }

  // Returns how many numbers are open.
  std::size_t assign_all() {
    const std::size_t open = count_open();
    for (std::size_t ns = 0; ns < namespaces_.size(); ++ns) assign(ns);
    return open;
  }

 private:
  void learn_told() {
    std::unordered_map<model::NetnsId, std::size_t> places;
    for (std::size_t ns = 0; ns < namespaces_.size(); ++ns) places[namespaces_[ns].id] = ns;
    for (std::size_t ns = 0; ns < namespaces_.size(); ++ns)
      for (const model::NsidEntry& entry : namespaces_[ns].nsids)
        if (const auto place = entry.ns ? places.find(*entry.ns) : places.end();
            place != places.end())
          known_[ns][entry.nsid] = place->second;
  }

  // What was learnt in the visits: which number means the caller's namespace.
  void learn_own() {
    const auto own = std::find_if(namespaces_.begin(), namespaces_.end(),
                                  [&](const Namespace& ns) { return ns.id == visited_.own; });
    if (own == namespaces_.end()) return;
    const auto target = static_cast<std::size_t>(own - namespaces_.begin());
    for (std::size_t ns = 0; ns < visited_.found.size(); ++ns)
      if (const auto nsid = visited_.found[ns]->own_nsid; nsid && ns != target)
        learn(ns, *nsid, target);
  }

  // What one namespace's numbers mean: positions in namespaces_.
  using Known = std::unordered_map<Nsid, std::size_t>;

  // Number k of namespace `ns`, and a link that names it.
  struct Question {
    std::size_t ns;
    const Link* link;
  };

  void index(std::size_t ns) {
    for (const Link& link : namespaces_[ns].links) {
      links_[{namespaces_[ns].id, link.index}] = &link;
      if (!names_peer(link)) continue;
      if (is_pair(link)) pairs_[{link.index, other_end(link)}].push_back(ns);
    }
  }

  const Link* link_at(std::size_t ns, IfIndex index) const {
    const auto found = links_.find({namespaces_[ns].id, index});
    return found == links_.end() ? nullptr : found->second;
  }

  // One question for each number that is still open in a namespace.
  std::vector<Question> open_questions(std::size_t ns) const {
    std::unordered_map<Nsid, const Link*> open;
    for (const Link& link : namespaces_[ns].links) {
      if (!names_peer(link) || known_[ns].contains(*link.link_nsid)) continue;
      const Link*& best = open[*link.link_nsid];
      // A wire is the best proof: its other end can be told from any other link.
      if (!best || (is_pair(link) && !is_pair(*best))) best = &link;
    }
    std::vector<Question> questions;
    for (const auto& [nsid, link] : open) questions.push_back({ns, link});
    return questions;
  }

  std::size_t count_open() const {
    std::size_t open = 0;
    for (std::size_t ns = 0; ns < known_.size(); ++ns) open += open_questions(ns).size();
    return open;
  }

  // Namespaces in the order in which to ask: our own while we are in it, then by how many numbers.
  std::vector<std::size_t> order() const {
    std::vector<std::pair<std::size_t, std::size_t>> counted;
    for (std::size_t ns = 0; ns < known_.size(); ++ns) {
      const std::size_t open = open_questions(ns).size();
      const bool own = namespaces_[ns].id == visited_.own;
      if (open != 0) counted.emplace_back(own ? SIZE_MAX : open, ns);
    }
    std::stable_sort(counted.begin(), counted.end(),
                     [](const auto& a, const auto& b) { return a.first > b.first; });
    std::vector<std::size_t> sorted;
    for (const auto& [open, ns] : counted) sorted.push_back(ns);
    return sorted;
  }

  void ask_all(bool reveal_hidden) {
    for (const std::size_t ns : order()) {
      const auto questions = open_questions(ns);
      if (questions.empty()) continue;
      if (namespaces_[ns].id != visited_.own &&
          !kernel_.enter(visited_.found[ns]->fd, os::NamespaceType::net))
        continue;
      const auto route = netlink::open_kernel(kernel_, os::NetlinkProtocol::route);
      if (!route) continue;
      for (const Question& question : questions) {
        if (known_[ns].contains(*question.link->link_nsid)) continue;
        if (!ask(**route, question) && reveal_hidden) reveal(**route, question);
      }
    }
  }

  // Confirms one of the candidates, if any is right.
  bool ask(netlink::Transport& route, const Question& question) {
    const Nsid nsid = *question.link->link_nsid;
    for (const std::size_t candidate : candidates(route, question)) {
      if (candidate == question.ns || candidate >= visited_.found.size()) continue;
      if (nsid_of(route, visited_.found[candidate]->fd) != nsid) continue;
      learn(question.ns, nsid, candidate);
      return true;
    }
    return false;
  }

  std::vector<std::size_t> candidates(netlink::Transport& route, const Question& question) {
    const Link& link = *question.link;
    const IfIndex other = other_end(link);
    if (is_pair(link)) {
      const auto found = pairs_.find({other, link.index});
      if (found == pairs_.end()) return {};
      return narrowed(route, question, other, found->second);
    }
    // Any namespace with that link, or any at all; our own first, as a parent is mostly the host's.
    std::vector<std::size_t> all;
    for (std::size_t ns = 0; ns < visited_.found.size(); ++ns)
      if (other.value == 0 || link_at(ns, other)) all.push_back(ns);
    std::stable_partition(all.begin(), all.end(),
                          [&](std::size_t ns) { return namespaces_[ns].id == visited_.own; });
    return narrowed(route, question, other.value == 0 ? IfIndex(1) : other, std::move(all));
  }

  // Of many candidates, those whose link `index` has the MAC that the kernel gives for it.
  std::vector<std::size_t> narrowed(netlink::Transport& route, const Question& question,
                                    IfIndex index, std::vector<std::size_t> all) {
    if (all.size() <= kFewCandidates) return all;
    const auto mac = mac_through(route, *question.link->link_nsid, index);
    if (mac) {
      std::erase_if(all, [&](std::size_t ns) {
        const Link* link = link_at(ns, index);
        return !link || link->mac != *mac;
      });
    }
    if (all.size() > kMostCandidates) {
      report_.add("peers",
                  "telling whose end of " + question.link->name +
                      " is the other: too many links share one ifindex and MAC",
                  0, namespaces_[question.ns].id);
      all.resize(kMostCandidates);
    }
    return all;
  }

  // Notes what a number means, and what follows for the other side of each wire between the two.
  void learn(std::size_t ns, Nsid nsid, std::size_t target) {
    known_[ns][nsid] = target;
    for (const Link& link : namespaces_[ns].links) {
      if (link.link_nsid != nsid || !is_pair(link)) continue;
      const Link* back = link_at(target, other_end(link));
      if (back && is_pair(*back) && names_peer(*back) && other_end(*back) == link.index)
        known_[target].emplace(*back->link_nsid, ns);
    }
  }

  // The namespace behind a number that is none of ours: reads what can be read through the number.
  void reveal(netlink::Transport& route, const Question& question) {
    const Nsid nsid = *question.link->link_nsid;
    Namespace hidden;
    ThroughNsid through(route, nsid);
    Report unheard;  // not every namespace is ours to read through a number
    Reading reading{kernel_, through, through, through, through, hidden, unheard};
    collect_links(reading);
    if (hidden.links.empty()) return;  // gone meanwhile, or not ours to see
    if (const auto known = visited_as(route, nsid, hidden)) {
      if (*known != question.ns) learn(question.ns, nsid, *known);
      return;
    }
    collect_addresses(reading);
    hidden.id = {0, ++hidden_};
    add(std::move(hidden));
    const std::size_t target = namespaces_.size() - 1;
    learn(question.ns, nsid, target);
    learn_other_proofs(route, nsid, target);
    for (const Link& link : namespaces_[question.ns].links)
      if (link.link_nsid == nsid) prove(target, question.ns, link);
    report_.add("peers",
                question.link->name +
                    " leads to a namespace that no process, descriptor, socket or mount we can see "
                    "holds",
                0, namespaces_[question.ns].id);
  }

  // Which of the namespaces visited a number means after all, told by the links read through it. A
  // link may have come since that one was visited, and so be no candidate; and a number that was
  // freed may mean another namespace by now, even the one that is asked.
  std::optional<std::size_t> visited_as(netlink::Transport& route, Nsid nsid,
                                        const Namespace& through) {
    if (by_mac_.empty() && lonely_.empty()) index_macs();
    std::vector<std::size_t> candidates;
    for (const Link& link : through.links)
      if (const auto found = by_mac_.find({link.index, link.mac}); found != by_mac_.end())
        candidates.insert(candidates.end(), found->second.begin(), found->second.end());
    candidates.insert(candidates.end(), lonely_.begin(), lonely_.end());
    if (candidates.size() > kMostSuspects) candidates.resize(kMostSuspects);
    for (const std::size_t ns : candidates)
      if (nsid_of(route, visited_.found[ns]->fd) == nsid) return ns;
    return std::nullopt;
  }

  void index_macs() {
    for (std::size_t ns = 0; ns < visited_.found.size(); ++ns) {
      bool alone = true;
      for (const Link& link : namespaces_[ns].links) {
        if (link.mac.empty() || link.mac == Mac::from_bytes(kNoMac)) continue;  // loopback, tunnels
        by_mac_[{link.index, link.mac}].push_back(ns);
        alone = false;
      }
      if (alone) lonely_.push_back(ns);
    }
  }

  // The vectors of links must not move while links_ points into them, so the new one is moved into
  // a place reserved for it.
  void add(Namespace hidden) {
    namespaces_.push_back(std::move(hidden));
    known_.emplace_back();
    index(namespaces_.size() - 1);
  }

  // Other namespaces with wires into the same hidden one: it is asked, through the number, under
  // which number it knows each of those that its own wires may lead to.
  void learn_other_proofs(netlink::Transport& route, Nsid nsid, std::size_t target) {
    for (const Link& link : namespaces_[target].links) {
      if (!is_pair(link) || !names_peer(link)) continue;
      const auto found = pairs_.find({other_end(link), link.index});
      if (found == pairs_.end()) continue;
      for (const std::size_t ns : std::vector(found->second)) {
        const Link* end = link_at(ns, other_end(link));
        if (ns >= visited_.found.size() || !end || known_[ns].contains(*end->link_nsid)) continue;
        if (nsid_of(route, visited_.found[ns]->fd, nsid) != link.link_nsid) continue;
        learn(ns, *end->link_nsid, target);
        prove(target, ns, *end);
      }
    }
  }

  void prove(std::size_t hidden, std::size_t ns, const Link& link) {
    model::Holder holder;
    holder.kind = model::HolderKind::link;
    holder.link = LinkRef{namespaces_[ns].id, link.index};
    holder.nsid = link.link_nsid;
    namespaces_[hidden].holders.push_back(holder);
  }

  void assign(std::size_t ns) {
    Namespace& space = namespaces_[ns];
    for (Link& link : space.links) {
      const auto target = target_of(ns, link);
      link.peer = target && is_pair(link) ? peer_in(*target, ns, link) : std::nullopt;
      link.parent = target && !is_pair(link) ? parent_in(*target, link) : std::nullopt;
    }
    for (model::NsidEntry& entry : space.nsids) {
      const auto known = known_[ns].find(entry.nsid);
      entry.ns.reset();
      if (known != known_[ns].end()) entry.ns = namespaces_[known->second].id;
    }
  }

  // The position of the namespace that a link of namespace `ns` leads to. A negative number
  // (NETNSA_NSID_NOT_ASSIGNED) leads nowhere: that namespace is being taken down.
  std::optional<std::size_t> target_of(std::size_t ns, const Link& link) const {
    if (!link.link_nsid) return ns;
    if (!names_peer(link)) return std::nullopt;
    const auto known = known_[ns].find(*link.link_nsid);
    return known == known_[ns].end() ? std::nullopt : std::optional(known->second);
  }

  // Numbers and ifindexes are reused while we read, and what was read of two namespaces is of two
  // moments: a wire is told only where both its ends tell of each other.
  std::optional<LinkRef> peer_in(std::size_t target, std::size_t ns, const Link& link) const {
    const Link* back = link_at(target, other_end(link));
    const bool mutual = back && is_pair(*back) && other_end(*back) == link.index &&
                        names_peer(*back) == (target != ns);
    if (!mutual) return std::nullopt;
    return LinkRef{namespaces_[target].id, back->index};
  }

  // Index 0: a tunnel whose packets leave by the routes of that namespace, not by one link.
  std::optional<LinkRef> parent_in(std::size_t target, const Link& link) const {
    const IfIndex below = other_end(link);
    const bool there = below.value != 0 ? link_at(target, below) != nullptr : names_peer(link);
    if (!there) return std::nullopt;
    return LinkRef{namespaces_[target].id, below};
  }

  os::Kernel& kernel_;
  const Visited& visited_;
  std::vector<Namespace>& namespaces_;
  Report& report_;
  std::vector<Known> known_;  // by position in namespaces_
  std::unordered_map<LinkRef, const Link*> links_;
  std::unordered_map<WireKey, std::vector<std::size_t>, WireKeyHash> pairs_;
  // For visited_as, made when first asked: namespaces by the MACs of their links, and those
  // without.
  std::unordered_map<MacAt, std::vector<std::size_t>, MacAtHash> by_mac_;
  std::vector<std::size_t> lonely_;
  std::uint64_t hidden_ = 0;
};

}  // namespace

std::size_t resolve_peers(os::Kernel& kernel, std::vector<Namespace>& namespaces) {
  const std::vector<FoundNamespace*> nobody;
  Report unheard;
  return Resolver(kernel, {namespaces, nobody, {}}, unheard).assign_all();
}

std::size_t resolve_peers(os::Kernel& kernel, const Visited& visited, bool reveal_hidden,
                          Report& report) {
  return Resolver(kernel, visited, report).run(reveal_hidden);
}

}  // namespace nsmap::collect
