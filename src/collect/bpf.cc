#include <fmt/format.h>
#include <linux/pkt_cls.h>
#include <linux/pkt_sched.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <string_view>
#include <system_error>

#include "collect/collectors.h"
#include "collect/fields.h"

// Filters of tc, BPF programs among them, and BPF programs attached straight to a device (tcx).
//
// For filters, one dump of the queueing disciplines tells which devices have a hook for them at all
// (clsact, or the older ingress); only those are asked. Netlink does not tell of tcx, bpf(2)
// does, with two calls a device: spared where no program of that kind is loaded on the whole host.

namespace nsmap::collect {
namespace {

using model::BpfProgram;
using netlink::Attribute;
using netlink::Attributes;
using std::uint32_t;

constexpr std::string_view kSource = "bpf";

// An end of a device where filters hang. The ingress qdisc answers for the parent that clsact has
// for ingress too (net/sched/sch_ingress.c ingress_find).
struct Hook {
  const char* mode;
  uint32_t parent;
  bool clsact_only;
};

constexpr Hook kHooks[] = {
    {"ingress", TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_INGRESS), false},
    {"egress", TC_H_MAKE(TC_H_CLSACT, TC_H_MIN_EGRESS), true},
};

struct HookedDevice {
  IfIndex index;
  bool clsact = false;
};

struct TcMessage {
  std::string_view kind;
  Attributes options;
  BpfProgram program{"tc", {}, {}, {}};
};

bool kind(TcMessage& message, const Attribute& attribute) {
  message.kind = attribute.text();
  return true;
}
bool program_id(TcMessage& message, const Attribute& attribute) {
  message.program.id = attribute.u32();
  return message.program.id.has_value();
}
bool program_name(TcMessage& message, const Attribute& attribute) {
  message.program.name = clean_text(attribute.text());
  return true;
}

constexpr Fields<TcMessage, TCA_MAX> kTc({
    {TCA_KIND, kind},
    {TCA_OPTIONS, nest<&TcMessage::options>},
});

constexpr Fields<TcMessage, TCA_BPF_MAX> kBpfOptions({
    {TCA_BPF_NAME, program_name},
    {TCA_BPF_ID, program_id},
});

// The family header and attributes of a message. False: part of it is not what it should be.
bool read_message(const netlink::Message& message, tcmsg& header, TcMessage& tc) {
  const auto found = message.family_header<tcmsg>();
  if (!found) return false;
  header = *found;
  return kTc.read(message.attributes(sizeof(tcmsg)), tc);
}

void report_malformed(Reading& reading, const char* what, int index) {
  reading.report.add(
      kSource, fmt::format("reading {} of link {}: the kernel's message is malformed", what, index),
      0, reading.ns.id);
}

std::optional<HookedDevice> parse_qdisc(Reading& reading, const netlink::Message& message) {
  if (message.type() != RTM_NEWQDISC) return std::nullopt;
  tcmsg header{};
  TcMessage tc;
  if (!read_message(message, header, tc))
    report_malformed(reading, "the qdiscs", header.tcm_ifindex);
  if (tc.kind != "clsact" && tc.kind != "ingress") return std::nullopt;
  return HookedDevice{IfIndex(header.tcm_ifindex), tc.kind == "clsact"};
}

// A filter: one of kind bpf has a program, of others the kind is all that is kept.
struct Found {
  BpfProgram program;
  std::string kind = {};  // empty: bpf
};

// Before the filters of a priority comes the priority itself, as a filter without a handle
// (net/sched/cls_api.c tcf_chain_dump).
std::optional<Found> parse_filter(Reading& reading, const netlink::Message& message, IfIndex device,
                                  const char* mode) {
  if (message.type() != RTM_NEWTFILTER) return std::nullopt;
  tcmsg header{};
  TcMessage tc;
  bool good = read_message(message, header, tc);
  const bool is_filter = header.tcm_handle != 0 && !tc.kind.empty();
  const bool is_program = tc.kind == "bpf";
  if (is_filter && is_program) good = kBpfOptions.read(tc.options, tc) && good;
  if (!good) report_malformed(reading, "the filters", device.value);
  if (!is_filter) return std::nullopt;
  tc.program.mode = mode;
  return Found{std::move(tc.program), is_program ? "" : clean_text(tc.kind)};
}

std::vector<Found> filters_of(Reading& reading, const HookedDevice& device) {
  std::vector<Found> filters;
  for (const Hook& hook : kHooks) {
    if (hook.clsact_only && !device.clsact) continue;
    tcmsg header{};
    header.tcm_ifindex = device.index.value;
    header.tcm_parent = hook.parent;
    // The device or its qdisc may be gone since it was listed.
    dump_into(reading, reading.route, kSource, netlink::Request(RTM_GETTFILTER, 0, header), filters,
              [&](const auto& message) {
                return parse_filter(reading, message, device.index, hook.mode);
              },
              {ENODEV, EINVAL, ENOENT});
  }
  return filters;
}

std::size_t put(std::vector<Found> filters, model::Link& link) {
  const std::size_t before = link.bpf.size() + link.filters.size();
  for (Found& found : filters) {
    model::TcFilter other{found.program.mode, std::move(found.kind)};
    if (other.kind.empty())
      link.bpf.push_back(std::move(found.program));
    else if (std::ranges::find(link.filters, other) == link.filters.end())
      link.filters.push_back(std::move(other));
  }
  return link.bpf.size() + link.filters.size() - before;
}

// The links in the order of their indices, to find each in.
std::vector<model::Link*> links_by_index(model::Namespace& ns) {
  std::vector<model::Link*> links;
  for (model::Link& link : ns.links) links.push_back(&link);
  std::sort(links.begin(), links.end(),
            [](const auto* a, const auto* b) { return a->index < b->index; });
  return links;
}

// Adds the filters of tc.
std::size_t read_filters(Reading& reading) {
  std::vector<HookedDevice> devices;
  // A kernel without packet schedulers (CONFIG_NET_SCHED) knows no such request.
  dump_into(reading, reading.route, kSource, netlink::Request(RTM_GETQDISC, 0, tcmsg{}), devices,
            [&](const auto& message) { return parse_qdisc(reading, message); }, {EOPNOTSUPP});
  if (devices.empty()) return 0;

  const auto links = links_by_index(reading.ns);
  std::size_t found = 0;
  for (const HookedDevice& device : devices) {
    const auto link = std::lower_bound(
        links.begin(), links.end(), device.index,
        [](const auto* candidate, IfIndex index) { return candidate->index < index; });
    if (link == links.end() || (*link)->index != device.index) continue;
    found += put(filters_of(reading, device), **link);
  }
  return found;
}

// enum bpf_attach_type of linux/bpf.h, Linux 6.6.
constexpr std::pair<int, const char*> kTcx[] = {{46, "ingress"}, {47, "egress"}};

// Adds the programs attached to a device itself; the errno where the kernel does not tell.
int read_tcx(os::Kernel& kernel, model::Link& link, std::size_t& found) {
  for (const auto& [type, mode] : kTcx) {
    const auto ids = kernel.bpf_programs(type, link.index);
    if (!ids && ids.error().value != ENODEV) return ids.error().value;
    if (!ids) return 0;  // the device is gone since it was listed
    for (const uint32_t id : *ids) link.bpf.push_back({"tcx", mode, id, {}});
    found += ids->size();
  }
  return 0;
}

// One device tells whether the kernel answers at all: EINVAL and ENOSYS are kernels that have none.
std::size_t read_all_tcx(Reading& reading) {
  std::size_t found = 0;
  for (model::Link& link : reading.ns.links) {
    const int error = read_tcx(reading.kernel, link, found);
    if (error == 0) continue;
    if (error == EPERM)
      reading.report.count({std::string(kSource), 0, 0, 1, 0, 0});
    else if (error != EINVAL && error != ENOSYS)
      reading.report.add(kSource,
                         "reading the tcx programs of " + link.name + ": " +
                             std::generic_category().message(error),
                         error, reading.ns.id);
    break;
  }
  return found;
}

}  // namespace

std::size_t collect_bpf(Reading& reading) {
  const std::size_t filters = read_filters(reading);
  return filters + (reading.abilities.tcx ? read_all_tcx(reading) : 0);
}

}  // namespace nsmap::collect
