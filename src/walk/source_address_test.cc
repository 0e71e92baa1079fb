#include "walk/source_address.h"

#include <gtest/gtest.h>

#include "walk/test_namespace.h"

namespace nsmap::walk {
namespace {

model::Address own(const char* text, std::uint8_t prefix, std::int32_t index,
                   const char* scope = "global") {
  model::Address made;
  made.address = address(text);
  made.prefix = prefix;
  made.index = IfIndex(index);
  made.scope = scope;
  return made;
}

TEST(SourceAddress, OfIpv4IsTheOneOfTheRoutersNetwork) {
  model::Namespace ns = test_namespace();
  ns.addresses.push_back(own("198.51.100.1", 24, 2));
  const auto from = [&](std::int32_t device, std::optional<IpAddress> router, int scope = 0) {
    return source_v4(ns, IfIndex(device), router, scope);
  };
  EXPECT_EQ(from(2, std::nullopt), address("192.0.2.1"));
  EXPECT_EQ(from(2, address("198.51.100.7")), address("198.51.100.1"));
  EXPECT_EQ(from(2, address("203.0.113.1")), address("192.0.2.1"));
  EXPECT_EQ(from(3, std::nullopt), address("192.0.2.1"));  // of another device, where it has none
  ns.addresses.push_back(own("169.254.0.1", 16, 3, "link"));
  EXPECT_EQ(from(3, std::nullopt), address("192.0.2.1"));
  EXPECT_EQ(from(3, std::nullopt, 253), address("169.254.0.1"));
}

// RFC 6724, section 10.1.
TEST(SourceAddress, OfIpv6IsChosenByTheRfc) {
  model::Namespace ns = test_namespace();
  const auto from = [&](std::vector<model::Address> addresses, const char* to) {
    ns.addresses = std::move(addresses);
    return source_v6(ns, IfIndex(2), address(to))->text();
  };
  EXPECT_EQ(from({own("2001:db8:3::1", 64, 2), own("fe80::1", 64, 2)}, "2001:db8:1::1"),
            "2001:db8:3::1");
  EXPECT_EQ(from({own("2001:db8:3::1", 64, 2), own("fe80::1", 64, 2)}, "ff02::1"), "fe80::1");
  EXPECT_EQ(from({own("2001:db8:1::2", 64, 2), own("2001:db8:3::2", 64, 2)}, "2001:db8:1::1"),
            "2001:db8:1::2");
  EXPECT_EQ(
      from({own("2002:c633:6401::1", 64, 2), own("2001:db8:1::2", 64, 2)}, "2002:c633:6401::d5"),
      "2002:c633:6401::1");
  EXPECT_EQ(from({own("2001:db8:1::2", 64, 3), own("2001:db8:3::2", 64, 2)}, "2001:db8:1::1"),
            "2001:db8:3::2");
  auto old = own("2001:db8:1::2", 64, 2);
  old.deprecated = true;
  EXPECT_EQ(from({old, own("2001:db8:3::2", 64, 2)}, "2001:db8:1::1"), "2001:db8:3::2");
}

}  // namespace
}  // namespace nsmap::walk
