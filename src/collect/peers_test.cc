#include "collect/peers.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/if_link.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <deque>
#include <map>

#include "netlink/request.h"
#include "os/fake_kernel.h"

namespace nsmap::collect {
namespace {

using model::LinkRef;
using model::NetnsId;

NetnsId id_of(std::uint64_t ino) { return {os::FakeKernel::kNsfsDev, ino}; }

Mac mac_of(int n) {
  const std::array<std::byte, 6> bytes{
      std::byte{2}, {}, {}, {}, static_cast<std::byte>(n >> 8), static_cast<std::byte>(n)};
  return *Mac::from_bytes(bytes);
}

// A kernel of namespaces that know each other by number, which answers RTM_GETNSID and RTM_GETLINK
// as net/core/net_namespace.c and net/core/rtnetlink.c do, and counts the questions.
class PeerKernel final : public os::FakeKernel {
 public:
  struct Wire {
    std::uint64_t ns;
    int index;
    std::string name;
    std::uint64_t peer_ns;
    int peer_index;
  };

  // Joins two links by a veth; a namespace knows another by a number of its own from then on.
  void connect(std::uint64_t a, int a_index, std::uint64_t b, int b_index) {
    add_end({a, a_index, "v" + std::to_string(a_index), b, b_index});
    add_end({b, b_index, "v" + std::to_string(b_index), a, a_index});
  }

  int number(std::uint64_t in, std::uint64_t of) {
    auto& known = numbers_[in];
    return known.emplace(of, static_cast<int>(known.size())).first->second;
  }

  model::Link link(const Wire& wire, bool keep_equal = true) {
    model::Link link;
    link.index = IfIndex(wire.index);
    link.name = wire.name;
    link.kind = "veth";
    link.mac = mac(wire.ns, wire.index);
    if (wire.index != wire.peer_index || keep_equal) link.link = IfIndex(wire.peer_index);
    if (wire.ns != wire.peer_ns) link.link_nsid = Nsid(number(wire.ns, wire.peer_ns));
    return link;
  }

  std::vector<model::Namespace> namespaces(bool keep_equal = true) {
    std::map<std::uint64_t, model::Namespace> all;
    for (const Wire& wire : wires_) {
      if (hidden.contains(wire.ns)) continue;
      all[wire.ns].id = id_of(wire.ns);
      all[wire.ns].links.push_back(link(wire, keep_equal));
    }
    std::vector<model::Namespace> out;
    for (auto& [ino, ns] : all) out.push_back(std::move(ns));
    return out;
  }

  SysResult<void> enter(Fd ns, os::NamespaceType) override {
    current() = stat(ns, "")->id.ino;
    return {};
  }
  SysResult<UniqueFd> netlink_socket(os::NetlinkProtocol) override {
    UniqueFd fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    sockets_[fd.borrow().get()] = current();
    return fd;
  }
  SysResult<void> send(Fd socket, Bytes request) override {
    ++questions;
    answer(sockets_[socket.get()], request);
    return {};
  }
  SysResult<Bytes> receive(Fd, std::span<std::byte> buffer) override {
    if (answers_.empty()) return tl::unexpected(Errno{EAGAIN});
    const auto next = answers_.front();
    answers_.pop_front();
    std::copy(next.begin(), next.end(), buffer.begin());
    return Bytes(buffer.first(next.size()));
  }

  std::set<std::uint64_t> hidden;
  int questions = 0;
  std::map<std::pair<std::uint64_t, int>, Mac> macs;

 private:
  static std::uint64_t& current() {
    static thread_local std::uint64_t ns = 1;
    return ns;
  }

  Mac mac(std::uint64_t ns, int index) {
    const auto found = macs.find({ns, index});
    return found != macs.end() ? found->second : mac_of(static_cast<int>(ns) * 256 + index);
  }

  void add_end(const Wire& wire) {
    add_namespace("/ns/" + std::to_string(wire.ns), os::NamespaceType::net, wire.ns);
    if (wire.ns != wire.peer_ns) number(wire.ns, wire.peer_ns);
    wires_.push_back(wire);
  }

