#include "anonymise/texts.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "analyze/rule_writers.h"
#include "base/number.h"

namespace nsmap::anonymise {
namespace {

// Words that stay, whatever number follows them: nobody's in particular, and they tell what a thing
// is.
constexpr std::string_view kWords[] = {
    // Interfaces, as the kernel, Debian and container runtimes call them.
    "bond",
    "br",
    "brnf",
    "cali",
    "cilium",
    "cni",
    "docker",
    "dummy",
    "erspan",
    "eth",
    "flannel",
    "geneve",
    "gre",
    "gretap",
    "host",
    "hsr",
    "ib",
    "ifb",
    "ip",
    "ip6",
    "ip6gre",
    "ip6tnl",
    "ipip",
    "ipvs",
    "lo",
    "lxc",
    "lxcbr",
    "lxdbr",
    "macvlan",
    "net",
    "netkit",
    "nlmon",
    "ovs",
    "podman",
    "ppp",
    "sit",
    "tailscale",
    "tap",
    "team",
    "tun",
    "tunl",
    "usb",
    "veth",
    "virbr",
    "vlan",
    "vmbr",
    "vnet",
    "vrf",
    "vti",
    "vxlan",
    "wg",
    "wlan",
    "wwan",
    // Directories and systemd's units.
    "bin",
    "burstable",
    "besteffort",
    "cgroup",
    "containerd",
    "containers",
    "cri",
    "crio",
    "default",
    "dev",
    "etc",
    "fd",
    "fs",
    "guaranteed",
    "home",
    "init",
    "kubelet",
    "kubepods",
    "lib",
    "libpod",
    "local",
    "machine",
    "mnt",
    "netns",
    "ns",
    "opt",
    "overlay",
    "pod",
    "pods",
    "proc",
    "root",
    "run",
    "sandboxes",
    "sbin",
    "scope",
    "self",
    "service",
    "session",
    "sh",
    "slice",
    "snap",
    "sock",
    "socket",
    "srv",
    "storage",
    "sys",
    "system",
    "systemd",
    "task",
    "tmp",
    "user",
    "userns",
    "usr",
    "var",
    "volumes",
    // Programs that answer on a port for somebody else, and how they are told for whom.
    "passt",
    "port",
    "proto",
    "proxy",
    "rootlesskit",
    "rootlessport",
    "socketproxyd",
    // Networks and labels of runtimes.
    "bridge",
    "com",
    "compose",
    "container",
    "io",
    "k8s",
    "kube",
    "kubernetes",
    "moby",
    "none",
    "org",
    "pasta",
    "POD",
    "private",
    "sha",
    "slirp4netns",
};

// Words in names and comments of rules that stay: of iptables and nft, and of the programs that
// write rules (analyze/rule_writers.cc).
constexpr std::string_view kRuleWords[] = {
    // Tables, chains and sets.
    "INPUT", "OUTPUT", "FORWARD", "PREROUTING", "POSTROUTING", "BROUTING", "INGRESS", "EGRESS",
    "input", "output", "forward", "prerouting", "postrouting", "ingress", "egress", "filter", "nat",
    "mangle", "raw", "security", "broute", "dstnat", "srcnat", "set", "map", "LOG", "DROP",
    "REJECT", "ACCEPT", "log", "drop", "reject", "accept", "allow", "deny", "ipv",
    // Values of options.
    "NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED", "SYN", "ACK", "FIN", "RST", "PSH",
    "URG", "ALL", "NONE", "UNICAST", "LOCAL", "BROADCAST", "MULTICAST", "ANYCAST", "BLACKHOLE",
    "UNREACHABLE", "PROHIBIT", "src", "dst", "srcip", "dstip", "srcport", "dstport", "sec",
    "second", "min", "minute", "hour", "day", "upto", "above", "Mon", "Tue", "Wed", "Thu", "Fri",
    "Sat", "Sun",
    // Of programs.
    "ADMIN", "BRIDGE", "CANARY", "CT", "DN", "DNAT", "DOCKER", "EXT", "EXTERNAL", "FIREWALL", "FW",
    "FWD", "FWDI", "FWDO", "HINT", "HOSTPORT", "IN", "INTERNAL", "IPTABLES", "ISOLATION", "KUBE",
    "KUBELET", "MARK", "MASQ", "NETAVARK", "NODEPORTS", "NWPLCY", "OUT", "PRE", "POST", "PROXY",
    "ROUTER", "SEP", "SERVICES", "SETMARK", "SN", "SNAT", "STAGE", "SVC", "USER", "XLB", "ZONES",
    "after", "before", "direct", "from", "fwd", "in", "limit", "logging", "not", "out", "policy",
    "post", "pre", "skip", "to", "track", "ufw", "zones",
    // Members and options of ipsets.
    "tcp", "udp", "udplite", "sctp", "icmp", "icmpv6", "timeout", "comment", "counters", "packets",
    "bytes", "hashsize", "maxelem", "netmask", "bitmask", "family", "inet", "inet6", "range",
    "size", "skbinfo", "skbmark", "skbprio", "skbqueue", "nomatch", "forceadd", "markmask",
    "bucketsize", "initval",
    // Comments.
    "cluster", "IP", "id", "name", "dnat", "portfwd", "CNI", "plugin", "rules", "rule", "for",
    "has", "no", "endpoints", "traffic", "masquerade", "requiring", "destinations", "portals",
    "nodeports", "NOTE", "this", "must", "be", "the", "last", "chain", "kubernetes", "health",
    "check", "ports", "externally", "visible", "forwarding", "conntrack", "block", "incoming",
    "localnet", "connections", "generated", "network", "cilium", "flanneld", "flannel", "masq",
    "LXD", "Incus", "loadbalancer", "public", "trusted", "internal", "external", "dmz", "work"};

// Beginnings of interfaces' names that runtimes go on with characters of their own.
constexpr std::string_view kBeginnings[] = {"cali", "enx", "fwbr", "fwln", "fwpr", "lxc",
                                            "tap",  "tun", "veth", "vif",  "vnet", "wlx"};

constexpr std::size_t kLeastId = 12;  // hexadecimal digits of what is taken for an id
constexpr std::size_t kLongestId = 128;
constexpr std::size_t kMostNumber = 4;  // digits of the number at a word's end

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); }
bool is_any_hex(char c) { return is_hex(c) || (c >= 'A' && c <= 'F'); }
// Of a word: what is no ASCII is taken for a letter.
bool is_word(char c) {
  return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

template <typename Belongs>
std::size_t run_of(std::string_view text, const Belongs& belongs) {
  return static_cast<std::size_t>(std::ranges::find_if_not(text, belongs) - text.begin());
}

bool ends_word(std::string_view text, std::size_t at) {
  return at >= text.size() || !is_word(text[at]);
}

// The word without the short number at its end.
std::string_view base_of(std::string_view word) {
  std::size_t digits = 0;
  while (digits < word.size() && is_digit(word[word.size() - 1 - digits])) ++digits;
  if (digits > kMostNumber) return word;
  return word.substr(0, word.size() - digits);
}

// "enp3s0f1", "wlp2s0", "eno1": where the hardware is (systemd.net-naming-scheme(7)).
bool is_hardware(std::string_view word) {
  static constexpr std::string_view kTypes[] = {"en", "ib", "sl", "wl", "ww"};
  if (std::ranges::find(kTypes, word.substr(0, 2)) == std::end(kTypes)) return false;
  if (word.size() < 4 || std::string_view("bcopsv").find(word[2]) == word.npos) return false;
  return is_digit(word[3]) && std::ranges::all_of(word.substr(2), [](char c) {
           return is_digit(c) || std::string_view("bcdfinopsuv").find(c) != std::string_view::npos;
         });
}

std::string letters_of(const std::array<std::uint8_t, 32>& random, std::size_t size) {
  std::string text;
  for (std::size_t i = 0; i < size; ++i) text += static_cast<char>('a' + random[i] % 26);
  return text;
}

// Where the text's first blank is, or its end.
std::size_t to_blank(std::string_view text) {
  return std::min(text.find_first_of(" \t\n"), text.size());
}

}  // namespace

