#include "analyze/rule_writers.h"

#include <algorithm>
#include <charconv>
#include <iterator>
#include <string_view>
#include <variant>

namespace nsmap::analyze {
namespace {

using namespace model::firewall;
using model::PacketField;

// What of a ruleset tells its writer.
enum class Mark {
  table,      // its own table
  chain,      // a chain's name
  own_chain,  // a chain's name, in a table of the writer's own
  comment,    // a rule's
  interface,  // that a rule names
  packet,     // a mark, in hexadecimal, that a rule looks for or sets
};

// What else the mark tells.
enum class Detail {
  none,
  rest,  // what the first star stands for
  word,  // its first word
  zone,  // what the first star stands for, without firewalld's endings
  id,    // what stands in quotes after `id: `
};

struct Row {
  std::string_view writer;
  Mark mark;
  std::string_view pattern;  // a star stands for any text
  Detail detail = Detail::none;
};

// The first that fits counts.
constexpr Row kRows[] = {
    {"docker", Mark::table, "docker-bridges"},
    {"docker", Mark::chain, "DOCKER"},
    {"docker", Mark::chain, "DOCKER-*"},
    {"docker", Mark::chain, "DOCKER_*"},
    {"docker", Mark::interface, "docker0"},
    {"docker", Mark::interface, "docker_gwbridge"},
    {"docker", Mark::interface, "br-????????????"},
    {"podman", Mark::table, "netavark"},
    {"podman", Mark::chain, "NETAVARK*"},
    {"podman", Mark::interface, "podman*"},
    {"kube-router", Mark::chain, "KUBE-ROUTER-*"},
    {"kube-router", Mark::chain, "KUBE-NWPLCY-*"},
    {"kube-router", Mark::chain, "KUBE-POD-FW-*"},
    {"kubelet", Mark::chain, "KUBE-KUBELET-CANARY"},
    {"kubelet", Mark::chain, "KUBE-FIREWALL"},
    {"kubelet", Mark::chain, "KUBE-IPTABLES-HINT"},
    {"kube-proxy", Mark::table, "kube-proxy"},
    {"kube-proxy", Mark::chain, "KUBE-*"},
    {"kube-proxy", Mark::comment, "kubernetes *"},
    {"kube-proxy", Mark::comment, "masquerade traffic for */*"},
    {"kube-proxy", Mark::comment, "*/*:* cluster IP", Detail::word},
    {"kube-proxy", Mark::comment, "*/* cluster IP", Detail::word},
    {"kube-proxy", Mark::comment, "*/*:* has no endpoints*", Detail::word},
    {"cni", Mark::table, "cni_hostport"},
    {"cni", Mark::table, "cni_plugins_masquerade"},
    {"cni portmap", Mark::chain, "CNI-HOSTPORT-*"},
    {"cni portmap", Mark::chain, "CNI-DN-*"},
    {"cni portmap", Mark::chain, "CNI-SN-*"},
    {"cni firewall", Mark::chain, "CNI-FORWARD"},
    {"cni firewall", Mark::chain, "CNI-ADMIN"},
    {"cni firewall", Mark::chain, "CNI-ISOLATION-*"},
    {"cni portmap", Mark::comment, "dnat name: \"*\" id: \"*\"", Detail::id},
    {"cni portmap", Mark::comment, "CNI portfwd *"},
    {"cni firewall", Mark::comment, "CNI firewall plugin *"},
    {"cni bridge", Mark::comment, "name: \"*\" id: \"*\"", Detail::id},
    {"cni bridge", Mark::chain, "CNI-*"},
    {"calico", Mark::table, "calico"},
    {"calico", Mark::chain, "cali-*"},
    {"calico", Mark::comment, "cali:*"},
    {"calico", Mark::interface, "cali*"},
    {"cilium", Mark::chain, "CILIUM_*"},
    {"cilium", Mark::chain, "OLD_CILIUM_*"},
    {"cilium", Mark::comment, "cilium: *"},
    {"flannel", Mark::table, "flannel-ipv?"},
    {"flannel", Mark::chain, "FLANNEL-*"},
    {"flannel", Mark::comment, "flanneld *"},
    {"antrea", Mark::table, "antrea*"},
    {"antrea", Mark::chain, "ANTREA-*"},
    {"weave", Mark::chain, "WEAVE*"},
    {"istio", Mark::table, "istio-*"},
    {"istio", Mark::chain, "ISTIO_*"},
    {"linkerd", Mark::chain, "PROXY_INIT_*"},
    {"firewalld", Mark::table, "firewalld"},
    {"firewalld", Mark::table, "firewalld_policy_drop"},
    {"firewalld", Mark::own_chain, "*_IN_*", Detail::zone},
    {"firewalld", Mark::own_chain, "*_FWD_*", Detail::zone},
    {"firewalld", Mark::own_chain, "*_PRE_*", Detail::zone},
    {"firewalld", Mark::own_chain, "*_POST_*", Detail::zone},
    {"firewalld", Mark::chain, "INPUT_ZONES*"},
    {"firewalld", Mark::chain, "FORWARD_*_ZONES*"},
    {"firewalld", Mark::chain, "IN_*", Detail::zone},
    {"firewalld", Mark::chain, "FWD?_*", Detail::zone},
    {"ufw", Mark::chain, "ufw-*"},
    {"ufw", Mark::chain, "ufw6-*"},
    {"libvirt", Mark::table, "libvirt_network"},
    {"libvirt", Mark::chain, "LIBVIRT_*"},
    {"libvirt", Mark::interface, "virbr*"},
    {"lxd", Mark::table, "lxd"},
    {"lxd", Mark::comment, "generated for LXD network *", Detail::rest},
    {"lxd", Mark::interface, "lxdbr*"},
    {"incus", Mark::table, "incus"},
    {"incus", Mark::comment, "generated for Incus network *", Detail::rest},
    {"incus", Mark::interface, "incusbr*"},
    {"lxc", Mark::table, "lxc"},
    {"lxc", Mark::interface, "lxcbr0"},
    {"fail2ban", Mark::table, "f2b-table"},
    {"fail2ban", Mark::chain, "f2b-*", Detail::rest},
    {"fail2ban", Mark::chain, "fail2ban-*", Detail::rest},
    {"crowdsec", Mark::table, "crowdsec*"},
    {"crowdsec", Mark::chain, "CROWDSEC_*"},
    {"sshguard", Mark::table, "sshguard"},
    {"nsmap", Mark::table, "nsmap"},
    {"systemd", Mark::table, "io.systemd.nat"},
    {"networkmanager", Mark::table, "nm-shared-*", Detail::rest},
    {"networkmanager", Mark::chain, "nm-sh-*"},
    {"tailscale", Mark::chain, "ts-*"},
    {"tailscale", Mark::interface, "tailscale*"},
    {"tailscale", Mark::packet, "40000"},
    {"netbird", Mark::table, "netbird"},
    {"netbird", Mark::chain, "NETBIRD-*"},
    {"wg-quick", Mark::table, "wg-quick-*", Detail::rest},
    {"wg-quick", Mark::comment, "wg-quick(8) rule for *", Detail::rest},
    {"mullvad", Mark::table, "mullvad"},
    {"fw4", Mark::table, "fw4"},
    {"miniupnpd", Mark::table, "miniupnpd"},
    {"miniupnpd", Mark::chain, "MINIUPNPD*"},
    {"sshuttle", Mark::table, "sshuttle-*"},
    {"sshuttle", Mark::chain, "sshuttle-*"},
    {"kube-proxy", Mark::packet, "4000"},
    {"cni portmap", Mark::packet, "2000"},
};

// Chains that a program makes for the rules of others.
constexpr std::string_view kForOthers[] = {"DOCKER-USER", "CNI-ADMIN", "ufw-user-input",
                                           "ufw-before-input"};

// Whether the text is of the pattern: a star stands for any text, a question mark for a character.
bool fits(std::string_view pattern, std::string_view text) {
  std::size_t at = 0, next = 0, star = pattern.npos, from = 0;
  while (at < text.size()) {
    if (next < pattern.size() && pattern[next] == '*') {
      star = next++;
      from = at;
    } else if (next < pattern.size() && (pattern[next] == '?' || pattern[next] == text[at])) {
      ++next, ++at;
    } else if (star != pattern.npos) {
      next = star + 1;
      at = ++from;
    } else {
      return false;
    }
  }
  return pattern.find_first_not_of('*', next) == pattern.npos;
}

// What stands for the first star of a pattern with one, or after the part before the second.
std::string_view rest(const Row& row, std::string_view text) {
  const auto star = row.pattern.find('*');
  if (star != 0) return text.substr(std::min(star, text.size()));
  const std::string_view middle = row.pattern.substr(1, row.pattern.rfind('*') - 1);
  const auto at = text.find(middle);
  return at == text.npos ? text : text.substr(at + middle.size());
}

std::string_view zone(std::string_view text) {
  for (const std::string_view ending : {"_pre", "_log", "_deny", "_allow", "_post"})
    if (text.ends_with(ending)) text.remove_suffix(ending.size());
  return text;
}

std::string_view identity(std::string_view text) {
  constexpr std::string_view kBefore = "id: \"";
  const auto at = text.find(kBefore);
  if (at == text.npos) return {};
  text.remove_prefix(at + kBefore.size());
  return text.substr(0, text.find('"'));
}

std::string detail(const Row& row, std::string_view text) {
  switch (row.detail) {
    case Detail::none:
      return {};
    case Detail::rest:
      return std::string(rest(row, text));
    case Detail::word:
      return std::string(text.substr(0, text.find(' ')));
    case Detail::zone:
      return std::string(zone(rest(row, text)));
    case Detail::id:
      return std::string(identity(text));
  }
  return {};
}

const Row* row_for(Mark mark, std::string_view text) {
  const auto found = std::ranges::find_if(
      kRows, [&](const Row& row) { return row.mark == mark && fits(row.pattern, text); });
  return text.empty() || found == std::end(kRows) ? nullptr : &*found;
}

// A table that iptables' users have in common.
bool is_shared(const Table& table) {
  constexpr std::string_view kNames[] = {"raw", "mangle", "nat", "filter", "security", "broute"};
  return table.backend == Backend::x_tables ||
         std::ranges::find(kNames, table.name) != std::end(kNames);
}

bool is_for_others(const Chain& chain) {
  return std::ranges::find(kForOthers, chain.name) != std::end(kForOthers);
}

// The whole name that a match wants of an interface, or how it begins.
std::string_view interface_of(const Match& match) {
  const auto* field = std::get_if<PacketField>(&match.left);
  if (!field || (*field != PacketField::meta_iifname && *field != PacketField::meta_oifname))
    return {};
  const std::string_view text(reinterpret_cast<const char*>(match.right.data()),
                              match.right.size());
  return text.substr(0, text.find('\0'));
}

std::string mark_of(const Statement& statement) {
  const auto hexadecimal = [](std::uint64_t value) {
    char digits[16];
    const auto end = std::to_chars(std::begin(digits), std::end(digits), value, 16).ptr;
    return std::string(digits, end);
  };
  const auto is_mark = [](const Value& value) {
    const auto* field = std::get_if<PacketField>(&value);
    return field && *field == PacketField::meta_mark;
  };
  if (const auto* match = std::get_if<Match>(&statement.action))
    return is_mark(match->left) ? hexadecimal(match->right.number()) : "";
  const auto* assign = std::get_if<Box<Assign>>(&statement.action);
  if (!assign || !is_mark((*assign)->to)) return {};
  if (const auto* constant = std::get_if<Octets>(&(*assign)->value))
    return hexadecimal(constant->number());
  const auto* bitwise = std::get_if<Box<Bitwise>>(&(*assign)->value);
  return bitwise ? hexadecimal((*bitwise)->flip.number()) : "";
}

// What a rule's own statements tell, which is never sure.
Writer by_statements(const Rule& rule) {
  for (const Statement& statement : rule.statements) {
    const auto* match = std::get_if<Match>(&statement.action);
    if (const Row* row = match ? row_for(Mark::interface, interface_of(*match)) : nullptr)
      return {std::string(row->writer), false, {}};
    if (const Row* row = row_for(Mark::packet, mark_of(statement)))
      return {std::string(row->writer), false, {}};
  }
  return {};
}

// "default/web:http" of a comment that is that or begins with it.
std::string service_of(std::string_view comment) {
  const std::string_view word = comment.substr(0, comment.find(' '));
  const bool named = word.find('/') != word.npos && word.find('/') != 0;
  return named ? std::string(word) : std::string();
}

}  // namespace

std::vector<std::string_view> known_writers() {
  std::vector<std::string_view> names;
  for (const Row& row : kRows) names.push_back(row.writer);
  std::ranges::sort(names);
  const auto rest = std::ranges::unique(names);
  names.erase(rest.begin(), rest.end());
  return names;
}

std::size_t known_beginning(std::string_view name) {
  const Row* row = row_for(Mark::table, name);
  if (!row) row = row_for(Mark::chain, name);
  return row ? std::min(row->pattern.find_first_of("*?"), name.size()) : 0;
}

bool is_known_comment(std::string_view comment) { return row_for(Mark::comment, comment); }

RuleWriters::RuleWriters(const Firewall& firewall) {
  for (const Table& table : firewall.tables) {
    jumps_.emplace(&table, TableJumps(table));
    if (!is_shared(table)) continue;
    for (const Chain& chain : table.chains)
      if (const Row* row = chain.hook ? nullptr : row_for(Mark::chain, chain.name))
        ++chains_[std::string(row->writer)];
  }
}

Writer RuleWriters::of(const Table& table) const {
  const Row* row = is_shared(table) ? nullptr : row_for(Mark::table, table.name);
  if (!row) return {kByHand, false, {}};
  return {std::string(row->writer), true, detail(*row, table.name)};
}

Writer RuleWriters::of(const ChainRef& ref) const {
  Writer writer = of(*ref.table);
  if (writer.sure) {
    const Row* row = row_for(Mark::own_chain, ref.chain->name);
    if (row && row->writer == writer.name) writer.of = detail(*row, ref.chain->name);
    return writer;
  }
  const Row* row = ref.chain->hook ? nullptr : row_for(Mark::chain, ref.chain->name);
  if (!row) return writer;
  const auto known = chains_.find(row->writer);
  const bool several = known != chains_.end() && known->second > 1;
  return {std::string(row->writer), several, detail(*row, ref.chain->name)};
}

// Who made a chain makes the rules that lead to it.
Writer RuleWriters::by_target(const ChainRef& ref, const Rule& rule) const {
  const auto found = jumps_.find(ref.table);
  if (found == jumps_.end()) return {};
  for (const Chain* target : found->second.of(rule))
    if (Writer writer = of(ChainRef{ref.table, target}); writer.name != kByHand) return writer;
  return {};
}

Writer RuleWriters::of(const ChainRef& ref, const Rule& rule) const {
  Writer writer = of(ref);
  const Row* row = row_for(Mark::comment, rule.comment);
  const bool own = writer.name != kByHand && !is_for_others(*ref.chain);
  if (own && writer.of.empty()) writer.of = row ? detail(*row, rule.comment) : "";
  if (own && writer.of.empty() && writer.name == "kube-proxy") writer.of = service_of(rule.comment);
  if (own && writer.name == "nsmap") writer.of = rule.comment;
  if (own) return writer;
  if (row) return {std::string(row->writer), true, detail(*row, rule.comment)};
  if (Writer target = by_target(ref, rule); !target.name.empty()) return target;
  if (Writer told = by_statements(rule); !told.name.empty()) return told;
  return {kByHand, false, {}};
}

}  // namespace nsmap::analyze
