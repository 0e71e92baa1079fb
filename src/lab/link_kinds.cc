#include "lab/link_kinds.h"

#include <fmt/format.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/if_tunnel.h>
#include <linux/if_vlan.h>

#include <algorithm>
#include <array>
#include <limits>
#include <span>

#include <boost/mp11/algorithm.hpp>

#include "base/number.h"
#include "netlink/link_names.h"

// The table of kinds at the end of this file is what there is to know; above it stand the forms
// that a setting's value has on the wire. What a fresh link has is what the kernel gives one for
// which nothing but what is required was asked; requests_kernel_test.cc holds the table against it.

namespace nsmap::lab {
namespace {

using netlink::AttributeList;
using netlink::kBondModes;
using netlink::kIpvlanModes;
using netlink::kLacpRates;
using netlink::kMacvlanModes;
using netlink::kNetkitMode;
using netlink::kNetkitModes;
using netlink::kNetkitPeerPolicy;
using netlink::kNetkitPolicies;
using netlink::kNetkitPolicy;
using netlink::kValidations;
using netlink::kXmitPolicies;
using std::uint16_t;
using std::uint32_t;
using std::uint64_t;
using std::uint8_t;

// --- the forms of values ------------------------------------------------------------------------

struct Form;

// Appends a value's attribute. False: the text is no such value.
using Write = bool (*)(AttributeList&, uint16_t type, const Form&, std::string_view text);

struct Form {
  Write write;
  uint64_t least = 0;  // of a number
  uint64_t most = 0;
  std::span<const char* const> names = {};  // of a name: its place is its number; null: no name
  std::string_view words = {};              // of anything else: what it may be
};

std::optional<uint64_t> number_in(const Form& form, std::string_view text) {
  const auto number = parse_number<uint64_t>(text);
  return number && *number >= form.least && *number <= form.most ? number : std::nullopt;
}

template <typename Wire>
bool write_number(AttributeList& out, uint16_t type, const Form& form, std::string_view text) {
  const auto number = number_in(form, text);
  if (number) out.add(type, static_cast<Wire>(*number));
  return number.has_value();
}

template <typename Wire>
bool write_be(AttributeList& out, uint16_t type, const Form& form, std::string_view text) {
  const auto number = number_in(form, text);
  if (number) out.be(type, static_cast<Wire>(*number));
  return number.has_value();
}

bool write_vlan_protocol(AttributeList& out, uint16_t type, const Form& form,
                         std::string_view text) {
  return (text == "33024" || text == "34984") && write_be<uint16_t>(out, type, form, text);
}

// A key of GRE counts with its flag alone. The flags of both directions are attributes of their
// own, GRE_KEY the only one of them here.
template <uint16_t flags_type>
bool write_gre_key(AttributeList& out, uint16_t type, const Form& form, std::string_view text) {
  if (!write_be<uint32_t>(out, type, form, text)) return false;
  out.add(flags_type, static_cast<uint16_t>(GRE_KEY));
  return true;
}

// Milliseconds, which a bridge has as hundredths of a second (USER_HZ).
bool write_centiseconds(AttributeList& out, uint16_t type, const Form& form,
                        std::string_view text) {
  const auto number = number_in(form, text);
  if (number) out.add(type, static_cast<uint32_t>(*number / 10));
  return number.has_value();
}

bool write_vlan_flags(AttributeList& out, uint16_t type, const Form& form, std::string_view text) {
  const auto number = number_in(form, text);
  if (number)
    out.add(type,
            ifla_vlan_flags{static_cast<uint32_t>(*number), static_cast<uint32_t>(form.most)});
  return number.has_value();
}

template <typename Wire>
bool write_bool(AttributeList& out, uint16_t type, const Form&, std::string_view text) {
  if (text != "true" && text != "false") return false;
  out.add(type, static_cast<Wire>(text == "true"));
  return true;
}

// Said by being there.
bool write_flag(AttributeList& out, uint16_t type, const Form&, std::string_view text) {
  if (text == "true") out.flag(type);
  return text == "true" || text == "false";
}

// One bit of a number whose other bits are zero.
template <uint16_t bit>
bool write_bit(AttributeList& out, uint16_t type, const Form&, std::string_view text) {
  if (text == "true") out.add(type, bit);
  return text == "true" || text == "false";
}

template <typename Wire>
bool write_name(AttributeList& out, uint16_t type, const Form& form, std::string_view text) {
  const auto found = std::find_if(form.names.begin(), form.names.end(),
                                  [&](const char* name) { return name && name == text; });
  if (found != form.names.end()) out.add(type, static_cast<Wire>(found - form.names.begin()));
  return found != form.names.end();
}

template <bool v6>
bool write_address(AttributeList& out, uint16_t type, const Form&, std::string_view text) {
  const auto address = IpAddress::parse(text);
  if (!address || address->is_v6() != v6) return false;
  out.add(type, address->bytes());
  return true;
}

// An address of either family, IPv6 by an attribute of its own.
template <uint16_t v6_type>
bool write_either(AttributeList& out, uint16_t type, const Form& form, std::string_view text) {
  return write_address<false>(out, type, form, text) ||
         write_address<true>(out, v6_type, form, text);
}

template <typename Wire>
constexpr Form number(uint64_t least = 0, uint64_t most = std::numeric_limits<Wire>::max()) {
  return {write_number<Wire>, least, most};
}

template <typename Wire>
constexpr Form be_number(uint64_t least = 0, uint64_t most = std::numeric_limits<Wire>::max()) {
  return {write_be<Wire>, least, most};
}

template <typename Wire, std::size_t N>
constexpr Form name_of(const std::array<const char*, N>& names) {
  return {write_name<Wire>, 0, 0, names};
}

constexpr Form truth(Write write) { return {write, 0, 0, {}, "true or false"}; }
constexpr Form kByteTruth = truth(write_bool<uint8_t>);
constexpr Form kFlag = truth(write_flag);
constexpr Form kAddress4 = {write_address<false>, 0, 0, {}, "an IPv4 address"};
constexpr Form kAddress6 = {write_address<true>, 0, 0, {}, "an IPv6 address"};
template <uint16_t v6_type>
constexpr Form kAddress = {write_either<v6_type>, 0, 0, {}, "an IPv4 or IPv6 address"};
constexpr uint64_t kMost32 = std::numeric_limits<uint32_t>::max();

// --- the settings of each kind ------------------------------------------------------------------

enum class Change { any_time, at_creation };

struct Setting {
  std::string_view name;
  uint16_t type;  // IFLA_*
  Form form;
  std::string_view fresh;  // what a new link has; empty: none, or it differs from host to host
  Change change = Change::any_time;
  bool required = false;
};

constexpr Form kEtherType = {
    write_vlan_protocol, 0, 0xffff, {}, "33024 (802.1Q) or 34984 (802.1ad)"};

constexpr Setting kBridge[] = {
    {"vlan_filtering", IFLA_BR_VLAN_FILTERING, kByteTruth, "false"},
    {"vlan_protocol", IFLA_BR_VLAN_PROTOCOL, kEtherType, "33024"},
    {"default_pvid", IFLA_BR_VLAN_DEFAULT_PVID, number<uint16_t>(0, 4094), "1"},
    {"stp", IFLA_BR_STP_STATE, truth(write_bool<uint32_t>), "false"},
    {"ageing_time_ms", IFLA_BR_AGEING_TIME, {write_centiseconds, 0, kMost32}, "300000"},
    {"multicast_snooping", IFLA_BR_MCAST_SNOOPING, kByteTruth, "true"},
    {"group_fwd_mask", IFLA_BR_GROUP_FWD_MASK, number<uint16_t>(), "0"},
    {"nf_call_iptables", IFLA_BR_NF_CALL_IPTABLES, kByteTruth, "false"},
    {"nf_call_ip6tables", IFLA_BR_NF_CALL_IP6TABLES, kByteTruth, "false"},
    {"nf_call_arptables", IFLA_BR_NF_CALL_ARPTABLES, kByteTruth, "false"},
};

constexpr Setting kVlan[] = {
    {"id", IFLA_VLAN_ID, number<uint16_t>(0, 4094), "", Change::at_creation, true},
    {"protocol", IFLA_VLAN_PROTOCOL, kEtherType, "33024", Change::at_creation},
    {"flags", IFLA_VLAN_FLAGS, {write_vlan_flags, 0, 0x1f}, "1"},  // VLAN_FLAG_*, five of them
};

// In the order in which the driver takes them: a rate is refused in any mode but 802.3ad.
constexpr Setting kBond[] = {
    {"mode", IFLA_BOND_MODE, name_of<uint8_t>(kBondModes), "balance-rr", Change::at_creation},
    {"miimon_ms", IFLA_BOND_MIIMON, number<uint32_t>(0, 0x7fffffff), "0"},
    {"xmit_hash_policy", IFLA_BOND_XMIT_HASH_POLICY, name_of<uint8_t>(kXmitPolicies), "layer2"},
    {"lacp_rate", IFLA_BOND_AD_LACP_RATE, name_of<uint8_t>(kLacpRates), "slow"},
};

constexpr Setting kMacvlan[] = {
    {"mode", IFLA_MACVLAN_MODE, name_of<uint32_t>(kMacvlanModes), "vepa", Change::at_creation},
    {"flags", IFLA_MACVLAN_FLAGS, number<uint16_t>(0, 3), "0", Change::at_creation},
};

// Its parent has one mode and one set of flags for all.
constexpr Setting kIpvlan[] = {
    {"mode", IFLA_IPVLAN_MODE, name_of<uint16_t>(kIpvlanModes), "l3", Change::at_creation},
    {"is_private", IFLA_IPVLAN_FLAGS, truth(write_bit<IPVLAN_F_PRIVATE>), "false",
     Change::at_creation},
    {"vepa", IFLA_IPVLAN_FLAGS, truth(write_bit<IPVLAN_F_VEPA>), "false", Change::at_creation},
};

constexpr Setting kVrf[] = {
    {"table", IFLA_VRF_TABLE, number<uint32_t>(1), "", Change::at_creation, true},
};

constexpr Form kVni = number<uint32_t>(0, 0xffffff);

constexpr Setting kVxlan[] = {
    {"vni", IFLA_VXLAN_ID, kVni, "", Change::at_creation, true},
    {"local", IFLA_VXLAN_LOCAL, kAddress<IFLA_VXLAN_LOCAL6>, "", Change::at_creation},
    {"remote", IFLA_VXLAN_GROUP, kAddress<IFLA_VXLAN_GROUP6>, "", Change::at_creation},
    {"port", IFLA_VXLAN_PORT, be_number<uint16_t>(), "8472", Change::at_creation},
    {"ttl", IFLA_VXLAN_TTL, number<uint8_t>(), "0"},
    {"ageing_s", IFLA_VXLAN_AGEING, number<uint32_t>(), "300"},
    {"learning", IFLA_VXLAN_LEARNING, kByteTruth, "true"},
    {"proxy", IFLA_VXLAN_PROXY, kByteTruth, "false", Change::at_creation},
    {"l2miss", IFLA_VXLAN_L2MISS, kByteTruth, "false", Change::at_creation},
    {"l3miss", IFLA_VXLAN_L3MISS, kByteTruth, "false", Change::at_creation},
    {"collect_metadata", IFLA_VXLAN_COLLECT_METADATA, truth(write_bool<uint8_t>), "false",
     Change::at_creation},
    {"vni_filter", IFLA_VXLAN_VNIFILTER, kByteTruth, "false", Change::at_creation},
    {"gbp", IFLA_VXLAN_GBP, kFlag, "false", Change::at_creation},
};

constexpr Setting kGeneve[] = {
    {"vni", IFLA_GENEVE_ID, kVni, "", Change::at_creation, true},
    {"remote", IFLA_GENEVE_REMOTE, kAddress<IFLA_GENEVE_REMOTE6>, "", Change::at_creation},
    {"port", IFLA_GENEVE_PORT, be_number<uint16_t>(), "6081", Change::at_creation},
    {"ttl", IFLA_GENEVE_TTL, number<uint8_t>(), "0"},
    {"collect_metadata", IFLA_GENEVE_COLLECT_METADATA, kFlag, "false", Change::at_creation},
};

// A tunnel takes all its settings anew with every change, what it stands on among them, so none is
// changed. The table of each kind, by the addresses of its underlay.
template <const Form& address>
constexpr std::array<Setting, 9> kGre = {{
    {"local", IFLA_GRE_LOCAL, address, "", Change::at_creation},
    {"remote", IFLA_GRE_REMOTE, address, "", Change::at_creation},
    {"ttl", IFLA_GRE_TTL, number<uint8_t>(), "0", Change::at_creation},
    {"input_key",
     IFLA_GRE_IKEY,
     {write_gre_key<IFLA_GRE_IFLAGS>, 0, kMost32},
     "",
     Change::at_creation},
    {"output_key",
     IFLA_GRE_OKEY,
     {write_gre_key<IFLA_GRE_OFLAGS>, 0, kMost32},
     "",
     Change::at_creation},
    {"encap_type", IFLA_GRE_ENCAP_TYPE, number<uint16_t>(), "0", Change::at_creation},
    {"encap_sport", IFLA_GRE_ENCAP_SPORT, be_number<uint16_t>(), "0", Change::at_creation},
    {"encap_dport", IFLA_GRE_ENCAP_DPORT, be_number<uint16_t>(), "0", Change::at_creation},
    {"collect_metadata", IFLA_GRE_COLLECT_METADATA, kFlag, "false", Change::at_creation},
}};

// `inner` is the protocol that the kernel takes where none is asked.
template <const Form& address, uint8_t inner>
constexpr std::array<Setting, 8> kIpTunnel = {{
    {"local", IFLA_IPTUN_LOCAL, address, "", Change::at_creation},
    {"remote", IFLA_IPTUN_REMOTE, address, "", Change::at_creation},
    {"ttl", IFLA_IPTUN_TTL, number<uint8_t>(), inner == 41 ? "64" : "0", Change::at_creation},
    {"protocol", IFLA_IPTUN_PROTO, number<uint8_t>(),
     inner == 4    ? "4"
     : inner == 41 ? "41"
                   : "0",
     Change::at_creation},
    {"encap_type", IFLA_IPTUN_ENCAP_TYPE, number<uint16_t>(), "0", Change::at_creation},
    {"encap_sport", IFLA_IPTUN_ENCAP_SPORT, be_number<uint16_t>(), "0", Change::at_creation},
    {"encap_dport", IFLA_IPTUN_ENCAP_DPORT, be_number<uint16_t>(), "0", Change::at_creation},
    {"collect_metadata", IFLA_IPTUN_COLLECT_METADATA, kFlag, "false", Change::at_creation},
}};

template <const Form& address>
constexpr std::array<Setting, 4> kVti = {{
    {"local", IFLA_VTI_LOCAL, address, "", Change::at_creation},
    {"remote", IFLA_VTI_REMOTE, address, "", Change::at_creation},
    {"input_key", IFLA_VTI_IKEY, be_number<uint32_t>(), "0", Change::at_creation},
    {"output_key", IFLA_VTI_OKEY, be_number<uint32_t>(), "0", Change::at_creation},
}};

constexpr Setting kMacsec[] = {
    {"encrypt", IFLA_MACSEC_ENCRYPT, kByteTruth, "false"},
    {"protect", IFLA_MACSEC_PROTECT, kByteTruth, "true"},
    {"validation", IFLA_MACSEC_VALIDATION, name_of<uint8_t>(kValidations), "strict"},
};

// Of the end that is made, not its peer's: the policies change places in the peer's data.
constexpr Setting kNetkit[] = {
    {"mode", kNetkitMode, name_of<uint32_t>(kNetkitModes), "l3", Change::at_creation},
    {"policy", kNetkitPolicy, name_of<uint32_t>(kNetkitPolicies), "pass", Change::at_creation},
    {"peer_policy", kNetkitPeerPolicy, name_of<uint32_t>(kNetkitPolicies), "pass",
     Change::at_creation},
};

// --- the kinds ----------------------------------------------------------------------------------

enum class Parent { none, needed, underlay };

struct Kind {
  std::string_view name;
  std::span<const Setting> settings = {};
  Parent parent = Parent::none;
  uint16_t underlay_type = 0;  // the attribute of IFLA_INFO_DATA that says it
  bool pair = false;
};

constexpr Kind kKinds[] = {
    {"veth", {}, Parent::none, 0, true},
    {"netkit", kNetkit, Parent::none, 0, true},
    {"bridge", kBridge},
    {"dummy"},
    {"ifb"},
    {"wireguard"},
    {"vlan", kVlan, Parent::needed},
    {"macvlan", kMacvlan, Parent::needed},
    {"macvtap", kMacvlan, Parent::needed},
    {"ipvlan", kIpvlan, Parent::needed},
    {"ipvtap", kIpvlan, Parent::needed},
    {"macsec", kMacsec, Parent::needed},
    {"bond", kBond},
    {"vrf", kVrf},
    {"vxlan", kVxlan, Parent::underlay, IFLA_VXLAN_LINK},
    {"geneve", kGeneve},
    {"gre", kGre<kAddress4>, Parent::underlay, IFLA_GRE_LINK},
    {"gretap", kGre<kAddress4>, Parent::underlay, IFLA_GRE_LINK},
    {"ip6gre", kGre<kAddress6>, Parent::underlay, IFLA_GRE_LINK},
    {"ip6gretap", kGre<kAddress6>, Parent::underlay, IFLA_GRE_LINK},
    {"ipip", kIpTunnel<kAddress4, 4>, Parent::underlay, IFLA_IPTUN_LINK},
    {"sit", kIpTunnel<kAddress4, 41>, Parent::underlay, IFLA_IPTUN_LINK},
    {"ip6tnl", kIpTunnel<kAddress6, 0>, Parent::underlay, IFLA_IPTUN_LINK},
    {"vti", kVti<kAddress4>, Parent::underlay, IFLA_VTI_LINK},
    {"vti6", kVti<kAddress6>, Parent::underlay, IFLA_VTI_LINK},
};

const Kind* kind_row(std::string_view name) {
  const auto* const found = std::find_if(std::begin(kKinds), std::end(kKinds),
                                         [&](const Kind& kind) { return kind.name == name; });
  return found == std::end(kKinds) ? nullptr : found;
}

const Setting* setting_row(std::string_view kind, std::string_view name) {
  const Kind* const row = kind_row(kind);
  if (!row) return nullptr;
  const auto found = std::find_if(row->settings.begin(), row->settings.end(),
                                  [&](const Setting& setting) { return setting.name == name; });
  return found == row->settings.end() ? nullptr : &*found;
}

KindInfo info_of(const Kind& kind) {
  KindInfo info{kind.name, kind.pair, kind.parent == Parent::needed, kind.parent != Parent::none,
                {},        {}};
  for (const Setting& setting : kind.settings) {
    info.settings.push_back(setting.name);
    if (setting.required) info.required.push_back(setting.name);
  }
  return info;
}

const std::vector<KindInfo>& infos() {
  static const std::vector<KindInfo> all = [] {
    std::vector<KindInfo> made;
    for (const Kind& kind : kKinds) made.push_back(info_of(kind));
    return made;
  }();
  return all;
}

std::string words(const Form& form) {
  if (!form.words.empty()) return std::string(form.words);
  if (form.names.empty()) return fmt::format("a number from {} to {}", form.least, form.most);
  std::string all;
  for (const char* name : form.names)
    if (name) all += fmt::format("{}{}", all.empty() ? "one of " : ", ", name);
  return all;
}

// --- reading a snapshot's data ------------------------------------------------------------------

template <typename T>
struct IsId : std::false_type {};
template <typename Tag, typename Int>
struct IsId<Id<Tag, Int>> : std::true_type {};
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

// Empty where there is none, and for what is no setting (lists).
template <typename T>
std::string text_of(const T& value) {
  if constexpr (IsOptional<T>::value)
    return value ? text_of(*value) : std::string();
  else if constexpr (IsId<T>::value)
    return std::to_string(value.value);
  else if constexpr (std::is_same_v<T, bool>)
    return value ? "true" : "false";
  else if constexpr (std::is_integral_v<T>)
    return std::to_string(value);
  else if constexpr (std::is_same_v<T, std::string>)
    return value;
  else if constexpr (std::is_same_v<T, IpAddress>)
    return value.text();
  else
    return {};
}

std::string data_text(const model::LinkData& data, std::string_view name) {
  return std::visit(
      [&]<typename Data>(const Data& held) {
        std::string found;
        if constexpr (!std::is_same_v<Data, std::monostate>) {
          using Members = boost::describe::describe_members<Data, boost::describe::mod_public>;
          boost::mp11::mp_for_each<Members>([&](auto member) {
            if (member.name == name) found = text_of(held.*member.pointer);
          });
        }
        return found;
      },
      data);
}

// What a new link has, given its mode. Some modes of a bond begin with a monitor
// (drivers/net/bonding/bond_options.c bond_option_mode_set).
std::string_view fresh_of(const Setting& setting, std::string_view mode) {
  const bool monitored = mode == "802.3ad" || mode == "balance-tlb" || mode == "balance-alb";
  return setting.name == "miimon_ms" && monitored ? "100" : setting.fresh;
}

// A kernel built without VLAN filtering tells of no default PVID.
bool cannot_filter(const model::Link& link, const Setting& setting, std::string_view text) {
  return setting.name == "default_pvid" && text == "0" &&
         data_text(link.data, "vlan_filtering") == "false";
}

// --- writing ------------------------------------------------------------------------------------

std::string_view effective(const Link& link, const Setting& setting) {
  if (const auto asked = link.settings.find(std::string(setting.name));
      asked != link.settings.end())
    return asked->second;
  const auto mode = link.settings.find("mode");
  return fresh_of(setting, mode == link.settings.end() ? std::string() : mode->second);
}

Result<void> write(AttributeList& data, const Link& link, std::string_view name,
                   std::string_view text) {
  const std::string wrong = wrong_setting(link.kind, name, text);
  if (!wrong.empty())
    return usage_error(fmt::format("link {}: {} {}: {}", link.name, link.kind, name, wrong));
  const Setting& setting = *setting_row(link.kind, name);
  setting.form.write(data, setting.type, setting.form, text);
  return {};
}

}  // namespace

const KindInfo* find_kind(std::string_view kind) {
  const auto found = std::find_if(infos().begin(), infos().end(),
                                  [&](const KindInfo& info) { return info.name == kind; });
  return found == infos().end() ? nullptr : &*found;
}

std::vector<std::string_view> kind_names() {
  std::vector<std::string_view> names;
  for (const Kind& kind : kKinds) names.push_back(kind.name);
  return names;
}

std::string wrong_setting(std::string_view kind, std::string_view setting, std::string_view text) {
  const Setting* const row = setting_row(kind, setting);
  if (!row) return fmt::format("no setting of a {}", kind);
  AttributeList unused;
  return row->form.write(unused, row->type, row->form, text) ? std::string() : words(row->form);
}

std::vector<std::string> differing_settings(const Link& wanted, const Link& is) {
  std::vector<std::string> differing;
  for (const Kind& kind : kKinds) {
    if (kind.name != wanted.kind) continue;
    for (const Setting& setting : kind.settings) {
      const std::string_view text = effective(wanted, setting);
      if (!text.empty() && text != effective(is, setting)) differing.emplace_back(setting.name);
    }
  }
  return differing;
}

bool can_change(std::string_view kind, std::string_view setting) {
  const Setting* const row = setting_row(kind, setting);
  return row && row->change != Change::at_creation;
}

std::map<std::string, std::string> settings_of(const model::Link& link) {
  std::map<std::string, std::string> settings;
  const Kind* const kind = kind_row(link.kind);
  if (!kind) return settings;
  for (const Setting& setting : kind->settings) {
    const std::string text = data_text(link.data, setting.name);
    if (text.empty() || text == fresh_of(setting, data_text(link.data, "mode")) ||
        cannot_filter(link, setting, text))
      continue;
    if (wrong_setting(link.kind, setting.name, text).empty()) settings.emplace(setting.name, text);
  }
  return settings;
}

Result<AttributeList> creation_data(const Link& link) {
  AttributeList data;
  for (const auto& [name, text] : link.settings)
    if (auto written = write(data, link, name, text); !written)
      return tl::unexpected(written.error());
  return data;
}

Result<AttributeList> change_data(const Link& is, const Link& wanted) {
  AttributeList data;
  const Kind* const kind = kind_row(wanted.kind);
  for (const Setting& setting : kind ? kind->settings : std::span<const Setting>()) {
    const auto text = effective(wanted, setting);
    if (setting.change == Change::at_creation || text.empty() || text == effective(is, setting))
      continue;
    if (auto written = write(data, wanted, setting.name, text); !written)
      return tl::unexpected(written.error());
  }
  return data;
}

bool append_parent(AttributeList& data, std::string_view kind, IfIndex parent) {
  const Kind* const row = kind_row(kind);
  if (!row || row->underlay_type == 0) return false;
  data.add(row->underlay_type, parent.value);
  return true;
}

}  // namespace nsmap::lab