// What stands for a word: x and six more, or where another word has that already, twelve.
const std::string& Texts::stand_in(std::string_view word) {
  const auto [found, is_new] = stand_ins_.try_emplace(std::string(word));
  if (!is_new) return found->second;
  const auto random = scramble(key_, "word", word);
  for (const std::size_t size : {6u, 12u, 24u}) {
    found->second = "x" + letters_of(random, size);
    if (taken_.insert(found->second).second) break;
  }
  return found->second;
}

// Digit by digit, each turned into another as those before it say.
std::string Texts::hex(std::string_view digits) {
  const auto [known, is_new] = hex_.try_emplace(std::string(digits));
  if (!is_new) return known->second;
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const auto random = scramble(key_, "hex", digits.substr(0, i));
    const auto digit =
        static_cast<unsigned>(is_digit(digits[i]) ? digits[i] - '0' : digits[i] - 'a' + 10);
    text += "0123456789abcdef"[digit ^ (random[0] & 0xfu)];
  }
  return known->second = text;
}

std::string Texts::word(std::string_view word, In in) {
  if (word.size() >= kLeastId && word.size() <= kLongestId && std::ranges::all_of(word, is_hex))
    return hex(word);
  if (word.size() < kLeastId && std::ranges::all_of(word, is_digit)) return std::string(word);
  const std::string_view base = base_of(word);
  const std::string number(word.substr(base.size()));
  if (std::ranges::find(kWords, base) != std::end(kWords) || is_hardware(word))
    return std::string(word);
  if (in == In::rule && std::ranges::find(kRuleWords, base) != std::end(kRuleWords))
    return std::string(word);
  for (const std::string_view beginning : kBeginnings)
    if (base.starts_with(beginning) && std::ranges::any_of(word, is_digit))
      return std::string(beginning) + stand_in(word.substr(beginning.size()));
  const bool is_plain = std::ranges::none_of(base, is_digit);
  if (in == In::name) in_names_.emplace(base);
  if (in == In::message && is_plain && !in_names_.contains(std::string(base)))
    return std::string(word);
  return is_plain ? stand_in(base) + number : stand_in(word);
}

