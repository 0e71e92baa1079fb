#include <gtest/gtest.h>
#include <linux/fib_rules.h>
#include <linux/inet_diag.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/netconf.h>
#include <linux/nexthop.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>

#include <random>

#include "collect/collectors.h"
#include "collect/test_reading.h"

// Whatever the kernel (or a recording that claims to be one) says, a collector neither reads past
// its end nor stops: it leaves the message out.

namespace nsmap::collect {
namespace {

struct Subject {
  const char* name;
  std::size_t (*collect)(Reading&);
  int request;
  int answer;
  std::size_t header;  // of the family, in bytes
};

constexpr Subject kSubjects[] = {
    {"addresses", collect_addresses, RTM_GETADDR, RTM_NEWADDR, sizeof(ifaddrmsg)},
    {"routes", collect_routes, RTM_GETROUTE, RTM_NEWROUTE, sizeof(rtmsg)},
    {"rules", collect_rules, RTM_GETRULE, RTM_NEWRULE, sizeof(fib_rule_hdr)},
    {"nexthops", collect_nexthops, RTM_GETNEXTHOP, RTM_NEWNEXTHOP, sizeof(nhmsg)},
    {"neighbours", collect_neighbours, RTM_GETNEIGH, RTM_NEWNEIGH, sizeof(ndmsg)},
    {"fdb", collect_fdb, RTM_GETNEIGH, RTM_NEWNEIGH, sizeof(ndmsg)},
    {"vlans", collect_vlans, RTM_GETLINK, RTM_NEWLINK, sizeof(ifinfomsg)},
    {"nsids", collect_nsids, RTM_GETNSID, RTM_NEWNSID, sizeof(rtgenmsg)},
    {"sysctls", collect_sysctls, RTM_GETNETCONF, RTM_NEWNETCONF, sizeof(netconfmsg)},
    {"sockets", collect_sockets, SOCK_DIAG_BY_FAMILY, SOCK_DIAG_BY_FAMILY, sizeof(inet_diag_msg)},
};

Buffer whole_message(int type, Bytes payload) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(NLMSG_HDRLEN + payload.size());
  header.nlmsg_type = static_cast<std::uint16_t>(type);
  Buffer whole;
  append_value(whole, header);
  append_bytes(whole, payload);
  return whole;
}

class Hostile : public testing::TestWithParam<Subject> {
 protected:
  using Random = std::mt19937;

  static std::byte any(Random& random) { return static_cast<std::byte>(random() & 0xff); }

  // Attributes of likely types and sizes, nested ones among them, with payloads of noise.
  static Attrs noise(Random& random, int depth) {
    Attrs attrs;
    for (auto left = random() % 8; left > 0; --left) {
      const int type = static_cast<int>(random() % 32);
      if (depth > 0 && random() % 4 == 0) {
        attrs.nest(type, noise(random, depth - 1));
        continue;
      }
      constexpr std::size_t kSizes[] = {0, 1, 2, 4, 4, 8, 16, 16, 20, 36};
      Buffer payload(kSizes[random() % std::size(kSizes)]);
      for (std::byte& byte : payload) byte = any(random);
      attrs.bytes(type, payload);
    }
    return attrs;
  }

  static Buffer answer(Random& random, const Subject& subject) {
    constexpr int kFamilies[] = {AF_INET, AF_INET6, AF_BRIDGE, AF_UNIX, AF_PACKET, AF_NETLINK};
    Buffer family(NLMSG_ALIGN(subject.header));
    for (std::byte& byte : family) byte = any(random);
    family.front() = static_cast<std::byte>(kFamilies[random() % std::size(kFamilies)]);
    const Attrs attrs = noise(random, 2);
    append_bytes(family, attrs.bytes());
    if (random() % 3 == 0) family[random() % family.size()] = any(random);
    const std::size_t cut = random() % 3 == 0 ? random() % family.size() : family.size();
    return whole_message(subject.answer, Bytes(family).first(cut));
  }
};

TEST_P(Hostile, NoiseIsLeftOut) {
  const Subject& subject = GetParam();
  for (unsigned seed = 0; seed < 500; ++seed) {
    SCOPED_TRACE(seed);
    Random random(seed);
    std::vector<Buffer> answers;
    for (int i = 0; i < 8; ++i) answers.push_back(answer(random, subject));
    TestReading test;
    test.ns.links.push_back(bridge(true));
    test.route.answer(subject.request, answers);
    test.sock_diag.answer(subject.request, answers);
    subject.collect(test.reading);
  }
}

TEST_P(Hostile, AHeaderCutShortIsSaidAndLeftOut) {
  const Subject& subject = GetParam();
  TestReading test;
  test.ns.links.push_back(bridge(true));
  const Buffer cut = whole_message(subject.answer, {});
  test.route.answer(subject.request, {cut});
  test.sock_diag.answer(subject.request, {cut});
  EXPECT_EQ(subject.collect(test.reading), 0u);
  // A setting that is not there is none; everything else has a header, or something in it.
  const bool may_be_silent = std::string_view(subject.name) == "sysctls";
  EXPECT_EQ(test.diagnostics().empty(), may_be_silent);
}

INSTANTIATE_TEST_SUITE_P(Collectors, Hostile, testing::ValuesIn(kSubjects),
                         [](const auto& subject) { return std::string(subject.param.name); });

}  // namespace
}  // namespace nsmap::collect
