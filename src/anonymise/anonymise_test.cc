#include "anonymise/anonymise.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <set>

#include <boost/describe.hpp>
#include <boost/mp11/algorithm.hpp>

#include "anonymise/fields.h"
#include "codec/json.h"
#include "codec/random_snapshot.h"
#include "codec/schema.h"

namespace nsmap::anonymise {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr Key kKey{1, 2, 3};

// Makes every member of a snapshot something that is nowhere else, and notes what of it must go.
class Fill {
 public:
  template <typename Struct>
  void members(Struct& value) {
    boost::mp11::mp_for_each<codec::Members<Struct>>([&](auto member) {
      auto& field = value.*member.pointer;
      using Value = std::decay_t<decltype(field)>;
      if constexpr (std::same_as<Value, std::string>)
        field = secret(*kind_of<Struct>(member.name));
      else if constexpr (std::same_as<Value, std::vector<std::string>>)
        field = {secret(*kind_of<Struct>(member.name)), secret(*kind_of<Struct>(member.name))};
      else
        go(field);
    });
  }

  const std::vector<std::string>& secrets() const { return secrets_; }

 private:
  template <typename T>
  void go(T& value) {
    using namespace codec::detail;
    if constexpr (std::integral<T> || is_id<T> || std::is_enum_v<T>)
      return;
    else if constexpr (is_a<T, std::optional>)
      go(value.emplace());
    else if constexpr (is_a<T, std::vector>)
      for (value.resize(2); auto& element : value) go(element);
    else if constexpr (is_a<T, Shared>)
      value.edit().tables.emplace_back().name = secret(Kind::name);
    else
      members(value);
  }
  void go(IpAddress& address) {
    constexpr std::uint64_t kGlobal = 0x2a;  // the first byte of both
    const std::uint64_t bits[2] = {(random_() & ~0xffull) | kGlobal, random_()};
    address = *IpAddress::from_bytes(std::as_bytes(std::span(bits)).first(random_() % 2 ? 4 : 16));
    note(address.text());
  }
  void go(Prefix& prefix) {
    go(prefix.address);
    prefix.length = static_cast<std::uint8_t>(prefix.address.bits());
  }
  void go(Mac& mac) {
    const std::uint64_t bits = random_();
    mac = *Mac::from_bytes(std::as_bytes(std::span(&bits, 1)).first(6));
    note(mac.text());
  }
  // Each link has the data of another kind.
  void go(model::LinkData& data) {
    boost::mp11::mp_with_index<std::variant_size_v<model::LinkData>>(
        next_data_++ % std::variant_size_v<model::LinkData>, [&](auto index) {
          auto& held = data.emplace<index>();
          if constexpr (index != 0) members(held);
        });
  }

  std::string word() {
    std::string word = "Q";
    for (int i = 0; i < 9; ++i) word += static_cast<char>('a' + random_() % 26);
    return note(word);
  }
  std::string note(std::string secret) {
    secrets_.push_back(secret);
    return secret;
  }
  std::string digits() {
    std::string digits;
    for (int i = 0; i < 12; ++i) digits += "0123456789abcdef"[random_() % 16];
    return note(digits);
  }
  std::string secret(Kind kind) {
    switch (kind) {
      case Kind::name:
      case Kind::text:
        names_.push_back(word());
        return names_.back();
      case Kind::message:
        return "reading /run/" + word() + ": failed";
      case Kind::sysctl:
        return "net.ipv4.conf." + word() + ".forwarding";
      case Kind::bridge_id:
        return "8000." + digits();
      case Kind::sci:
        return digits() + "0001";
      case Kind::kept:
        return "kept";
    }
    return "";
  }