// "10.0.0.1", "10.0.0.0/8", "fd00::1", "02:42:ac:11:00:02"; the longest that is one.
Texts::Found Texts::address_at(std::string_view rest) {
  const auto belongs = [](char c) { return is_any_hex(c) || c == ':' || c == '.'; };
  constexpr std::size_t kMac = 17;  // characters
  if (rest.starts_with('.') || rest.starts_with(":::")) return {};
  if (rest.starts_with(':') && !rest.starts_with("::")) return {};
  constexpr std::size_t kLongest = 45;  // of an IPv6 address that ends in an IPv4 one
  for (std::size_t size = run_of(rest.substr(0, kLongest), belongs); size >= 2; --size) {
    if (!ends_word(rest, size)) continue;
    const std::string_view text = rest.substr(0, size);
    if (const auto mac = size == kMac ? Mac::parse(text) : std::nullopt)
      return {size, addresses_.of(*mac).text()};
    const auto address = IpAddress::parse(text);
    if (!address) continue;
    const std::size_t digits =
        rest.substr(size).starts_with('/') ? run_of(rest.substr(size + 1), is_digit) : 0;
    const std::size_t whole = digits == 0 ? size : size + 1 + digits;
    if (const auto prefix = Prefix::parse(rest.substr(0, whole)); prefix && ends_word(rest, whole))
      return {whole, addresses_.of(*prefix).text()};
    return {size, addresses_.of(*address).text()};
  }
  return {};
}

// "10-0-0-1" as in the names of hosts, "02-42-ac-11-00-02".
Texts::Found Texts::dashed_at(std::string_view rest) {
  constexpr std::size_t kLongest = 17;
  const std::size_t size =
      run_of(rest.substr(0, kLongest), [](char c) { return is_any_hex(c) || c == '-'; });
  if (!ends_word(rest, size)) return {};
  std::string text(rest.substr(0, size));
  const auto dashes = std::ranges::count(text, '-');
  if (dashes != 3 && dashes != 5) return {};
  std::ranges::replace(text, '-', dashes == 3 ? '.' : ':');
  std::string made;
  if (const auto address = IpAddress::parse(text); address && dashes == 3)
    made = addresses_.of(*address).text();
  else if (const auto mac = Mac::parse(text); mac && dashes == 5)
    made = addresses_.of(*mac).text();
  else
    return {};
  std::ranges::replace(made, dashes == 3 ? '.' : ':', '-');
  return {size, made};
}

// 8-4-4-4-12 hexadecimal digits, with - or, in systemd's units, _ between them.
Texts::Found Texts::uuid_at(std::string_view rest) {
  constexpr std::size_t kSize = 36;
  constexpr std::size_t kDashes[] = {8, 13, 18, 23};
  if (rest.size() < kSize || !ends_word(rest, kSize)) return {};
  std::string digits;
  for (std::size_t i = 0; i < kSize; ++i) {
    if (std::ranges::find(kDashes, i) == std::end(kDashes))
      digits += rest[i];
    else if (rest[i] != '-' && rest[i] != '_')
      return {};
  }
  if (!std::ranges::all_of(digits, is_hex)) return {};
  std::string text = hex(digits);
  for (const std::size_t i : kDashes) text.insert(i, 1, rest[i]);
  return {kSize, text};
}

