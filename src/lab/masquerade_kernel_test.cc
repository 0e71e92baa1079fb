#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <thread>

#include "lab/masquerade.h"
#include "lab/test_kernel.h"

// On the running kernel, held against what nft(8) lists.

namespace nsmap::lab {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// What a command prints. It runs in the calling thread's network namespace, which children inherit.
std::string output_of(const char* command) {
  std::string text;
  FILE* const pipe = ::popen(command, "r");
  char buffer[4096];
  while (const std::size_t size = std::fread(buffer, 1, sizeof buffer, pipe))
    text.append(buffer, size);
  ::pclose(pipe);
  return text;
}

std::string listed() { return output_of("nft list ruleset 2>&1"); }

bool has_nft() { return !output_of("command -v nft").empty(); }

Masquerade masquerade_of(const char* owner, const char* prefix) {
  return {owner, *Prefix::parse(prefix)};
}

struct Netfilter {
  std::unique_ptr<netlink::Transport> transport =
      *netlink::open_kernel(os::real_kernel(), os::NetlinkProtocol::netfilter);

  // The failure in words, empty when there was none.
  std::string add(const Masquerade& rule) { return told(add_masquerade(*transport, rule)); }
  std::string remove(const Masquerade& rule) { return told(remove_masquerade(*transport, rule)); }
  std::vector<Masquerade> list() {
    std::vector<Masquerade> found;
    EXPECT_EQ(told(list_masquerades(*transport, found)), "");
    return found;
  }

 private:
  static std::string told(const std::optional<netlink::Failure>& failure) {
    return failure ? netlink::describe(*failure) : std::string();
  }
};

TEST(MasqueradeOnTheKernel, IsWhatNftWouldHaveMade) {
  if (!has_nft()) GTEST_SKIP() << "there is no nft to hold it against";
  IN_FRESH_NAMESPACE([] {
    Netfilter netfilter;
    ASSERT_EQ(netfilter.add(masquerade_of("shop", "10.213.0.0/30")), "");
    ASSERT_EQ(netfilter.add(masquerade_of("shop", "10.214.0.0/16")), "");
    ASSERT_EQ(netfilter.add(masquerade_of("a lab", "fd00:213::/64")), "");
    ASSERT_EQ(netfilter.add(masquerade_of("one", "fd00:213::1/128")), "");
    ASSERT_EQ(netfilter.add({"bar", *Prefix::parse("10.213.0.4/30"), "fifteen-letters"}), "");
    const std::string ours = listed();
    EXPECT_EQ(ours,
              "table inet nsmap {\n"
              "\tchain postrouting {\n"
              "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
              "\t\tip saddr 10.213.0.0/30 masquerade comment \"shop 10.213.0.0/30\"\n"
              "\t\tip saddr 10.214.0.0/16 masquerade comment \"shop 10.214.0.0/16\"\n"
              "\t\tip6 saddr fd00:213::/64 masquerade comment \"a lab fd00:213::/64\"\n"
              "\t\tip6 saddr fd00:213::1 masquerade comment \"one fd00:213::1/128\"\n"
              "\t\tip saddr 10.213.0.4/30 oifname \"fifteen-letters\" masquerade comment \"bar "
              "10.213.0.4/30 via fifteen-letters\"\n"
              "\t}\n}\n");
    EXPECT_THAT(output_of("nft -j list ruleset"), HasSubstr("\"masquerade\": null"));
  });
}

TEST(MasqueradeOnTheKernel, GoesAloneAndTheTableWithTheLast) {
  IN_FRESH_NAMESPACE([] {
    Netfilter netfilter;
    const Masquerade a = masquerade_of("shop", "10.213.0.0/30");
    const Masquerade b = masquerade_of("shop", "10.213.0.4/30");
    const Masquerade c = masquerade_of("bar", "10.213.0.0/30");
    EXPECT_THAT(netfilter.list(), IsEmpty());
    EXPECT_EQ(netfilter.remove(a), "");
    for (const Masquerade& one : {a, b, c, a}) ASSERT_EQ(netfilter.add(one), "");
    EXPECT_EQ(netfilter.list(), (std::vector{a, b, c}));
    EXPECT_EQ(netfilter.remove(a), "");
    EXPECT_EQ(netfilter.remove(a), "");
    EXPECT_EQ(netfilter.list(), (std::vector{b, c}));
    EXPECT_EQ(netfilter.remove(c), "");
    EXPECT_EQ(netfilter.remove(b), "");
    EXPECT_THAT(netfilter.list(), IsEmpty());
    EXPECT_EQ(has_nft() ? listed() : "", "");
  });
}

TEST(MasqueradeOnTheKernel, WhatOthersPutThereStays) {
  if (!has_nft()) GTEST_SKIP() << "there is no nft to put anything there";
  IN_FRESH_NAMESPACE([] {
    Netfilter netfilter;
    const Masquerade rule = masquerade_of("shop", "10.213.0.0/30");
    ASSERT_EQ(netfilter.add(rule), "");
    EXPECT_EQ(output_of("nft add rule inet nsmap postrouting counter 2>&1"), "");
    EXPECT_EQ(netfilter.list(), std::vector{rule});
    EXPECT_EQ(netfilter.remove(rule), "");
    EXPECT_THAT(listed(), HasSubstr("counter"));
    EXPECT_THAT(listed(), Not(HasSubstr("masquerade")));
  });
}

TEST(MasqueradeOnTheKernel, OneWayOutIsNotAnother) {
  IN_FRESH_NAMESPACE([] {
    Netfilter netfilter;
    const Masquerade any = masquerade_of("via eth0", "10.213.0.0/30");
    Masquerade by = any;
    by.via = "eth0";
    for (const Masquerade& one : {any, by, by}) ASSERT_EQ(netfilter.add(one), "");
    EXPECT_EQ(netfilter.list(), (std::vector{any, by}));
    EXPECT_EQ(netfilter.remove(any), "");
    EXPECT_EQ(netfilter.list(), std::vector{by});
  });
}

// Each takes away the table when it is empty, and none may take it away under another's rule.
TEST(MasqueradeOnTheKernel, ManyAtOnceDoNotHarmEachOther) {
  IN_FRESH_NAMESPACE([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([i] {
        Netfilter netfilter;
        const Masquerade rule = masquerade_of(("lab" + std::to_string(i)).c_str(), "10.0.0.0/30");
        for (int round = 0; round < 10; ++round) {
          EXPECT_EQ(netfilter.add(rule), "");
          EXPECT_THAT(netfilter.list(), testing::Contains(rule));
          EXPECT_EQ(netfilter.remove(rule), "");
        }
      });
    for (std::thread& thread : threads) thread.join();
    Netfilter netfilter;
    EXPECT_THAT(netfilter.list(), IsEmpty());
  });
}

}  // namespace
}  // namespace nsmap::lab