  std::uint64_t namespace_known_as(std::uint64_t in, std::int32_t nsid) {
    for (const auto& [of, known] : numbers_[in])
      if (known == nsid) return of;
    return 0;
  }

  void reply(const netlink::Request& request, std::uint32_t sequence) {
    netlink::Request copy = request;
    copy.set_sequence(sequence);
    answers_.emplace_back(copy.bytes().begin(), copy.bytes().end());
  }

  void reply_error(int error, std::uint32_t sequence) {
    struct {
      std::int32_t error;
      nlmsghdr original;
    } body{-error, {}};
    reply(netlink::Request(NLMSG_ERROR, NLM_F_CAPPED, body), sequence);
  }

  void answer(std::uint64_t ns, Bytes request) {
    const auto header = *read_at<nlmsghdr>(request);
    const netlink::Message message(header, request.subspan(NLMSG_HDRLEN));
    if (header.nlmsg_type == RTM_GETNSID) return answer_nsid(ns, message);
    if (header.nlmsg_type == RTM_GETLINK) return answer_links(ns, message);
    reply_error(EOPNOTSUPP, header.nlmsg_seq);
  }

  void answer_nsid(std::uint64_t ns, const netlink::Message& message) {
    const auto attributes = message.attributes(sizeof(rtgenmsg));
    const int fd = static_cast<int>(*attributes.find(NETNSA_FD)->u32());
    if (const auto target = attributes.find(NETNSA_TARGET_NSID))
      ns = namespace_known_as(ns, *target->s32());
    const auto known = numbers_[ns].find(stat(Fd(fd), "")->id.ino);
    netlink::Request out(RTM_NEWNSID, 0, rtgenmsg{AF_UNSPEC});
    out.attribute(NETNSA_NSID, known == numbers_[ns].end() ? -1 : known->second);
    reply(out, message.header().nlmsg_seq);
  }

  void answer_links(std::uint64_t ns, const netlink::Message& message) {
    const auto wanted = message.family_header<ifinfomsg>();
    const auto target = message.attributes(sizeof(ifinfomsg)).find(IFLA_TARGET_NETNSID);
    if (target) ns = namespace_known_as(ns, *target->s32());
    for (const Wire& wire : wires_)
      if (wire.ns == ns && (wanted->ifi_index == 0 || wanted->ifi_index == wire.index))
        reply_link(wire, message.header().nlmsg_seq);
    if ((message.header().nlmsg_flags & NLM_F_DUMP) != 0)
      reply(netlink::Request(NLMSG_DONE, 0, std::int32_t{0}), message.header().nlmsg_seq);
  }

  void reply_link(const Wire& wire, std::uint32_t sequence) {
    ifinfomsg header{};
    header.ifi_index = wire.index;
    netlink::Request out(RTM_NEWLINK, 0, header);
    out.attribute(IFLA_IFNAME, std::as_bytes(std::span(wire.name)));
    out.attribute(IFLA_ADDRESS, mac(wire.ns, wire.index).bytes());
    out.attribute(IFLA_LINK, std::int32_t{wire.peer_index});
    if (wire.ns != wire.peer_ns)
      out.attribute(IFLA_LINK_NETNSID, std::int32_t{number(wire.ns, wire.peer_ns)});
    const struct {
      nlattr header{NLA_HDRLEN + 4, IFLA_INFO_KIND};
      char kind[4] = {'v', 'e', 't', 'h'};
    } info;
    out.attribute(IFLA_LINKINFO, info);
    reply(out, sequence);
  }

  std::vector<Wire> wires_;
  std::map<std::uint64_t, std::map<std::uint64_t, int>> numbers_;  // in → of → nsid
  std::map<int, std::uint64_t> sockets_;
  std::deque<std::vector<std::byte>> answers_;
};

struct Lab {
  explicit Lab(PeerKernel& kernel, bool keep_equal = true)
      : kernel_(kernel), namespaces(kernel.namespaces(keep_equal)) {
    for (const model::Namespace& ns : namespaces) {
      auto entry = std::make_unique<FoundNamespace>();
      entry->id = ns.id;
      entry->fd = std::move(
          *kernel.open(os::kNoDir, ("/ns/" + std::to_string(ns.id.ino)).c_str(), O_RDONLY));
      found_.push_back(entry.get());
      owned_.push_back(std::move(entry));
    }
  }