  std::mt19937_64 random_;
  std::size_t next_data_ = 0;
  std::vector<std::string> names_;
  std::vector<std::string> secrets_;
};

TEST(Anonymise, LeavesNoOriginalInAnyMember) {
  model::Snapshot snapshot;
  Fill fill;
  fill.members(snapshot);
  for (int i = 0; i < 20; ++i) fill.members(snapshot.namespaces[0].links.emplace_back());
  ASSERT_GT(fill.secrets().size(), 300u);
  const std::string before = codec::snapshot_to_json(snapshot);
  const std::string after = codec::snapshot_to_json(anonymise(snapshot, kKey));
  EXPECT_THAT(after, HasSubstr("kept"));
  for (const std::string& secret : fill.secrets()) {
    ASSERT_THAT(before, HasSubstr(secret));
    EXPECT_EQ(after.find(secret), std::string::npos) << secret;
  }
}

TEST(Anonymise, ReplacesTheSameByTheSameEverywhere) {
  model::Snapshot snapshot;
  model::Namespace& ns = snapshot.namespaces.emplace_back();
  ns.names = {{"shop", "netns", "/run/netns/shop"}};
  ns.links.resize(2);
  ns.links[0].name = "uplink";
  ns.links[1].name = "uplink.7";
  ns.rules.emplace_back().iif = "uplink";
  ns.sysctls = {{"net.ipv4.conf.uplink.forwarding", 1}};
  snapshot.containers.emplace_back().id = "deadbeef0123456789";
  snapshot.processes.emplace_back().container = "deadbeef0123456789";
  snapshot.processes[0].cgroup = "/docker/deadbeef0123456789";
  snapshot.diagnostics.emplace_back().what = "entering shop: link uplink is gone";
  const model::Snapshot after = anonymise(snapshot, kKey);
  const std::string shop = after.namespaces[0].names[0].name;
  const std::string uplink = after.namespaces[0].links[0].name;
  const std::string id = after.containers[0].id;
  EXPECT_EQ(after.namespaces[0].names[0].path, "/run/netns/" + shop);
  EXPECT_EQ(after.namespaces[0].links[1].name, uplink + ".7");
  EXPECT_EQ(after.namespaces[0].rules[0].iif, uplink);
  EXPECT_EQ(after.namespaces[0].sysctls[0].name, "net.ipv4.conf." + uplink + ".forwarding");
  EXPECT_EQ(after.processes[0].container, id);
  EXPECT_EQ(after.processes[0].cgroup, "/docker/" + id);
  EXPECT_EQ(after.diagnostics[0].what, "entering " + shop + ": link " + uplink + " is gone");
}

TEST(Anonymise, IsTheSameWithTheSameKey) {
  for (std::uint32_t seed = 0; seed < 20; ++seed) {
    const model::Snapshot snapshot = codec::RandomSnapshot(seed).make();
    EXPECT_EQ(anonymise(snapshot, kKey), anonymise(snapshot, kKey));
  }
}

TEST(Anonymise, ChangesNoNumberAndNoShape) {
  for (std::uint32_t seed = 0; seed < 50; ++seed) {
    const model::Snapshot before = codec::RandomSnapshot(seed).make();
    const model::Snapshot after = anonymise(before, kKey);
    ASSERT_EQ(after.namespaces.size(), before.namespaces.size());
    ASSERT_EQ(after.processes.size(), before.processes.size());
    ASSERT_EQ(after.containers.size(), before.containers.size());
    for (std::size_t i = 0; i < before.namespaces.size(); ++i) {
      const model::Namespace &a = before.namespaces[i], &b = after.namespaces[i];
      EXPECT_EQ(a.id, b.id);
      ASSERT_EQ(a.links.size(), b.links.size());
      for (std::size_t j = 0; j < a.links.size(); ++j) {
        EXPECT_EQ(a.links[j].index, b.links[j].index);
        EXPECT_EQ(a.links[j].kind, b.links[j].kind);
        EXPECT_EQ(a.links[j].peer, b.links[j].peer);
        EXPECT_EQ(a.links[j].data.index(), b.links[j].data.index());
        EXPECT_EQ(a.links[j].counters, b.links[j].counters);
        EXPECT_EQ(a.links[j].mac.bytes().size(), b.links[j].mac.bytes().size());
      }
      EXPECT_EQ(a.addresses.size(), b.addresses.size());
      EXPECT_EQ(a.sockets.size(), b.sockets.size());
    }
  }
}

// The rows and the texts of the model are the same: what has no row does not compile.
template <typename T>
void check_rows() {
  if constexpr (codec::detail::is_a<T, std::optional> || codec::detail::is_a<T, std::vector>) {
    check_rows<typename T::value_type>();
  } else if constexpr (codec::detail::is_a<T, std::variant>) {
    boost::mp11::mp_for_each<boost::mp11::mp_transform<std::type_identity, T>>(
        [](auto alternative) { check_rows<typename decltype(alternative)::type>(); });
  } else if constexpr (!codec::detail::HasText<T> &&
                       boost::describe::has_describe_members<T>::value) {
    std::set<std::string_view> texts;
    boost::mp11::mp_for_each<codec::Members<T>>([&](auto member) {
      using Value = std::decay_t<decltype(std::declval<T&>().*member.pointer)>;
      if constexpr (std::same_as<Value, std::string> ||
                    std::same_as<Value, std::vector<std::string>>)
        texts.insert(member.name);
      check_rows<Value>();
    });
    const std::string name = codec::detail::short_name<T>();
    EXPECT_EQ(texts.size(), kFields<T>.size()) << name;
    for (const Field& field : kFields<T>) {
      EXPECT_TRUE(texts.contains(field.name)) << name << " " << field.name;
      EXPECT_EQ(field.kind == Kind::kept, !field.why.empty()) << name << " " << field.name;
    }
  }
}

TEST(AnonymiseFields, AreAllTheTextsOfTheModelAndKeptOnesSayWhy) { check_rows<model::Snapshot>(); }

}  // namespace
}  // namespace nsmap::anonymise
