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
      members(value.edit());
    else if constexpr (is_a<T, Box>)
      go(*value);
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
  void go(Octets&) {}  // Anonymise.ReplacesWhatRulesHoldPacketsAgainst
  void go(model::firewall::Value& value) { alternative(value); }
  void go(model::firewall::Action& action) { alternative(action); }
  // Another one each time; what holds its like not for ever.
  template <typename Variant>
  void alternative(Variant& value) {
    constexpr std::size_t kCount = std::variant_size_v<typename Variant::variant>;
    if (depth_ == kMostDepth) return;
    ++depth_;
    boost::mp11::mp_with_index<kCount>(next_alternative_++ % kCount, [&](auto index) {
      auto& held = value.template emplace<index>();
      if constexpr (index != 0) go(held);
    });
    --depth_;
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
      case Kind::rule:
      case Kind::comment:
      case Kind::options:
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
  static constexpr std::size_t kMostDepth = 4;
  std::size_t depth_ = 0, next_alternative_ = 0;
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

namespace fw = model::firewall;
using model::DataType;
using model::PacketField;

Octets address(const char* text) { return Octets(IpAddress::parse(text)->bytes()); }
Octets text(std::string_view name, std::size_t size = 16) {
  Octets octets(size);
  for (std::size_t at = 0; at < name.size(); ++at) octets[at] = static_cast<std::byte>(name[at]);
  return octets;
}
fw::Statement does(fw::Action action) { return {"", std::move(action)}; }
fw::Statement is(fw::Value left, Octets right, Octets mask = {}) {
  return does(fw::Match{.left = std::move(left), .mask = mask, .right = right});
}

fw::Rule rule(std::vector<fw::Statement> statements, std::string comment = {}) {
  return {.handle = 1, .comment = std::move(comment), .statements = std::move(statements)};
}

// Holds packets against 42.7.0.0/16 of a network and interfaces of a host, in every way there is.
fw::Firewall rich_firewall() {
  fw::Chain chain{.name = "acme-in", .hook = fw::Hook::prerouting, .type = "nat"};
  fw::Concatenation key{{PacketField::ip_saddr, PacketField::tcp_dport}};
  Octets both(8);
  std::ranges::copy(address("42.7.3.4"), both.data());
  both[5] = std::byte{80};
  chain.rules = {
      rule({is(PacketField::ip_saddr, address("42.7.1.2"))}, "ask Alice, 555"),
      rule({is(PacketField::ip_daddr, address("42.7.0.0"), *Octets::parse("ffff0000"))}),
      rule({does(fw::Match{.left = PacketField::ip_daddr,
                           .compare = fw::Compare::in,
                           .right = address("42.7.2.9"),
                           .last = address("42.7.2.30")})}),
      rule({is(Box(key), both)}),
      rule({is(PacketField::meta_iifname, text("uplink"))}),
      rule({is(PacketField::meta_oifname, text("up"),
               *Octets::parse("ffff" + std::string(28, '0')))}),
      rule({is(PacketField::ether_saddr, *Octets::parse("0242ac110002"))}),
      rule({is(fw::Payload{.base = fw::Payload::Base::network, .offset = 96, .length = 32},
               address("42.7.1.2"))}),
      rule({does(Box(fw::Nat{.address = address("42.7.8.1"),
                             .last_address = address("42.7.8.9"),
                             .port = Octets::number(8080, 2)}))}),
      rule({does(Box(fw::Assign{.to = PacketField::ip_daddr, .value = address("42.7.8.3")}))}),
      rule({does(Box(fw::Log{.prefix = "ACME: "}))}),
      rule({does(Box(fw::Opaque{.name = "u32", .bytes = address("42.7.1.2")}))}),
      rule({does(Box(fw::Extension{"string", false, "--string \"555123\" --algo bm"}))}),
      rule({does(Box(fw::Extension{"recent", false, "--seconds 60 --name alice"}))}),
      rule({does(fw::Lookup{PacketField::ip_saddr, "offices"})}),
      rule({does(fw::Verdict{fw::Verdict::Kind::jump, "KUBE-SVC-ACMEWEB"})}, "acme/alice:http"),
      rule({does(fw::Match{.left = PacketField::ip_saddr,
                           .compare = fw::Compare::not_in,
                           .right = address("42.7.2.9"),
                           .last = address("42.8.2.30")})}),
      rule({does(
          Box(fw::Nat{.address = address("42.7.8.1"), .last_address = address("42.8.8.9")}))}),
  };
  fw::Set set{.name = "offices", .key = {{DataType::ipv4, 32, {}}}, .interval = true};
  set.elements = {{.first = address("42.7.0.0"), .last = address("42.8.255.255"), .comment = "HQ"},
                  {.first = address("42.7.1.9"), .last = address("42.7.3.4")}};
  fw::Table nat{.name = "nat"};
  nat.chains = {chain, {.name = "KUBE-SVC-ACMEWEB"}};
  nat.sets = {set};
  fw::Firewall firewall{.tables = {nat}};
  firewall.ipsets = {{.name = "acme",
                      .type = "hash:net,port",
                      .members = {{"42.7.0.0/16,tcp:80", "timeout 60 comment \"see --alice\""}}}};
  return firewall;
}

model::Snapshot with(fw::Firewall firewall) {
  model::Snapshot snapshot;
  model::Namespace& ns = snapshot.namespaces.emplace_back();
  ns.links.emplace_back().name = "uplink";
  ns.addresses.emplace_back().address = *IpAddress::parse("42.7.1.2");
  ns.firewall.edit() = std::move(firewall);
  return snapshot;
}

template <typename Wanted>
const Wanted& at(const fw::Rule& rule) {
  return std::get<Wanted>(rule.statements.at(0).action);
}

TEST(Anonymise, ReplacesWhatRulesHoldPacketsAgainst) {
  const std::string json = codec::snapshot_to_json(anonymise(with(rich_firewall()), kKey));
  for (const char* secret : {"acme", "ACME", "offices", "Alice", "alice", "555", "uplink", "HQ",
                             "42.7.", "2a070", "2a08ff", "0242ac110002", "75706c696e6b"})
    EXPECT_THAT(json, Not(HasSubstr(secret)));
  for (const char* kept : {"\"nat\"", "KUBE-SVC-", "--seconds 60 --name", "tcp:80", "1f90"})
    EXPECT_THAT(json, HasSubstr(kept));
  EXPECT_TRUE(codec::snapshot_from_json(json, "it"));
}

TEST(Anonymise, RulesMeetTheSameAddressesAndInterfaces) {
  const model::Snapshot after = anonymise(with(rich_firewall()), kKey);
  const model::Namespace& ns = after.namespaces[0];
  const fw::Table& table = ns.firewall->tables.at(0);
  const auto& rules = table.chains[0].rules;
  const Octets own(ns.addresses[0].address.bytes());
  EXPECT_EQ(at<fw::Match>(rules[0]).right, own);
  const Octets& net = at<fw::Match>(rules[1]).right;
  EXPECT_TRUE(std::equal(net.begin(), net.begin() + 2, own.begin()));
  EXPECT_EQ(net[3], std::byte{0});
  // Within a /24 the last byte stays, so a range does.
  EXPECT_EQ(at<fw::Match>(rules[2]).right[3], std::byte{9});
  EXPECT_EQ(at<fw::Match>(rules[2]).last[3], std::byte{30});
  EXPECT_EQ(at<fw::Match>(rules[3]).right[5], std::byte{80});
  EXPECT_EQ(at<fw::Match>(rules[4]).right, text(ns.links[0].name));
  EXPECT_EQ(at<fw::Lookup>(rules[14]).set, table.sets[0].name);
  EXPECT_EQ(at<fw::Verdict>(rules[15]).chain, table.chains[1].name);
}

TEST(Anonymise, RangesOfRulesAreListsOrSaidToBeOthers) {
  const model::Snapshot after = anonymise(with(rich_firewall()), kKey);
  const auto& rules = after.namespaces[0].firewall->tables.at(0).chains[0].rules;
  const auto& of = *at<Box<fw::OneOf>>(rules[16]);
  EXPECT_TRUE(of.invert);
  EXPECT_GT(of.intervals.size(), 1u);
  const auto& nat = *at<Box<fw::Nat>>(rules[17]);
  EXPECT_LT(std::get<Octets>(nat.address), std::get<Octets>(nat.last_address));
  ASSERT_EQ(after.diagnostics.size(), 1u);
  EXPECT_THAT(after.diagnostics[0].what, HasSubstr("of 1 of the ranges"));
}

TEST(Anonymise, RangesOfSetsBecomeThePrefixesTheyAreMadeOf) {
  const model::Snapshot after = anonymise(with(rich_firewall()), kKey);
  const auto& elements = after.namespaces[0].firewall->tables[0].sets[0].elements;
  std::uint64_t addresses = 0;
  for (const fw::Element& element : elements) {
    EXPECT_LE(element.first, element.last);
    addresses += element.last.number() - element.first.number() + 1;
  }
  EXPECT_EQ(addresses, 2u * 65536 + 2 * 256 - 9 + 5);
  const Octets own(after.namespaces[0].addresses[0].address.bytes());
  EXPECT_TRUE(std::ranges::any_of(elements, [&](const fw::Element& element) {
    return element.first <= own && own <= element.last;
  }));
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
  if constexpr (std::same_as<T, model::firewall::Value>) {
    return;  // holds itself
  } else if constexpr (std::same_as<T, model::firewall::Action>) {
    check_rows<typename T::variant>();
  } else if constexpr (codec::detail::is_a<T, Box>) {
    check_rows<std::decay_t<decltype(*std::declval<T&>())>>();
  } else if constexpr (codec::detail::is_a<T, Shared>) {
    check_rows<model::firewall::Table>();
    check_rows<model::firewall::Ipset>();
  } else if constexpr (std::same_as<T, model::firewall::SetUpdate>) {
    return;  // holds statements, that hold it
  } else if constexpr (codec::detail::is_a<T, std::optional> ||
                       codec::detail::is_a<T, std::vector>) {
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
