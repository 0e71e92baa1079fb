#include "collect/nft_sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>

#include "collect/test_reading.h"
#include "collect/test_statements.h"

namespace nsmap::collect {
namespace {

using namespace model::firewall;
using model::DataType;
using testing::IsEmpty;
using testing::SizeIs;

NftSet set_of(Coding key, bool interval = false) {
  NftSet set;
  set.key_length = 4;
  set.interval = interval;
  set.key = std::move(key);
  return set;
}

NftSet addresses(bool interval) { return set_of({{4, false, 0, 4}}, interval); }

RawElement raw(std::string_view key, bool end = false) {
  RawElement made;
  made.element.first = hex(key);
  made.end = end;
  return made;
}

std::vector<std::pair<std::string, std::string>> texts(const std::vector<Element>& elements) {
  std::vector<std::pair<std::string, std::string>> found;
  for (const Element& element : elements)
    found.emplace_back(element.first.text(), element.last.text());
  return found;
}

using Texts = std::vector<std::pair<std::string, std::string>>;

TEST(NftSets, IntervalsArePaired) {
  const auto elements = finish_elements(
      {raw("0a000100", true), raw("0a000000"), raw("00000000", true)}, addresses(true));
  EXPECT_EQ(texts(elements), (Texts{{"0a000000", "0a0000ff"}}));
}

TEST(NftSets, TheLastIntervalMayBeOpen) {
  EXPECT_EQ(texts(finish_elements({raw("ff000000")}, addresses(true))),
            (Texts{{"ff000000", "ffffffff"}}));
}

TEST(NftSets, IntervalsThatFollowAtOnce) {
  EXPECT_EQ(texts(finish_elements({raw("00000001"), raw("00000003"), raw("00000004", true)},
                                  addresses(true))),
            (Texts{{"00000001", "00000002"}, {"00000003", ""}}));
}

TEST(NftSets, AnEndAndABeginningInOnePlace) {
  EXPECT_EQ(texts(finish_elements(
                {raw("00000003"), raw("00000001"), raw("00000003", true), raw("00000005", true)},
                addresses(true))),
            (Texts{{"00000001", "00000002"}, {"00000003", "00000004"}}));
}

TEST(NftSets, KeysAsTheRulesLookThemUp) {
  NftSet marks = addresses(false);
  ASSERT_TRUE(marks.use({{4, true, 0, 4}}, model::PacketField::meta_mark));
  EXPECT_EQ(texts(finish_elements({raw("05000000"), raw("00010000")}, marks)),
            (Texts{{"00000005", ""}, {"00000100", ""}}));
}

TEST(NftSets, BitFields) {
  NftSet codes = set_of({{1, false, 2, 1}});
  codes.key_length = 1;
  EXPECT_EQ(texts(finish_elements({raw("20"), raw("40")}, codes)), (Texts{{"08", ""}, {"10", ""}}));
}

TEST(NftSets, IntervalsOfTheHostsNumbersAreNotOrdered) {
  NftSet set = addresses(true);
  EXPECT_FALSE(set.use({{4, true, 0, 4}}, model::PacketField::meta_mark));
  EXPECT_TRUE(set.use({{4, false, 0, 4}}, model::PacketField::meta_mark));
}

Attrs description() {
  return Attrs()
      .text(NFTA_SET_NAME, "s\xfe")
      .be(NFTA_SET_FLAGS, std::uint32_t{NFT_SET_MAP | NFT_SET_INTERVAL})
      .be(NFTA_SET_KEY_TYPE, std::uint32_t{7 << 6 | 13})  // ipv4_addr . inet_service
      .be(NFTA_SET_KEY_LEN, std::uint32_t{8})
      .be(NFTA_SET_DATA_TYPE, std::uint32_t{19})  // mark
      .be(NFTA_SET_DATA_LEN, std::uint32_t{4});
}

TEST(NftSets, Description) {
  Set set;
  const auto about = read_set(NftAttributes(netlink::Attributes(description().bytes())), set);
  ASSERT_TRUE(about);
  EXPECT_EQ(about->raw_name, "s\xfe");
  EXPECT_EQ(set.name, "s\\xfe");
  EXPECT_TRUE(set.map && set.interval);
  EXPECT_EQ(set.key, (std::vector<KeyPart>{{DataType::ipv4, 32, {}}, {DataType::port, 16, {}}}));
  EXPECT_EQ(set.data, (std::vector<KeyPart>{{DataType::mark, 32, {}}}));
  EXPECT_EQ(about->data, (Coding{{4, true, 0, 4}}));
}

TEST(NftSets, HostileLengths) {
  for (const std::uint32_t length : {0u, 65u, 0xffffffffu}) {
    Set set;
    const Attrs attrs = description().be(NFTA_SET_KEY_LEN, length);
    EXPECT_FALSE(read_set(NftAttributes(netlink::Attributes(attrs.bytes())), set)) << length;
  }
}

TEST(NftSets, ElementOfAnotherLengthIsNone) {
  const Attrs attrs = Attrs().nest(NFTA_SET_ELEM_KEY, Attrs().bytes(NFTA_DATA_VALUE, hex("0a")));
  EXPECT_FALSE(
      read_element(netlink::Attributes(attrs.bytes()), addresses(false), Family::ip).has_value());
}

TEST(NftSets, Ranges) {
  NftSet map = addresses(false);
  map.data_length = 8;
  map.data_ranges = true;
  map.data = {{4, false, 0, 4}, {4, false, 0, 4}};
  const Attrs attrs =
      Attrs()
          .nest(NFTA_SET_ELEM_KEY, Attrs().bytes(NFTA_DATA_VALUE, hex("0a000001")))
          .nest(NFTA_SET_ELEM_DATA, Attrs().bytes(NFTA_DATA_VALUE, hex("0b0000010b000009")));
  const auto element = read_element(netlink::Attributes(attrs.bytes()), map, Family::ip);
  ASSERT_TRUE(element);
  EXPECT_EQ(element->element.data, hex("0b000001"));
  EXPECT_EQ(element->element.data_last, hex("0b000009"));
}

}  // namespace
}  // namespace nsmap::collect
