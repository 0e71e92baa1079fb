#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "model/snapshot.h"

// Which text of the model is what. A text without a row does not compile (anonymise.cc); addresses,
// prefixes and MACs are replaced by their type.

namespace nsmap::anonymise {

enum class Kind {
  name,       // what people call a thing
  text,       // what holds names: paths, commands, ids
  message,    // what nsmap wrote of it
  sysctl,     // the name of one
  bridge_id,  // a priority and a MAC
  sci,        // a MAC and a port
  rule,       // the name of a table, chain, set …, or words of ipset's
  comment,    // of a rule, set …
  options,    // of a match or target, in the words of iptables, ipset or nft
  kept,       // stays; the row says why
};

struct Field {
  std::string_view name;
  Kind kind = Kind::name;
  std::string_view why = "";
};

inline constexpr std::string_view kWord = "a word of the kernel's";
inline constexpr std::string_view kOurs = "a word of nsmap's";

template <typename Struct>
inline constexpr std::array<Field, 0> kFields{};

template <>
inline constexpr std::array kFields<model::Host> = {
    Field{"hostname"},
    Field{"boot_id", Kind::text},
    Field{"kernel", Kind::kept, "what a bug may depend on"},
};
template <>
inline constexpr std::array kFields<model::Coverage> = {Field{"source", Kind::kept, kOurs}};
template <>
inline constexpr std::array kFields<model::Diagnostic> = {
    Field{"source", Kind::kept, kOurs},
    Field{"what", Kind::message},
};
template <>
inline constexpr std::array kFields<model::Holder> = {Field{"path", Kind::text}};
template <>
inline constexpr std::array kFields<model::Name> = {
    Field{"name"},
    Field{"source", Kind::kept, kOurs},
    Field{"path", Kind::text},
};
template <>
inline constexpr std::array kFields<model::Process> = {
    Field{"comm"},
    Field{"command", Kind::text},
    Field{"cgroup", Kind::text},
    Field{"container"},
};
template <>
inline constexpr std::array kFields<model::KeyValue> = {Field{"key", Kind::text},
                                                        Field{"value", Kind::text}};
template <>
inline constexpr std::array kFields<model::Pod> = {Field{"name"}, Field{"ns"}, Field{"uid"}};
template <>
inline constexpr std::array kFields<model::PublishedPort> = {
    Field{"protocol", Kind::kept, kWord},
    Field{"host_address", Kind::text},
};
template <>
inline constexpr std::array kFields<model::Container> = {
    Field{"id"},
    Field{"name"},
    Field{"runtime", Kind::kept, kOurs},
    Field{"image", Kind::text},
    Field{"network_mode", Kind::text},
};
template <>
inline constexpr std::array kFields<model::Socket> = {
    Field{"protocol", Kind::kept, kWord},
    Field{"state", Kind::kept, kWord},
    Field{"name", Kind::text},
};
template <>
inline constexpr std::array kFields<model::Link> = {
    Field{"name"},
    Field{"kind", Kind::kept, kWord},
    Field{"alias"},
    Field{"altnames"},
    Field{"qdisc", Kind::kept, kWord},
    Field{"parent_device", Kind::kept, "where the hardware is plugged in"},
    Field{"master_kind", Kind::kept, kWord},
};
template <>
inline constexpr std::array kFields<model::BridgeData> = {
    Field{"bridge_id", Kind::bridge_id},
    Field{"root_id", Kind::bridge_id},
};
template <>
inline constexpr std::array kFields<model::BondData> = {
    Field{"mode", Kind::kept, kWord},
    Field{"xmit_hash_policy", Kind::kept, kWord},
    Field{"lacp_rate", Kind::kept, kWord},
};
template <>
inline constexpr std::array kFields<model::MacvlanData> = {Field{"mode", Kind::kept, kWord}};
template <>
inline constexpr std::array kFields<model::IpvlanData> = {Field{"mode", Kind::kept, kWord}};
template <>
inline constexpr std::array kFields<model::MacsecData> = {
    Field{"sci", Kind::sci},
    Field{"validation", Kind::kept, kWord},
};
template <>
inline constexpr std::array kFields<model::TunData> = {Field{"mode", Kind::kept, kWord}};
template <>
inline constexpr std::array kFields<model::NetkitData> = {
    Field{"mode", Kind::kept, kWord},
    Field{"policy", Kind::kept, kWord},
    Field{"peer_policy", Kind::kept, kWord},
};
template <>
inline constexpr std::array kFields<model::BridgePort> = {Field{"stp_state", Kind::kept, kWord}};
template <>
inline constexpr std::array kFields<model::BondPort> = {
    Field{"state", Kind::kept, kWord},
    Field{"mii_status", Kind::kept, kWord},
};
template <>
inline constexpr std::array kFields<model::BpfProgram> = {
    Field{"hook", Kind::kept, kWord},
    Field{"mode", Kind::kept, kWord},
    Field{"name"},
};
template <>
inline constexpr std::array kFields<model::TcFilter> = {
    Field{"mode", Kind::kept, kWord},
    Field{"kind", Kind::kept, kWord},
};
template <>
inline constexpr std::array kFields<model::Address> = {
    Field{"label"},
    Field{"scope", Kind::kept, kWord},
};
template <>
inline constexpr std::array kFields<model::RouteHop> = {Field{"encap", Kind::kept, kWord}};
template <>
inline constexpr std::array kFields<model::Route> = {
    Field{"type", Kind::kept, kWord},
    Field{"protocol", Kind::kept, kWord},
    Field{"scope", Kind::kept, kWord},
};
template <>
inline constexpr std::array kFields<model::Rule> = {
    Field{"action", Kind::kept, kWord},
    Field{"iif"},
    Field{"oif"},
    Field{"protocol", Kind::kept, kWord},
};
template <>
inline constexpr std::array kFields<model::Nexthop> = {
    Field{"group_type", Kind::kept, kWord},
    Field{"protocol", Kind::kept, kWord},
    Field{"scope", Kind::kept, kWord},
    Field{"encap", Kind::kept, kWord},
};
template <>
inline constexpr std::array kFields<model::Neighbour> = {Field{"state", Kind::kept, kWord}};
template <>
inline constexpr std::array kFields<model::FdbEntry> = {Field{"state", Kind::kept, kWord}};
template <>
inline constexpr std::array kFields<model::Connection> = {
    Field{"state", Kind::kept, kWord},
    Field{"helper", Kind::kept, kWord},
};
template <>
inline constexpr std::array kFields<model::Sysctl> = {Field{"name", Kind::sysctl}};

template <>
inline constexpr std::array kFields<model::firewall::Rule> = {Field{"comment", Kind::comment}};
template <>
inline constexpr std::array kFields<model::firewall::Chain> = {
    Field{"name", Kind::rule},
    Field{"type", Kind::kept, kWord},
    Field{"devices"},
    Field{"comment", Kind::comment},
};
template <>
inline constexpr std::array kFields<model::firewall::KeyPart> = {
    Field{"typeof_", Kind::kept, "names of fields, in nft's words"}};
template <>
inline constexpr std::array kFields<model::firewall::Element> = {
    Field{"object", Kind::rule},
    Field{"comment", Kind::comment},
};
template <>
inline constexpr std::array kFields<model::firewall::Set> = {
    Field{"name", Kind::rule},
    Field{"object_kind", Kind::kept, kWord},
    Field{"policy", Kind::kept, kWord},
    Field{"comment", Kind::comment},
};
template <>
inline constexpr std::array kFields<model::firewall::Object> = {
    Field{"kind", Kind::kept, kWord},        Field{"name", Kind::rule},
    Field{"comment", Kind::comment},         Field{"helper", Kind::kept, kWord},
    Field{"l3_protocol", Kind::kept, kWord}, Field{"details", Kind::options},
};
template <>
inline constexpr std::array kFields<model::firewall::Flowtable> = {
    Field{"name", Kind::rule},
    Field{"devices"},
};
template <>
inline constexpr std::array kFields<model::firewall::Table> = {
    Field{"name", Kind::rule},
    Field{"comment", Kind::comment},
};
template <>
inline constexpr std::array kFields<model::firewall::IpsetMember> = {
    Field{"text", Kind::rule},
    Field{"options", Kind::options},
};
template <>
inline constexpr std::array kFields<model::firewall::Ipset> = {
    Field{"name", Kind::rule},
    Field{"type", Kind::kept, kWord},
    Field{"family", Kind::kept, kWord},
    Field{"options", Kind::options},
};
template <>
inline constexpr std::array kFields<model::firewall::VirtualDestination> = {
    Field{"method", Kind::kept, kWord}};
template <>
inline constexpr std::array kFields<model::firewall::VirtualService> = {
    Field{"scheduler", Kind::kept, kWord}};
template <>
inline constexpr std::array kFields<model::firewall::HookEntry> = {
    Field{"family", Kind::kept, kWord},
    Field{"hook", Kind::kept, kWord},
    Field{"device"},
    Field{"function", Kind::kept, kWord},
    Field{"module", Kind::kept, kWord},
    Field{"table", Kind::rule},
    Field{"chain", Kind::rule},
};
template <>
inline constexpr std::array kFields<model::firewall::MapLookup> = {Field{"map", Kind::rule}};
template <>
inline constexpr std::array kFields<model::firewall::Lookup> = {Field{"set", Kind::rule}};
template <>
inline constexpr std::array kFields<model::firewall::IpsetMatch> = {
    Field{"set", Kind::rule},
    Field{"directions", Kind::kept, kWord},
    Field{"options", Kind::options},
};
template <>
inline constexpr std::array kFields<model::firewall::Verdict> = {Field{"chain", Kind::rule}};
template <>
inline constexpr std::array kFields<model::firewall::VerdictMap> = {Field{"map", Kind::rule}};
template <>
inline constexpr std::array kFields<model::firewall::Log> = {Field{"prefix", Kind::comment}};
template <>
inline constexpr std::array kFields<model::firewall::SetUpdate> = {Field{"set", Kind::rule}};
template <>
inline constexpr std::array kFields<model::firewall::ObjectRef> = {
    Field{"kind", Kind::kept, kWord},
    Field{"name", Kind::rule},
    Field{"map", Kind::rule},
};
template <>
inline constexpr std::array kFields<model::firewall::FlowOffload> = {
    Field{"flowtable", Kind::rule}};
template <>
inline constexpr std::array kFields<model::firewall::Extension> = {
    Field{"name", Kind::kept, kWord},
    Field{"options", Kind::options},
};
template <>
inline constexpr std::array kFields<model::firewall::Opaque> = {Field{"name", Kind::kept, kWord}};
template <>
inline constexpr std::array kFields<model::firewall::Statement> = {Field{"via", Kind::kept, kWord}};

// What a text is; nothing: it has no row.
template <typename Struct>
constexpr std::optional<Kind> kind_of(std::string_view name) {
  for (const Field& field : kFields<Struct>)
    if (field.name == name) return field.kind;
  return {};
}

}  // namespace nsmap::anonymise
