#include "lab/link_kinds.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace nsmap::lab {
namespace {

using Settings = std::map<std::string, std::string>;

TEST(LinkKinds, AreKnownByTheirNames) {
  EXPECT_EQ(find_kind("tun"), nullptr);
  EXPECT_EQ(find_kind(""), nullptr);
  for (const std::string_view name : kind_names()) EXPECT_EQ(find_kind(name)->name, name);
  EXPECT_TRUE(find_kind("veth")->pair);
  EXPECT_TRUE(find_kind("vlan")->needs_parent);
  EXPECT_TRUE(find_kind("vxlan")->takes_parent);
  EXPECT_FALSE(find_kind("vxlan")->needs_parent);
  EXPECT_FALSE(find_kind("geneve")->takes_parent);
  EXPECT_EQ(find_kind("vxlan")->required, std::vector<std::string_view>{"vni"});
}

// A setting that no snapshot shows could never be told again.
TEST(LinkKinds, EverySettingIsAFieldOfTheSnapshot) {
  const std::map<std::string_view, model::LinkData> data = {
      {"bridge", model::BridgeData{}},   {"vlan", model::VlanData{}},
      {"bond", model::BondData{}},       {"macvlan", model::MacvlanData{}},
      {"macvtap", model::MacvlanData{}}, {"ipvlan", model::IpvlanData{}},
      {"ipvtap", model::IpvlanData{}},   {"vrf", model::VrfData{}},
      {"vxlan", model::VxlanData{}},     {"geneve", model::GeneveData{}},
      {"macsec", model::MacsecData{}},   {"netkit", model::NetkitData{}},
  };
  const auto has = [](const model::LinkData& held, std::string_view setting) {
    return std::visit(
        [&]<typename Data>(const Data&) {
          bool found = false;
          if constexpr (!std::is_same_v<Data, std::monostate>) {
            boost::mp11::mp_for_each<
                boost::describe::describe_members<Data, boost::describe::mod_public>>(
                [&](auto member) { found = found || member.name == setting; });
          }
          return found;
        },
        held);
  };
  for (const std::string_view kind : kind_names()) {
    const auto found = data.find(kind);
    for (const std::string_view setting : find_kind(kind)->settings)
      EXPECT_TRUE(has(found == data.end() ? model::TunnelData{} : found->second, setting))
          << kind << " " << setting;
  }
}

TEST(LinkKinds, SayWhatASettingMayBe) {
  EXPECT_EQ(wrong_setting("vxlan", "vni", "42"), "");
  EXPECT_EQ(wrong_setting("vxlan", "vni", "16777216"), "a number from 0 to 16777215");
  EXPECT_EQ(wrong_setting("vxlan", "vni", "-1"), "a number from 0 to 16777215");
  EXPECT_EQ(wrong_setting("vxlan", "vni", "4 2"), "a number from 0 to 16777215");
  EXPECT_EQ(wrong_setting("vxlan", "learning", "yes"), "true or false");
  EXPECT_EQ(wrong_setting("vxlan", "remote", "2001:db8::1"), "");
  EXPECT_EQ(wrong_setting("vxlan", "remote", "here"), "an IPv4 or IPv6 address");
  EXPECT_EQ(wrong_setting("gre", "remote", "2001:db8::1"), "an IPv4 address");
  EXPECT_EQ(wrong_setting("ip6gre", "remote", "192.0.2.1"), "an IPv6 address");
  EXPECT_EQ(wrong_setting("vlan", "protocol", "33025"), "33024 (802.1Q) or 34984 (802.1ad)");
  EXPECT_EQ(wrong_setting("macvlan", "mode", ""), "one of private, vepa, bridge, passthru, source");
  EXPECT_EQ(wrong_setting("veth", "mode", "x"), "no setting of a veth");
}

TEST(LinkKinds, SettingsAreThoseThatDifferFromAFreshLink) {
  model::Link link;
  link.kind = "vxlan";
  model::VxlanData data;
  data.vni = 42;
  data.remote = IpAddress::parse("192.0.2.1");
  data.underlay = IfIndex(3);
  data.port = 4789;
  data.ageing_s = 300;
  data.learning = true;
  link.data = data;
  EXPECT_EQ(settings_of(link),
            (Settings{{"vni", "42"}, {"remote", "192.0.2.1"}, {"port", "4789"}}));
  link.kind = "tun";
  EXPECT_EQ(settings_of(link), Settings{});
}

TEST(LinkKinds, WhatCannotBeMadeAgainIsLeftOut) {
  model::Link link;
  link.kind = "bond";
  model::BondData data;
  data.mode = "7";  // one that a later kernel may have
  data.active_slave = IfIndex(3);
  link.data = data;
  EXPECT_EQ(settings_of(link), Settings{});
}

TEST(LinkKinds, OnlyWhatDiffersIsChanged) {
  Link is;
  is.name = "br0";
  is.kind = "bridge";
  is.settings = {{"stp", "true"}, {"group_fwd_mask", "8"}};
  Link wanted = is;
  EXPECT_TRUE(change_data(is, wanted)->empty());
  wanted.settings = {{"stp", "false"}, {"group_fwd_mask", "8"}};
  EXPECT_EQ(change_data(is, wanted)->bytes().size(), 8u);
  wanted.settings = {};
  EXPECT_EQ(change_data(is, wanted)->bytes().size(), 16u) << "both go back";
  wanted.settings = {{"stp", "perhaps"}};
  EXPECT_EQ(change_data(is, wanted).error().text, "link br0: bridge stp: true or false");
}

TEST(LinkKinds, TunnelsAndIdentitiesDoNotChange) {
  EXPECT_TRUE(can_change("bridge", "stp"));
  EXPECT_FALSE(can_change("vxlan", "vni"));
  EXPECT_FALSE(can_change("gre", "ttl"));
  EXPECT_FALSE(can_change("veth", "stp"));
}

}  // namespace
}  // namespace nsmap::lab
