#include "lab/namespaces.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cerrno>

#include "os/fake_changes.h"

namespace nsmap::lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class Namespaces : public testing::Test {
 protected:
  Result<void> add(const std::vector<std::string>& names, bool loopback_up = false) {
    return add_namespaces(system_, *plan_names(names), loopback_up);
  }

  os::FakeKernel kernel_;
  os::FakeChanges changes_{kernel_};
  System system_{kernel_, changes_};
};

TEST(NamespaceName, IsAFileNameOnALineOfItsOwn) {
  for (const char* name : {"red", "a b", "..a", "-", "ü"}) EXPECT_TRUE(is_valid_name(name)) << name;
  for (const std::string& name :
       {std::string(""), std::string("."), std::string(".."), std::string("a/b"),
        std::string("a\nb"), std::string("\x7f"), std::string("a\0b", 3), std::string(256, 'x')})
    EXPECT_FALSE(is_valid_name(name)) << name;
  EXPECT_EQ(name_path("red"), "/run/netns/red");
  EXPECT_EQ(name_path("/somewhere/red"), "/somewhere/red");
}

TEST(NamespaceName, IsGivenOnce) {
  EXPECT_EQ(plan_names({"red", "red"}).error().kind, Error::Kind::usage);
  EXPECT_EQ(plan_names({"red", "../blue"}).error().kind, Error::Kind::usage);
}

TEST_F(Namespaces, ArePinnedWhereNamesAreShared) {
  ASSERT_TRUE(add({"red", "blue"}));
  EXPECT_THAT(changes_.calls,
              ElementsAre("make_network_namespace", "share /run/netns", "pin /run/netns/red",
                          "make_network_namespace", "share /run/netns", "pin /run/netns/blue"));
  EXPECT_TRUE(open_namespace_file(kernel_, "/run/netns/red"));
}

TEST_F(Namespaces, ElsewhereNothingIsShared) {
  ASSERT_TRUE(add_namespaces(system_, {{"red", "/srv/red"}}, false));
  EXPECT_THAT(changes_.calls, ElementsAre("make_network_namespace", "pin /srv/red"));
}

TEST_F(Namespaces, WhatIsThereIsSeenBeforeAnyIsMade) {
  kernel_.add_file("/run/netns/blue", "");
  const auto added = add({"red", "blue"});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, Error::Kind::usage);
  EXPECT_THAT(added.error().text, HasSubstr("/run/netns/blue is there already"));
  EXPECT_THAT(changes_.calls, IsEmpty());
}

TEST_F(Namespaces, AllOrNone) {
  changes_.failures["pin /run/netns/blue"] = ENOSPC;
  const auto added = add({"red", "green", "blue"});
  ASSERT_FALSE(added);
  EXPECT_EQ(added.error().kind, Error::Kind::undone);
  EXPECT_THAT(added.error().text, HasSubstr("No space left"));
  ASSERT_GE(changes_.calls.size(), 2u);
  EXPECT_EQ(changes_.calls.end()[-2], "unpin /run/netns/green");
  EXPECT_EQ(changes_.calls.end()[-1], "unpin /run/netns/red");
}

TEST_F(Namespaces, ALoopbackThatStaysDownLeavesNoName) {
  const auto added = add({"red"}, true);  // the fake has no netlink
  ASSERT_FALSE(added);
  EXPECT_THAT(added.error().text, HasSubstr("namespace red: setting lo up"));
  EXPECT_FALSE(kernel_.stat(os::kNoDir, "/run/netns/red"));
}

TEST_F(Namespaces, RefusalsSayWhoMay) {
  changes_.failures["make_network_namespace"] = EPERM;
  EXPECT_EQ(add({"red"}).error().hint, "it as root");
}

TEST_F(Namespaces, OnlyNamesOfNetworkNamespacesGo) {
  kernel_.add_namespace("/run/netns/red", os::NamespaceType::net, 42);
  kernel_.add_namespace("/run/netns/mounts", os::NamespaceType::mount, 43);
  kernel_.add_file("/run/netns/full", "text");
  kernel_.add_file("/run/netns/stale", "");
  kernel_.add_directory("/run/netns/directory");
  for (const char* name : {"mounts", "full", "directory", "none", "../netns/red"}) {
    const auto removed = remove_names(system_, {"red", name});
    ASSERT_FALSE(removed) << name;
    EXPECT_EQ(removed.error().kind, Error::Kind::usage) << name;
    EXPECT_THAT(changes_.calls, IsEmpty()) << name;
  }
  EXPECT_THAT(remove_names(system_, {"red", "stale"}).value(), ElementsAre("stale"));
  EXPECT_THAT(changes_.calls, ElementsAre("unpin /run/netns/red", "unpin /run/netns/stale"));
}

TEST_F(Namespaces, AreAdoptedUnderNamesThatAreFree) {
  kernel_.add_namespace("/proc/7/ns/net", os::NamespaceType::net, 42);
  const auto ns = open_namespace_file(kernel_, "/proc/7/ns/net");
  ASSERT_TRUE(ns);
  ASSERT_TRUE(adopt_namespace(system_, "seven", *ns));
  EXPECT_EQ(kernel_.stat(os::kNoDir, "/run/netns/seven")->id.ino, 42u);
  EXPECT_EQ(adopt_namespace(system_, "seven", *ns).error().kind, Error::Kind::usage);
  EXPECT_EQ(adopt_namespace(system_, "a/b", *ns).error().kind, Error::Kind::usage);
}

}  // namespace
}  // namespace nsmap::lab