  std::size_t resolve(bool reveal_hidden) {
    kernel_.questions = 0;
    return resolve_peers(kernel_, {namespaces, found_, id_of(1)}, reveal_hidden, report_);
  }

  std::optional<LinkRef> peer(std::uint64_t ns, int index) const {
    for (const model::Namespace& space : namespaces)
      for (const model::Link& link : space.links)
        if (space.id == id_of(ns) && link.index.value == index) return link.peer;
    return std::nullopt;
  }

 private:
  PeerKernel& kernel_;
  std::vector<std::unique_ptr<FoundNamespace>> owned_;
  std::vector<FoundNamespace*> found_;
  Report report_;

 public:
  std::vector<model::Namespace> namespaces;
};

LinkRef ref(std::uint64_t ns, int index) { return {id_of(ns), IfIndex(index)}; }

TEST(Peers, AHubAnswersForAllItsSpokes) {
  PeerKernel kernel;
  for (int i = 0; i < 100; ++i) kernel.connect(1, 10 + i, 100u + static_cast<unsigned>(i), 2);
  Lab lab(kernel);
  EXPECT_EQ(lab.resolve(false), 0u);
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(lab.peer(1, 10 + i), ref(100u + static_cast<unsigned>(i), 2));
    EXPECT_EQ(lab.peer(100u + static_cast<unsigned>(i), 2), ref(1, 10 + i));
  }
  EXPECT_EQ(kernel.questions, 100) << "one a number, none for the spokes";
}

TEST(Peers, EqualIfindexesWithoutIflaLink) {
  PeerKernel kernel;
  kernel.connect(1, 2, 7, 2);
  kernel.connect(8, 2, 9, 2);
  Lab lab(kernel, false);
  EXPECT_EQ(lab.resolve(false), 0u);
  EXPECT_EQ(lab.peer(1, 2), ref(7, 2));
  EXPECT_EQ(lab.peer(7, 2), ref(1, 2));
  EXPECT_EQ(lab.peer(8, 2), ref(9, 2));
  EXPECT_EQ(lab.peer(9, 2), ref(8, 2));
}

TEST(Peers, ManyAlikePairsStayLinear) {
  PeerKernel kernel;
  constexpr unsigned kPairsOfNamespaces = 200;
  for (unsigned i = 0; i < kPairsOfNamespaces; ++i) kernel.connect(100 + i, 2, 1000 + i, 2);
  Lab lab(kernel);
  EXPECT_EQ(lab.resolve(false), 0u);
  for (unsigned i = 0; i < kPairsOfNamespaces; ++i)
    EXPECT_EQ(lab.peer(100 + i, 2), ref(1000 + i, 2));
  EXPECT_LE(kernel.questions, static_cast<int>(3 * kPairsOfNamespaces));
}

TEST(Peers, EqualMacsAreStillToldApart) {
  PeerKernel kernel;
  for (unsigned i = 0; i < 20; ++i) {
    kernel.connect(100 + i, 2, 1000 + i, 2);
    kernel.macs[{1000 + i, 2}] = kernel.macs[{100 + i, 2}] = mac_of(7);
  }
  Lab lab(kernel);
  EXPECT_EQ(lab.resolve(false), 0u);
  for (unsigned i = 0; i < 20; ++i) EXPECT_EQ(lab.peer(100 + i, 2), ref(1000 + i, 2));
}

TEST(Peers, BothEndsInOneNamespace) {
  PeerKernel kernel;
  kernel.connect(1, 2, 1, 3);
  Lab lab(kernel);
  EXPECT_EQ(lab.resolve(false), 0u);
  EXPECT_EQ(lab.peer(1, 2), ref(1, 3));
  EXPECT_EQ(kernel.questions, 0);
}

TEST(Peers, ANamespaceThatIsGoingIsNobodysPeer) {
  PeerKernel kernel;
  kernel.connect(1, 2, 1, 3);
  Lab lab(kernel);
  // Linux tells a peer whose namespace is being taken down as NETNSA_NSID_NOT_ASSIGNED.
  lab.namespaces[0].links[0].link_nsid = Nsid(-1);
  EXPECT_EQ(lab.resolve(false), 0u);
  EXPECT_EQ(lab.peer(1, 2), std::nullopt);
}

TEST(Peers, AWireThatOnlyOneEndTellsOfIsNotBelieved) {
  PeerKernel kernel;
  kernel.connect(1, 5, 7, 2);
  Lab lab(kernel);
  ASSERT_EQ(lab.namespaces[1].links.size(), 1u);
  lab.namespaces[0].links.push_back(lab.namespaces[0].links[0]);
  lab.namespaces[0].links[1].index = IfIndex(6);  // stale: its number was given to another
  EXPECT_EQ(lab.resolve(false), 0u);
  EXPECT_EQ(lab.peer(1, 5), ref(7, 2));
  EXPECT_EQ(lab.peer(1, 6), std::nullopt);
}

// A link that came after its namespace was visited makes that namespace no candidate, and yet it is
// none that nobody holds.
TEST(Peers, ANamespaceThatWasVisitedIsNeverHidden) {
  PeerKernel kernel;
  kernel.connect(1, 5, 7, 2);
  kernel.connect(1, 6, 7, 3);
  kernel.connect(1, 8, 9, 2);
  kernel.connect(7, 10, 7, 11);
  Lab lab(kernel);
  std::erase_if(lab.namespaces[1].links, [](const auto& link) { return link.index.value < 10; });
  lab.namespaces[2].links.clear();
  EXPECT_EQ(lab.resolve(true), 0u);
  EXPECT_EQ(lab.namespaces.size(), 3u);
  EXPECT_EQ(lab.peer(1, 5), std::nullopt) << "its other end was not read";
}

// The number was freed and then given to the namespace itself, which asking can do.
TEST(Peers, ANumberThatMeansTheAskerItselfHidesNobody) {
  PeerKernel kernel;
  kernel.connect(1, 5, 7, 2);
  kernel.connect(7, 3, 8, 2);
  Lab lab(kernel);
  lab.namespaces[0].links[0].link_nsid = Nsid(kernel.number(1, 1));
  lab.namespaces[1].links.erase(lab.namespaces[1].links.begin());
  lab.resolve(true);
  EXPECT_EQ(lab.namespaces.size(), 3u);
  EXPECT_EQ(lab.peer(1, 5), std::nullopt);
}

TEST(Peers, AHiddenNamespaceIsOneHoweverManyWiresProveIt) {
  PeerKernel kernel;
  kernel.connect(1, 5, 50, 2);
  kernel.connect(7, 6, 50, 3);
  kernel.connect(1, 8, 51, 2);
  kernel.hidden = {50, 51};
  Lab lab(kernel);
  EXPECT_EQ(lab.resolve(false), 3u) << "numbers that lead nowhere";
  EXPECT_EQ(lab.peer(1, 5), std::nullopt);
  EXPECT_EQ(lab.resolve(true), 0u);
  ASSERT_EQ(lab.namespaces.size(), 4u);
  const auto peer = lab.peer(1, 5);
  ASSERT_TRUE(peer);
  EXPECT_TRUE(peer->ns.hidden());
  EXPECT_EQ(peer->index.value, 2);
  EXPECT_EQ(lab.peer(7, 6), (LinkRef{peer->ns, IfIndex(3)}));
  EXPECT_NE(lab.peer(1, 8)->ns, peer->ns);
  for (std::size_t i = 2; i < 4; ++i) {
    const model::Namespace& ns = lab.namespaces[i];
    const bool shared = ns.id == peer->ns;
    EXPECT_EQ(ns.holders.size(), shared ? 2u : 1u);
    EXPECT_EQ(ns.holders[0].kind, model::HolderKind::link);
    EXPECT_EQ(ns.links.size(), shared ? 2u : 1u);
    if (shared) {
      EXPECT_EQ(ns.links[0].peer, ref(1, 5));
    }
  }
}

}  // namespace
}  // namespace nsmap::collect
