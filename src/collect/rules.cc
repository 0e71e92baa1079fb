#include <linux/fib_rules.h>
#include <linux/rtnetlink.h>

#include "collect/collectors.h"
#include "collect/fields.h"
#include "collect/names.h"

namespace nsmap::collect {
namespace {

// A rule and the addresses whose lengths are in its header.
struct RawRule : model::Rule {
  std::optional<IpAddress> from;
  std::optional<IpAddress> to;
};

template <auto Member, typename Raw>
bool range(RawRule& fact, const netlink::Attribute& attribute) {
  const auto found = attribute.as<Raw>();
  if (found) fact.*Member = model::Range{found->start, found->end};
  return found.has_value();
}

// The kernel sends these two always, as -1 where a rule has none (net/core/fib_rules.c
// fib_nl_fill_rule).
template <auto Member>
bool unless_minus_one(RawRule& fact, const netlink::Attribute& attribute) {
  const auto found = attribute.s32();
  if (found && *found != -1) fact.*Member = *found;
  return found.has_value();
}

bool read_l3mdev(RawRule& fact, const netlink::Attribute& attribute) {
  fact.l3mdev = attribute.u8().value_or(0) != 0;
  return attribute.u8().has_value();
}

bool read_protocol(RawRule& fact, const netlink::Attribute& attribute) {
  const auto found = attribute.u8();
  if (found) fact.protocol = route_protocol_name(*found);
  return found.has_value();
}

constexpr Fields<RawRule, FRA_MAX> kFields({
    {FRA_SRC, address<&RawRule::from>},
    {FRA_DST, address<&RawRule::to>},
    {FRA_PRIORITY, number<&RawRule::priority>},
    {FRA_TABLE, number<&RawRule::table>},
    {FRA_GOTO, number<&RawRule::goto_priority>},
    {FRA_IIFNAME, text<&RawRule::iif>},
    {FRA_OIFNAME, text<&RawRule::oif>},
    {FRA_FWMARK, number<&RawRule::fwmark>},
    {FRA_FWMASK, number<&RawRule::fwmask>},
    {FRA_UID_RANGE, range<&RawRule::uids, fib_rule_uid_range>},
    {FRA_IP_PROTO, number<&RawRule::ip_protocol>},
    {FRA_SPORT_RANGE, range<&RawRule::sports, fib_rule_port_range>},
    {FRA_DPORT_RANGE, range<&RawRule::dports, fib_rule_port_range>},
    {FRA_TUN_ID, be_number<&RawRule::tunnel_id>},
    {FRA_L3MDEV, read_l3mdev},
    {FRA_SUPPRESS_PREFIXLEN, unless_minus_one<&RawRule::suppress_prefix_length>},
    {FRA_SUPPRESS_IFGROUP, unless_minus_one<&RawRule::suppress_group>},
    {FRA_PROTOCOL, read_protocol},
});

std::optional<model::Rule> parse(Reading& reading, const netlink::Message& message) {
  const auto header = message.family_header<fib_rule_hdr>();
  if (!header) return malformed(reading, "rules");
  const auto family = ip_family(header->family);
  if (message.type() != RTM_NEWRULE || !family) return std::nullopt;  // multicast routing has rules
  RawRule fact;
  fact.family = *family;
  fact.action = rule_action_name(header->action);
  fact.table = TableId(header->table);  // FRA_TABLE where it does not fit the byte
  fact.tos = header->tos;
  fact.invert = (header->flags & FIB_RULE_INVERT) != 0;
  if (!kFields.read(message.attributes(sizeof(fib_rule_hdr)), fact))
    return malformed(reading, "rules");
  if (fact.from) fact.src = Prefix{*fact.from, header->src_len};
  if (fact.to) fact.dst = Prefix{*fact.to, header->dst_len};
  if (fact.fwmask && !fact.fwmark) fact.fwmark = 0;  // the kernel leaves a mark of zero out
  return std::move(static_cast<model::Rule&>(fact));
}

}  // namespace

std::size_t collect_rules(Reading& reading) {
  return dump_into(reading, reading.route, "rules",
                   netlink::Request(RTM_GETRULE, 0, fib_rule_hdr{}), reading.ns.rules,
                   [&](const netlink::Message& message) { return parse(reading, message); },
                   {EOPNOTSUPP, EAFNOSUPPORT});
}

}  // namespace nsmap::collect
