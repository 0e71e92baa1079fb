#include "analyze/whois.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyze/test_host.h"

namespace nsmap::analyze {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

std::vector<WhoisAnswer> ask(std::string_view thing,
                             const model::Snapshot& snapshot = test_host()) {
  const model::Index index(snapshot);
  auto answers = whois(index, Titles(index), thing);
  EXPECT_TRUE(answers) << thing;
  return answers.value_or(std::vector<WhoisAnswer>());
}

TEST(Whois, InterfaceTellsItsPeer) {
  const auto answers = ask("veth1");
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].kind, WhoisKind::interface_);
  EXPECT_EQ(answers[0].title, "host");
  EXPECT_EQ(answers[0].peer, (WhoisPeer{{kWeb, IfIndex(7)}, "eth0", "web"}));
  EXPECT_EQ(ask("uplink"), answers);
}

TEST(Whois, InterfaceOfANamespace) {
  EXPECT_THAT(ask("lo"), SizeIs(2));
  const auto answers = ask("web:eth0");
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].container, "web");
  EXPECT_EQ(answers[0].image, "nginx:1");
  EXPECT_THAT(answers[0].addresses, ElementsAre("172.17.0.2/16", "fd00::2/64"));
  EXPECT_EQ(ask("ino:201:eth0"), answers);
  EXPECT_THAT(ask("web:eth9"), IsEmpty());
}

TEST(Whois, Address) {
  const auto answers = ask("172.17.0.2");
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].what, "172.17.0.2/16");
  EXPECT_EQ(answers[0].interface, "eth0");
  EXPECT_EQ(answers[0].title, "web");
  EXPECT_EQ(ask("fd00:0:0::2").at(0).what, "fd00::2/64");
}

TEST(Whois, AddressOfSomebodyElseIsANeighbour) {
  const auto answers = ask("172.17.0.99");
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].kind, WhoisKind::neighbour);
  EXPECT_EQ(answers[0].what, "172.17.0.99 at 02:42:ac:11:00:63");
  EXPECT_EQ(ask("02:42:AC:11:00:63"), answers);
}

TEST(Whois, Mac) {
  const auto answers = ask("02-42-ac-11-00-02");
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].kind, WhoisKind::mac);
  EXPECT_EQ(answers[0].interface, "eth0");
}

TEST(Whois, Port) {
  const auto answers = ask(":80");
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].what, "tcp 0.0.0.0:80 listen");
  EXPECT_EQ(answers[0].pid, Pid(20));
  EXPECT_EQ(answers[0].command, "/bin/nginx -f");
  EXPECT_EQ(answers[0].container, "web");
  EXPECT_THAT(ask(":53/udp"), SizeIs(1));
  EXPECT_THAT(ask(":53/tcp"), IsEmpty());
}

TEST(Whois, PublishedPort) {
  const auto answers = ask(":8080");
  ASSERT_THAT(answers, SizeIs(1));
  EXPECT_EQ(answers[0].kind, WhoisKind::published);
  EXPECT_EQ(answers[0].what, "tcp *:8080 to port 80");
  EXPECT_EQ(answers[0].container, "web");
}

TEST(Whois, ProcessSocketAndNamespaceByNumber) {
  EXPECT_EQ(ask("20").at(0).what, "nginx (20)");
  EXPECT_EQ(ask("pid:20"), ask("20"));
  EXPECT_EQ(ask("9080").at(0).kind, WhoisKind::socket);
  EXPECT_EQ(ask("201").at(0).kind, WhoisKind::namespace_);
  EXPECT_EQ(ask("ino:201"), ask("201"));
  EXPECT_EQ(ask("net:[201]"), ask("201"));
}

TEST(Whois, ContainerByNameIdOrPod) {
  EXPECT_EQ(ask("deadbeef").at(0).what, "web");
  EXPECT_EQ(ask("deadbeef").at(0).pid, Pid(20));
  EXPECT_THAT(ask("prod/api-1"), SizeIs(3));  // the pod's two containers and its namespace
}

TEST(Whois, SharedHostNamespaceBelongsToNoContainer) {
  model::Snapshot snapshot = test_host();
  snapshot.containers.push_back(test_container("hostnet0", "agent", kHost));
  EXPECT_EQ(ask("br0", snapshot).at(0).container, "");
}

TEST(Whois, NothingIsAnEmptyAnswer) {
  for (const char* thing :
       {"", "nope", "1.2.3.4", "00:00:00:00:00:01", "0", "pid:1", "ino:5", "::"})
    EXPECT_THAT(ask(thing), IsEmpty()) << thing;
}

TEST(Whois, MalformedIsAnError) {
  const model::Snapshot snapshot = test_host();
  const model::Index index(snapshot);
  for (const char* thing : {":", ":x", ":0", ":70000", "nope:eth0", "127.0.0.1:eth0"})
    EXPECT_FALSE(whois(index, Titles(index), thing)) << thing;
}

}  // namespace
}  // namespace nsmap::analyze
