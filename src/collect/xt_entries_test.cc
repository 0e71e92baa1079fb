#include "collect/xt_entries.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter_ipv4/ip_tables.h>

#include <array>
#include <cstring>

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

// A table of IPv4 under construction.
class Blob {
 public:
  // An entry with a target: its name and what follows its header. Where it is.
  std::uint32_t add(const char* target, const std::vector<std::byte>& info,
                    std::uint8_t flags = 0) {
    const auto offset = static_cast<std::uint32_t>(bytes.size());
    const std::size_t target_size = sizeof(xt_entry_target) + info.size();
    bytes.resize(offset + sizeof(ipt_entry) + target_size);
    put(offset + offsetof(ipt_entry, ip) + offsetof(ipt_ip, flags), flags);
    put(offset + offsetof(ipt_entry, target_offset), static_cast<std::uint16_t>(sizeof(ipt_entry)));
    put(offset + offsetof(ipt_entry, next_offset),
        static_cast<std::uint16_t>(sizeof(ipt_entry) + target_size));
    const std::size_t at = offset + sizeof(ipt_entry);
    put(at, static_cast<std::uint16_t>(target_size));
    std::memcpy(bytes.data() + at + 2, target, std::strlen(target));
    std::copy(info.begin(), info.end(),
              bytes.begin() + static_cast<std::ptrdiff_t>(at + sizeof(xt_entry_target)));
    return offset;
  }
  std::uint32_t verdict(std::int32_t number, std::uint8_t flags = 0) {
    std::vector<std::byte> info(8);
    std::memcpy(info.data(), &number, sizeof number);
    return add("", info, flags);
  }
  std::uint32_t name(const char* text) {
    std::vector<std::byte> info(32);
    std::memcpy(info.data(), text, std::strlen(text));
    return add(XT_ERROR_TARGET, info);
  }
  template <typename T>
  void put(std::size_t at, T value) {
    std::memcpy(bytes.data() + at, &value, sizeof value);
  }

  std::vector<std::byte> bytes;
};

constexpr std::int32_t kAccept = -NF_ACCEPT - 1, kDrop = -NF_DROP - 1;
constexpr std::int32_t kEntry = sizeof(ipt_entry) + sizeof(xt_entry_target) + 8;
constexpr std::int32_t kNamed = sizeof(ipt_entry) + sizeof(xt_entry_target) + 32;

struct Decoded {
  Table table;
  bool good = false;
};
Decoded decode(const std::vector<std::byte>& bytes, std::uint32_t entry, std::uint32_t underflow) {
  const std::array<std::uint32_t, 5> entries{0, entry}, underflows{0, underflow};
  Decoded decoded;
  decoded.table.name = "filter";
  decoded.good =
      decode_entries({Family::ip, bytes, 1u << 1, entries, underflows}, nullptr, decoded.table);
  return decoded;
}

Verdict verdict_of(const Rule& rule) { return std::get<Verdict>(rule.statements.back().action); }

// INPUT: to the next entry; jump to A; goto A; policy DROP. A: ACCEPT, and its RETURN.
Blob two_chains() {
  Blob blob;
  const std::int32_t a = 4 * kEntry + kNamed;
  blob.verdict(kEntry);
  blob.verdict(a);
  blob.verdict(a, IPT_F_GOTO);
  blob.verdict(kDrop);
  blob.name("A");
  blob.verdict(kAccept);
  blob.verdict(XT_RETURN);
  blob.name("ERROR");
  return blob;
}

TEST(XtEntries, ChainsJumpsAndPolicies) {
  const auto [table, good] = decode(two_chains().bytes, 0, 3 * kEntry);
  EXPECT_TRUE(good);
  ASSERT_THAT(table.chains, SizeIs(2));
  const Chain& input = table.chains[0];
  EXPECT_EQ(input.name, "INPUT");
  EXPECT_EQ(input.policy, (Verdict{Verdict::Kind::drop, {}}));
  ASSERT_THAT(input.rules, SizeIs(3));
  EXPECT_THAT(input.rules[0].statements, ElementsAre(Statement{{}, Counter{}}));
  EXPECT_EQ(verdict_of(input.rules[1]), (Verdict{Verdict::Kind::jump, "A"}));
  EXPECT_EQ(verdict_of(input.rules[2]), (Verdict{Verdict::Kind::goto_, "A"}));
  EXPECT_EQ(input.rules[2].position, 2u);
  EXPECT_EQ(table.chains[1].name, "A");
  ASSERT_THAT(table.chains[1].rules, SizeIs(1));
  EXPECT_EQ(verdict_of(table.chains[1].rules[0]), (Verdict{Verdict::Kind::accept, {}}));
}

TEST(XtEntries, AJumpIntoNowhereIsNotUnderstood) {
  Blob blob;
  blob.verdict(12345);
  blob.verdict(kAccept);
  blob.name("ERROR");
  const auto [table, good] = decode(blob.bytes, 0, kEntry);
  EXPECT_TRUE(
      std::holds_alternative<Box<Opaque>>(table.chains.at(0).rules.at(0).statements.back().action));
}

// Cut anywhere, it is read as far as it goes.
TEST(XtEntries, CutShort) {
  const auto whole = two_chains().bytes;
  for (std::size_t size = 0; size < whole.size(); size += 4) {
    const std::vector<std::byte> cut(whole.begin(),
                                     whole.begin() + static_cast<std::ptrdiff_t>(size));
    decode(cut, 0, 3 * kEntry);
  }
  EXPECT_FALSE(decode({whole.begin(), whole.begin() + 100}, 0, 0).good);
}

// Each length and offset as large and as small as it can be.
TEST(XtEntries, WrongLengths) {
  const auto whole = two_chains().bytes;
  for (std::size_t at = 0; at + 2 <= whole.size(); at += 2)
    for (const std::uint16_t value : std::initializer_list<std::uint16_t>{0, 1, 0x7fff, 0xffff}) {
      auto bytes = whole;
      std::memcpy(bytes.data() + at, &value, sizeof value);
      decode(bytes, 0, 3 * kEntry);
      decode(bytes, value, value);
    }
  EXPECT_THAT(decode({}, 0, 0).table.chains.at(0).rules, IsEmpty());
}

}  // namespace
}  // namespace nsmap::collect