Texts::Found Texts::word_at(std::string_view rest, In in) {
  const std::size_t size = run_of(rest, is_word);
  return size == 0 ? Found() : Found{size, word(rest.substr(0, size), in)};
}

// Begins nowhere but at the beginning of a word, or between words.
std::string Texts::replace(std::string_view text, In in) {
  std::string out;
  std::size_t blank = 0;  // behind the path or what else there is between blanks
  bool in_path = false;
  for (std::size_t at = 0; at < text.size();) {
    const std::string_view rest = text.substr(at);
    if (at >= blank) {
      blank = at + std::max<std::size_t>(1, to_blank(rest));
      in_path = rest.substr(0, blank - at).find('/') != rest.npos;
    }
    Found found = address_at(rest);
    if (found.size == 0) found = dashed_at(rest);
    if (found.size == 0) found = uuid_at(rest);
    if (found.size == 0) found = word_at(rest, in == In::message && in_path ? In::text : in);
    if (found.size == 0) found = {1, std::string(rest.substr(0, 1))};
    out += found.text;
    at += found.size;
  }
  return out;
}

std::string Texts::of(std::string_view text) { return replace(text, In::text); }
std::string Texts::of_name(std::string_view name) { return replace(name, In::name); }
std::string Texts::of_message(std::string_view text) { return replace(text, In::message); }

std::string Texts::of_rule(std::string_view name) {
  const std::size_t kept = analyze::known_beginning(name);
  return std::string(name.substr(0, kept)) + replace(name.substr(kept), In::rule);
}

std::string Texts::of_comment(std::string_view comment) {
  if (comment.empty()) return {};
  // kube-proxy's begin with "default/web:http".
  const bool service = comment.substr(0, to_blank(comment)).find('/', 1) != comment.npos;
  const bool known = service || analyze::is_known_comment(comment);
  return known ? replace(comment, In::rule) : stand_in(comment);
}

std::string Texts::of_options(std::string_view options) {
  std::string out;
  bool quoted = false;
  while (!options.empty()) {
    const std::size_t size = to_blank(options);
    const std::string_view word = options.substr(0, size);
    out += word.starts_with("--") && !quoted ? std::string(word) : replace(word, In::rule);
    quoted ^= std::ranges::count(word, '"') % 2 == 1;
    out += options.substr(size, 1);
    options.remove_prefix(std::min(size + 1, options.size()));
  }
  return out;
}

std::string Texts::of_sysctl(std::string_view name) {
  static constexpr std::string_view kPerInterface[] = {"net.ipv4.conf.", "net.ipv4.neigh.",
                                                       "net.ipv6.conf.", "net.ipv6.neigh."};
  for (const std::string_view beginning : kPerInterface) {
    const auto last = name.rfind('.');
    if (!name.starts_with(beginning) || last < beginning.size()) continue;
    const std::string_view interface = name.substr(beginning.size(), last - beginning.size());
    if (interface == "all" || interface == "default") break;
    return fmt::format("{}{}{}", beginning, of_name(interface), name.substr(last));
  }
  return std::string(name);
}

std::string Texts::mac_digits(std::string_view digits) {
  std::string text;
  for (std::size_t i = 0; i < digits.size(); ++i)
    text += (i != 0 && i % 2 == 0 ? ":" : "") + std::string(1, digits[i]);
  const auto mac = Mac::parse(text);
  if (!mac) return of(digits);
  text = addresses_.of(*mac).text();
  std::erase(text, ':');
  return text;
}

std::string Texts::of_bridge_id(std::string_view id) {
  const auto dot = id.find('.');
  if (dot == id.npos) return of(id);
  return fmt::format("{}.{}", id.substr(0, dot), mac_digits(id.substr(dot + 1)));
}

std::string Texts::of_sci(std::string_view sci) {
  constexpr std::size_t kMac = 12;  // digits
  return sci.size() < kMac ? of(sci)
                           : mac_digits(sci.substr(0, kMac)) + std::string(sci.substr(kMac));
}

}  // namespace nsmap::anonymise
