#include "serve/guard.h"

#include <gtest/gtest.h>

namespace nsmap::serve {
namespace {

TEST(Host, OfLoopbackIsNoOtherName) {
  const HostPolicy policy;
  for (const char* host : {"localhost", "LocalHost:8479", "127.0.0.1", "127.0.0.1:8479",
                           "127.1.2.3:1", "[::1]", "[::1]:8479"})
    EXPECT_TRUE(is_our_host(policy, host)) << host;
  for (const char* host :
       {"", ":80", "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "10.0.0.1",
        "::1", "[::1", "[::2]:8479", "localhost:x", "localhost:", "localhost:99999", "127.1",
        "[127.0.0.1]", "localhost@evil.example", "evil.example#localhost"})
    EXPECT_FALSE(is_our_host(policy, host)) << host;
}

TEST(Host, BeyondLoopbackIsAnAddressOrAGivenName) {
  const HostPolicy policy{.loopback_only = false, .names = {"node1.example"}};
  for (const char* host : {"10.0.0.1:8479", "[fd00::1]:8479", "NODE1.example:443", "localhost"})
    EXPECT_TRUE(is_our_host(policy, host)) << host;
  EXPECT_FALSE(is_our_host(policy, "node2.example"));
}

TEST(Origin, IsOfTheSameHostAndPort) {
  EXPECT_TRUE(is_same_origin("http://localhost:8479", "localhost:8479"));
  EXPECT_TRUE(is_same_origin("https://Node1", "node1"));
  for (const char* origin : {"http://localhost:8480", "http://localhost", "null", "localhost:8479",
                             "ftp://localhost:8479", "http://localhost:8479.evil.example"})
    EXPECT_FALSE(is_same_origin(origin, "localhost:8479")) << origin;
}

}  // namespace
}  // namespace nsmap::serve
