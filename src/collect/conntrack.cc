#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>

#include <array>

#include "collect/collectors.h"
#include "collect/fields.h"

// Tracked connections, over ctnetlink. All namespaces share one hash table, which a dump goes
// through whole (net/netfilter/nf_conntrack_netlink.c ctnetlink_dump_table): so the count is asked
// for first.

namespace nsmap::collect {
namespace {

using model::Connection;
using netlink::Attribute;
using netlink::Attributes;

constexpr std::uint16_t type_of(cntl_msg_types message) {
  return static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | message);
}

// Names of the states of a protocol, by its number: linux/netfilter/nf_conntrack_{tcp,sctp}.h,
// net/netfilter/nf_conntrack_proto_dccp.c.
constexpr auto kTcpStates =
    std::to_array<const char*>({"none", "syn_sent", "syn_recv", "established", "fin_wait",
                                "close_wait", "last_ack", "time_wait", "close", "syn_sent2"});
constexpr auto kSctpStates = std::to_array<const char*>(
    {"none", "closed", "cookie_wait", "cookie_echoed", "established", "shutdown_sent",
     "shutdown_recd", "shutdown_ack_sent", "heartbeat_sent"});
constexpr auto kDccpStates = std::to_array<const char*>(
    {"none", "request", "respond", "partopen", "open", "closereq", "closing", "timewait"});

struct RawTuple : model::Tuple {
  std::uint8_t protocol = 0;
};

template <auto Fields>
bool nested(RawTuple& fact, const Attribute& attribute) {
  return Fields->read(attribute.nested(), fact);
}

// The high byte of an ICMP tuple's destination port is the type, the low one the code.
template <int Shift>
bool icmp_byte(RawTuple& fact, const Attribute& attribute) {
  const auto found = attribute.u8();
  if (found)
    fact.destination_port = static_cast<std::uint16_t>(fact.destination_port | *found << Shift);
  return found.has_value();
}

constexpr Fields<RawTuple, CTA_IP_MAX> kAddresses({
    {CTA_IP_V4_SRC, address<&RawTuple::source>},
    {CTA_IP_V4_DST, address<&RawTuple::destination>},
    {CTA_IP_V6_SRC, address<&RawTuple::source>},
    {CTA_IP_V6_DST, address<&RawTuple::destination>},
});

constexpr Fields<RawTuple, CTA_PROTO_MAX> kPorts({
    {CTA_PROTO_NUM, number<&RawTuple::protocol>},
    {CTA_PROTO_SRC_PORT, be_number<&RawTuple::source_port>},
    {CTA_PROTO_DST_PORT, be_number<&RawTuple::destination_port>},
    {CTA_PROTO_ICMP_ID, be_number<&RawTuple::source_port>},
    {CTA_PROTO_ICMP_TYPE, icmp_byte<8>},
    {CTA_PROTO_ICMP_CODE, icmp_byte<0>},
    {CTA_PROTO_ICMPV6_ID, be_number<&RawTuple::source_port>},
    {CTA_PROTO_ICMPV6_TYPE, icmp_byte<8>},
    {CTA_PROTO_ICMPV6_CODE, icmp_byte<0>},
});

constexpr Fields<RawTuple, CTA_TUPLE_MAX> kTuple({
    {CTA_TUPLE_IP, nested<&kAddresses>},
    {CTA_TUPLE_PROTO, nested<&kPorts>},
});

template <auto Member>
bool tuple(Connection& fact, const Attribute& attribute) {
  RawTuple read;
  const bool good = kTuple.read(attribute.nested(), read);
  fact.protocol = read.protocol;
  fact.*Member = read;
  return good;
}

template <auto Member>
bool traffic(Connection& fact, const Attribute& attribute) {
  static constexpr Fields<model::Traffic, CTA_COUNTERS_MAX> kTraffic({
      {CTA_COUNTERS_PACKETS, be_number<&model::Traffic::packets>},
      {CTA_COUNTERS_BYTES, be_number<&model::Traffic::bytes>},
  });
  return kTraffic.read(attribute.nested(), (fact.*Member).emplace());
}

template <const auto& Names, std::uint16_t State>
bool state(Connection& fact, const Attribute& attribute) {
  static constexpr Fields<Connection, State> kState({
      {State, named<&Connection::state, std::uint8_t, Names>},
  });
  return kState.read(attribute.nested(), fact);
}

bool protocol_state(Connection& fact, const Attribute& attribute) {
  static constexpr Fields<Connection, CTA_PROTOINFO_MAX> kProtocols({
      {CTA_PROTOINFO_TCP, state<kTcpStates, CTA_PROTOINFO_TCP_STATE>},
      {CTA_PROTOINFO_DCCP, state<kDccpStates, CTA_PROTOINFO_DCCP_STATE>},
      {CTA_PROTOINFO_SCTP, state<kSctpStates, CTA_PROTOINFO_SCTP_STATE>},
  });
  return kProtocols.read(attribute.nested(), fact);
}

bool helper(Connection& fact, const Attribute& attribute) {
  const auto name = attribute.nested().find(CTA_HELP_NAME);
  if (name) fact.helper = clean_text(name->text());
  return true;
}

bool started(Connection& fact, const Attribute& attribute) {
  const auto start = attribute.nested().find(CTA_TIMESTAMP_START);
  const auto found = start ? start->u64() : std::nullopt;
  if (found) fact.started_ns = static_cast<std::int64_t>(from_be(*found));
  return true;
}

// The kernel sends a mark of zero too; it means none.
bool mark(Connection& fact, const Attribute& attribute) {
  const auto found = attribute.be32();
  if (found && *found != 0) fact.mark = *found;
  return found.has_value();
}

constexpr Fields<Connection, CTA_MAX> kFields({
    {CTA_TUPLE_ORIG, tuple<&Connection::original>},
    {CTA_TUPLE_REPLY, tuple<&Connection::reply>},
    {CTA_STATUS, be_number<&Connection::status>},
    {CTA_PROTOINFO, protocol_state},
    {CTA_HELP, helper},
    {CTA_TIMEOUT, be_number<&Connection::timeout_s>},
    {CTA_MARK, mark},
    {CTA_COUNTERS_ORIG, traffic<&Connection::sent>},
    {CTA_COUNTERS_REPLY, traffic<&Connection::received>},
    {CTA_ID, be_number<&Connection::id>},
    {CTA_ZONE, be_number<&Connection::zone>},
    {CTA_TIMESTAMP, started},
});

std::optional<Connection> parse(Reading& reading, const netlink::Message& message) {
  if (message.type() != type_of(IPCTNL_MSG_CT_NEW)) return std::nullopt;
  Connection fact;
  // The protocol is said of both directions, the original's first: they have the same.
  if (!kFields.read(message.attributes(sizeof(nfgenmsg)), fact))
    return malformed(reading, "conntrack");
  return fact;
}

// How many connections the namespace has; where the kernel does not say, some.
std::uint32_t count(Reading& reading) {
  std::uint32_t entries = 1;
  netlink::Request request(type_of(IPCTNL_MSG_CT_GET_STATS), 0, nfgenmsg{});
  const auto failure =
      netlink::get(reading.netfilter, std::move(request), [&](const netlink::Message& message) {
        const auto told = message.attributes(sizeof(nfgenmsg)).find(CTA_STATS_GLOBAL_ENTRIES);
        if (told) entries = told->be32().value_or(1);
      });
  return failure ? 1 : entries;
}

}  // namespace

std::size_t collect_conntrack(Reading& reading) {
  if (!reading.abilities.conntrack || count(reading) == 0) return 0;
  return dump_into(reading, reading.netfilter, "conntrack",
                   netlink::Request(type_of(IPCTNL_MSG_CT_GET), 0, nfgenmsg{}),
                   reading.ns.conntrack,
                   [&](const netlink::Message& message) { return parse(reading, message); },
                   {EOPNOTSUPP, EINVAL});
}

}  // namespace nsmap::collect
