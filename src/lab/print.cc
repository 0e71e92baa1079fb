#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <tuple>
#include <unordered_map>

#include "base/text.h"
#include "lab/check.h"
#include "lab/file.h"
#include "lab/outline.h"

// A lab as a file. What stands where depends on the lab alone, not on the order of its links: each
// pair is told at one of its ends, and the links of a namespace come in an order for readers.

namespace nsmap::lab {
namespace {

// Whether names go up as people count: eth2 before eth10.
bool counts_before(std::string_view a, std::string_view b) {
  const auto digits = [](std::string_view text) {
    const auto end = text.find_first_not_of("0123456789");
    return text.substr(0, end);
  };
  while (!a.empty() && !b.empty()) {
    const auto x = digits(a);
    const auto y = digits(b);
    if (!x.empty() && !y.empty() && x != y) {
      // Leading zeros apart, the longer number is the larger.
      const auto p = x.substr(std::min(x.find_first_not_of('0'), x.size()));
      const auto q = y.substr(std::min(y.find_first_not_of('0'), y.size()));
      return std::tuple(p.size(), p, x.size()) < std::tuple(q.size(), q, y.size());
    }
    if (a.front() != b.front()) return a.front() < b.front();
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  return a.size() < b.size();
}

Outline number(std::uint64_t value) { return Outline::plain(std::to_string(value)); }

// A value in the largest unit that leaves it whole.
std::string in_unit(std::uint64_t value, std::initializer_list<std::string_view> units) {
  auto unit = units.begin();
  while (unit + 1 != units.end() && value != 0 && value % 1000 == 0) value /= 1000, ++unit;
  return std::to_string(value) + std::string(*unit);
}

Outline impairment(const Impairment& impair) {
  Outline out = Outline::map();
  const auto time = [](std::uint32_t us) { return Outline::plain(in_unit(us, {"us", "ms", "s"})); };
  if (impair.rate_bps)
    out.add("rate",
            Outline::plain(in_unit(*impair.rate_bps, {"bit", "kbit", "mbit", "gbit", "tbit"})));
  if (impair.delay_us) out.add("delay", time(*impair.delay_us));
  if (impair.jitter_us) out.add("jitter", time(*impair.jitter_us));
  if (impair.loss_percent) out.add("loss", Outline::text(fmt::format("{}%", *impair.loss_percent)));
  return out;
}

Outline addresses(const std::vector<Address>& all) {
  Outline out = Outline::list();
  for (const Address& address : all) {
    Outline text = Outline::text(Prefix{address.address, address.prefix}.text());
    if (!address.peer) {
      out.add(std::move(text));
      continue;
    }
    Outline pair = Outline::map();
    pair.add("address", std::move(text));
    pair.add("peer", Outline::text(address.peer->text()));
    out.add(std::move(pair));
  }
  return out;
}

Outline parent(const LinkName& name, const std::string& ns) {
  if (name.ns == ns) return Outline::text(name.link);
  Outline out = Outline::map();
  out.add("namespace", Outline::text(name.ns));
  out.add("name", Outline::text(name.link));
  return out;
}

// What both a link and a peer may say, after their kind and names.
void add_common(const Link& link, const std::string& ns, Outline& out) {
  for (const auto& [name, text] : link.settings) out.add(name, Outline::plain(text));
  if (link.parent) out.add("parent", parent(*link.parent, ns));
  if (!link.master.empty()) out.add("master", Outline::text(link.master));
  if (!link.up) out.add("up", Outline::plain("false"));
  if (link.mtu) out.add("mtu", number(*link.mtu));
  if (link.mac) out.add("mac", Outline::text(link.mac->text()));
  if (!link.addresses.empty()) out.add("addresses", addresses(link.addresses));
  if (link.impair) out.add("impair", impairment(*link.impair));
}

Outline route(const Route& route) {
  Outline out = Outline::map();
  const bool v6 = route.to.address.is_v6();
  const bool is_default = route.to == Prefix{IpAddress::any(v6), 0};
  const auto has_family = [](const Hop& hop) { return hop.via.has_value(); };
  const auto via = std::find_if(route.hops.begin(), route.hops.end(), has_family);
  const bool tells = route.src || (via != route.hops.end() && via->via->is_v6() == v6);
  out.add("to", Outline::text(is_default ? "default" : route.to.text()));
  if (is_default && !tells) out.add("family", Outline::plain(v6 ? "inet6" : "inet"));
  if (route.type != "unicast") out.add("type", Outline::text(route.type));
  const auto add_hop = [](const Hop& hop, Outline& to) {
    if (hop.via) to.add("via", Outline::text(hop.via->text()));
    if (!hop.dev.empty()) to.add("dev", Outline::text(hop.dev));
    if (hop.weight != 1) to.add("weight", number(hop.weight));
  };
  Outline hops = Outline::list();
  for (const Hop& hop : route.hops) add_hop(hop, hops.children.emplace_back().second);
  if (route.hops.size() == 1 && route.hops[0].weight == 1)
    add_hop(route.hops[0], out);
  else if (!hops.empty())
    out.add("hops", std::move(hops));
  if (route.src) out.add("src", Outline::text(route.src->text()));
  if (route.table != TableId(254)) out.add("table", number(route.table.value));
  if (route.metric) out.add("metric", number(*route.metric));
  return out;
}

Outline rule(const Rule& rule) {
  Outline out = Outline::map();
  out.add("priority", number(rule.priority));
  if (rule.v6 && !rule.from && !rule.to) out.add("family", Outline::plain("inet6"));
  if (rule.from) out.add("from", Outline::text(rule.from->text()));
  if (rule.to) out.add("to", Outline::text(rule.to->text()));
  if (!rule.iif.empty()) out.add("iif", Outline::text(rule.iif));
  if (!rule.oif.empty()) out.add("oif", Outline::text(rule.oif));
  if (rule.fwmark && rule.fwmask)
    out.add("fwmark", Outline::plain(fmt::format("{:#x}/{:#x}", *rule.fwmark, *rule.fwmask)));
  else if (rule.fwmark)
    out.add("fwmark", Outline::plain(fmt::format("{:#x}", *rule.fwmark)));
  if (rule.action != "lookup") out.add("action", Outline::text(rule.action));
  if (rule.action == "lookup") out.add("table", number(rule.table.value));
  return out;
}

template <typename T>
void add_list(const char* name, const std::vector<T>& all, Outline (*one)(const T&), Outline& out) {
  Outline list = Outline::list(true);
  for (const T& value : all) list.add(one(value));
  if (!list.empty()) out.add(name, std::move(list));
}

class Printing {
 public:
  explicit Printing(const Lab& lab) : checking_(lab) {}

  Outline lab() const {
    Outline namespaces = Outline::map(true);
    for (const Namespace& ns : checking_.lab().namespaces) namespaces.add(ns.name, whole(ns));
    Outline out = Outline::map(true);
    out.add("lab", Outline::text(checking_.lab().name));
    out.add("namespaces", std::move(namespaces));
    return out;
  }

 private:
  // Whether a pair is told at this end: the one without a master, else that of the namespace with
  // fewer links, which tends to be the leaf.
  bool tells_pair(const Namespace& ns, const Link& link) const {
    const Namespace* const other = checking_.ns(link.peer->ns);
    const Link* const peer = checking_.link(*link.peer);
    if (!other || !peer) return true;
    const auto key = [](const Namespace& at, const Link& end) {
      return std::tuple(!end.master.empty(), at.links.size(), at.name, end.name);
    };
    return key(ns, link) < key(*other, *peer);
  }

  Outline peer(const Link& link, const std::string& ns) const {
    Outline out = Outline::map();
    if (link.peer->ns != ns) out.add("namespace", Outline::text(link.peer->ns));
    out.add("name", Outline::text(link.peer->link));
    if (const Link* const other = checking_.link(*link.peer))
      add_common(*other, link.peer->ns, out);
    return out;
  }

  Outline link(const Link& link, const std::string& ns) const {
    Outline out = Outline::map();
    if (!link.peer || link.kind != "veth") out.add("kind", Outline::text(link.kind));
    if (link.peer) out.add("peer", peer(link, ns));
    add_common(link, ns, out);
    return out;
  }

  // What others stand on comes first.
  Outline links(const Namespace& ns) const {
    std::vector<const Link*> all;
    for (const Link& one : ns.links)
      if (!one.peer || tells_pair(ns, one)) all.push_back(&one);
    const auto rank = [](const Link& one) {
      const bool is_master = one.kind == "bridge" || one.kind == "bond" || one.kind == "vrf";
      return is_master ? 0 : one.parent ? 2 : 1;
    };
    std::stable_sort(all.begin(), all.end(), [&](const Link* a, const Link* b) {
      return rank(*a) != rank(*b) ? rank(*a) < rank(*b) : counts_before(a->name, b->name);
    });
    Outline out = Outline::map(true);
    for (const Link* const one : all) out.add(one->name, link(*one, ns.name));
    return out;
  }

  Outline whole(const Namespace& ns) const {
    Outline out = Outline::map(true);
    Outline sysctls = Outline::map();
    for (const Sysctl& sysctl : ns.sysctls) sysctls.add(sysctl.name, Outline::plain(sysctl.value));
    if (!sysctls.empty()) out.add("sysctls", std::move(sysctls));
    Outline all = links(ns);
    if (!all.empty()) out.add("links", std::move(all));
    add_list("routes", ns.routes, route, out);
    add_list("rules", ns.rules, rule, out);
    if (!ns.nftables.empty()) out.add("nftables", Outline::literal(ns.nftables));
    Outline run = Outline::map(true);
    for (const Process& process : ns.processes) {
      Outline command = Outline::list();
      for (const std::string& word : process.command) command.add(Outline::text(word));
      run.add(process.name, std::move(command));
    }
    if (!run.empty()) out.add("run", std::move(run));
    return out;
  }

  Checking checking_;
};

}  // namespace

std::string print(const Lab& lab, const std::vector<std::string>& remarks) {
  std::string out;
  for (const std::string& remark : remarks) out += "# " + terminal_text(remark) + '\n';
  return out + write(Printing(lab).lab());
}

}  // namespace nsmap::lab
