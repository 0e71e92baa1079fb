#include "syntax/values.h"

#include <gtest/gtest.h>

namespace nsmap::syntax {
namespace {

using model::DataType;

Octets bytes(std::string_view hexadecimal) { return *Octets::parse(hexadecimal); }

struct Case {
  DataType type;
  std::string_view value;
  std::string_view text;
};

TEST(Values, AreWrittenByTheirType) {
  const Case cases[] = {
      {DataType::ipv4, "0a000001", "10.0.0.1"},
      {DataType::ipv6, "20010db8000000000000000000000001", "2001:db8::1"},
      {DataType::port, "0050", "80"},
      {DataType::protocol, "06", "tcp"},
      {DataType::protocol, "fd", "253"},
      {DataType::mark, "0000000a", "0x0000000a"},
      {DataType::ct_state, "00000006", "established,related"},
      {DataType::ct_state, "00000000", "0x0"},
      {DataType::ct_state, "00000102", "established,0x100"},
      {DataType::tcp_flags, "12", "syn,ack"},
      {DataType::icmp_type, "08", "echo-request"},
      {DataType::icmp_type, "63", "99"},
      {DataType::ether_type, "0800", "ip"},
      {DataType::ether_type, "1234", "0x1234"},
      {DataType::mac, "001122334455", "00:11:22:33:44:55"},
      {DataType::interface_name, "65746830000000000000000000000000", "\"eth0\""},
      {DataType::interface_name, "612a0000000000000000000000000000", "\"a\\*\""},
      {DataType::class_id, "00010020", "1:20"},
      {DataType::class_id, "00010000", "1:"},
      {DataType::class_id, "00000000", "none"},
      {DataType::duration, "000005dc", "1s500ms"},
      {DataType::time, "17979cfe362a0000", "\"2023-11-14 22:13:20\""},
      {DataType::hour, "00000e10", "\"01:00\""},
      {DataType::day, "01", "\"Monday\""},
      {DataType::ct_label, "00000000000000000000000000000060", "5,6"},
      {DataType::integer, "0102", "258"},
      {DataType::integer, "000000000000000000000000000000ff", "0x000000000000000000000000000000ff"},
      {DataType::text, "66747000", "\"ftp\""},
  };
  for (const Case& one : cases)
    EXPECT_EQ(value_text(one.type, bytes(one.value)), one.text) << one.value;
}

TEST(Values, KnowsPrefixes) {
  EXPECT_EQ(prefix_length(bytes("ffffff00")), 24u);
  EXPECT_EQ(prefix_length(bytes("fffffe00")), 23u);
  EXPECT_EQ(prefix_length(bytes("ffffffff")), 32u);
  EXPECT_EQ(prefix_length(bytes("00000000")), 0u);
  EXPECT_EQ(prefix_length(bytes("ff00ff00")), std::nullopt);
  EXPECT_EQ(prefix_length(bytes("ff050000")), std::nullopt);
}

TEST(Values, QuotesSoThatNothingGetsOut) {
  EXPECT_EQ(quoted("plain"), "\"plain\"");
  EXPECT_EQ(quoted("a\"; drop\n"), "\"a\\x22; drop\\x0a\"");
  EXPECT_TRUE(is_writable("plain"));
  EXPECT_FALSE(is_writable("a\"b"));
  EXPECT_FALSE(is_writable("a\nb"));
}

TEST(Values, WritesTimes) {
  EXPECT_EQ(duration_text(0), "0s");
  EXPECT_EQ(duration_text(5'400'000), "1h30m");
  EXPECT_EQ(duration_text(90'061'001), "1d1h1m1s1ms");
}

}  // namespace
}  // namespace nsmap::syntax
