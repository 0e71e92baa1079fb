// route_oracle [--hosts N] [--questions M] [--seed S] [--minutes T]
//
// Holds the walk's routing against the kernel's: makes network namespaces with random links,
// addresses, settings, tables and policy rules, asks RTM_GETROUTE about random packets, and
// compares. Prints each disagreement with the seed that makes it again and the host as ip(8) makes
// it, and exits with 1 where there was one. With minutes, it goes on from host to host until they
// are over. Needs root; touches no namespace but its own.

#include <fmt/format.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <sched.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>
#include <string>
#include <thread>

#include "base/number.h"
#include "collect/collectors.h"
#include "collect/registry.h"
#include "netlink/request.h"
#include "os/kernel.h"
#include "walk/routing.h"

namespace {

using namespace nsmap;
using walk::Flow;
using walk::Routed;

// --- a random host -------------------------------------------------------------------------------

class Dice {
 public:
  explicit Dice(std::uint64_t seed) : engine_(seed) {}
  std::uint32_t below(std::uint32_t most) {
    return std::uniform_int_distribution<std::uint32_t>(0, most - 1)(engine_);
  }
  bool once_in(std::uint32_t times) { return below(times) == 0; }
  template <typename T, std::size_t N>
  const T& one_of(const T (&choices)[N]) {
    return choices[below(N)];
  }

 private:
  std::mt19937_64 engine_;
};

constexpr const char* kDevices[] = {"v0", "v1", "v2", "v3", "v4", "v5", "br0", "lo"};
constexpr const char* kTables[] = {"main", "main", "main", "100", "101", "102"};
constexpr std::uint32_t kUids[] = {0, 1000, 1001, 65534};

std::string address_v4(Dice& dice) {
  return fmt::format("10.{}.{}.{}", dice.below(dice.once_in(8) ? 4 : 3), dice.below(3),
                     1 + dice.below(6));
}
std::string address_v6(Dice& dice) {
  return fmt::format("2001:db8:{}:{}::{}", dice.below(dice.once_in(8) ? 4 : 3), dice.below(3),
                     1 + dice.below(6));
}

// A host: the lines of ip(8) that make it.
class Host {
 public:
  Host(Dice& dice, bool v6) : dice_(dice), v6_(v6) {}

  std::string make_links() {
    for (const int pair : {0, 2, 4}) line("link add v{} type veth peer name v{}", pair, pair + 1);
    line("link add br0 type bridge");
    for (const char* device : kDevices)
      if (!dice_.once_in(12) || std::string_view(device) == "lo") line("link set {} up", device);
    if (dice_.once_in(4)) line("link set v1 down");  // v0 loses its carrier
    return std::exchange(lines_, {});
  }

  std::string make_routes() {
    for (int count = 3 + static_cast<int>(dice_.below(6)); count > 0; --count) add_address();
    // Before the routes: which routers are local, the kernel tells when a route by them is made.
    if (!dice_.once_in(3))
      for (int count = static_cast<int>(dice_.below(8)); count > 0; --count) add_rule();
    if (dice_.once_in(3)) add_local();
    for (int count = static_cast<int>(dice_.below(25)); count > 0; --count) add_route();
    return std::move(lines_);
  }

 private:
  template <typename... Args>
  void line(fmt::format_string<Args...> format, Args&&... args) {
    lines_ += fmt::format(format, std::forward<Args>(args)...) + "\n";
  }

  std::string address() { return v6_ ? address_v6(dice_) : address_v4(dice_); }
  std::string prefix() {
    constexpr int kLengths4[] = {8, 16, 23, 24, 24, 24, 29, 30, 32, 32};
    constexpr int kLengths6[] = {32, 48, 64, 64, 64, 126, 128, 128};
    if (dice_.once_in(6)) return "default";
    const int length = v6_ ? dice_.one_of(kLengths6) : dice_.one_of(kLengths4);
    const auto whole = *IpAddress::parse(address());
    std::array<std::byte, 16> bytes{};
    for (int bit = 0; bit < length; ++bit)
      bytes[static_cast<std::size_t>(bit / 8)] |=
          whole.bytes()[static_cast<std::size_t>(bit / 8)] & std::byte(0x80 >> bit % 8);
    return Prefix{*IpAddress::from_bytes(Bytes(bytes).first(v6_ ? 16 : 4)),
                  static_cast<std::uint8_t>(length)}
        .text();
  }

  void add_address() {
    constexpr int kLengths4[] = {16, 24, 24, 24, 30, 32};
    constexpr int kLengths6[] = {48, 64, 64, 64, 128};
    const char* device = dice_.one_of(kDevices);
    if (v6_)
      line("addr add {}/{} dev {} nodad{}", address(), dice_.one_of(kLengths6), device,
           dice_.once_in(8) ? " preferred_lft 0" : "");
    else if (dice_.once_in(8))
      line("addr add {} peer {}/{} dev {}", address(), address(), dice_.one_of(kLengths4), device);
    else
      line("addr add {}/{} dev {}{}", address(), dice_.one_of(kLengths4), device,
           dice_.once_in(8) ? " scope link" : "");
  }

  std::string hop() {
    const char* device = dice_.one_of(kDevices);
    if (dice_.once_in(3)) return fmt::format("dev {}", device);
    if (dice_.once_in(2)) return fmt::format("via {} dev {} onlink", address(), device);
    return fmt::format("via {}", address());
  }

  void add_local() {
    // Not where routers are: which of them are local, the kernel tells when a route is made.
    line("route add local {} dev lo table {}", v6_ ? "2001:db8:3::/48" : "10.3.0.0/16",
         dice_.once_in(3) ? "main" : "local");
  }

  void add_route() {
    constexpr const char* kTypes[] = {"blackhole", "unreachable", "prohibit", "throw"};
    std::string hops;
    std::string text = fmt::format("route {} ", dice_.once_in(4) ? "append" : "add");
    if (dice_.once_in(6)) {
      text += fmt::format("{} {}", dice_.one_of(kTypes), prefix());
    } else if (dice_.once_in(5)) {
      text += prefix();
      for (int count = 2 + static_cast<int>(dice_.below(2)); count > 0; --count)
        hops += " nexthop " + hop();
    } else {
      text += prefix() + " " + hop();
    }
    if (text.find(" table ") == std::string::npos)
      text += fmt::format(" table {}", dice_.one_of(kTables));
    if (dice_.once_in(3)) text += fmt::format(" metric {}", 1 + dice_.below(3));
    if (!v6_ && dice_.once_in(6)) text += fmt::format(" tos {:#x}", 8 * dice_.below(3));
    if (dice_.once_in(6)) text += fmt::format(" src {}", address());
    lines_ += text + hops + "\n";
  }

  void add_rule() {
    std::string text = fmt::format("rule add pref {} ",
                                   dice_.once_in(5) ? 40000 + dice_.below(3) : dice_.below(9) * 10);
    if (dice_.once_in(5)) text += "not ";
    if (dice_.once_in(3)) text += fmt::format("from {} ", prefix());
    if (dice_.once_in(3)) text += fmt::format("to {} ", prefix());
    if (dice_.once_in(4)) text += fmt::format("iif {} ", dice_.one_of(kDevices));
    if (dice_.once_in(6)) text += fmt::format("oif {} ", dice_.one_of(kDevices));
    if (dice_.once_in(4)) text += fmt::format("fwmark {}/{} ", dice_.below(4), 1 + dice_.below(3));
    if (dice_.once_in(6)) text += "ipproto tcp ";
    if (dice_.once_in(6)) text += fmt::format("dport {}-{} ", 20 + dice_.below(2), 22);
    if (dice_.once_in(8)) text += "sport 1000-2000 ";
    if (dice_.once_in(6)) text += fmt::format("uidrange {}-{} ", dice_.below(2) * 1000, 1000);
    if (!v6_ && dice_.once_in(8)) text += "tos 0x10 ";
    lines_ += text + action() + "\n";
  }

  std::string action() {
    constexpr const char* kActions[] = {"unreachable", "prohibit", "blackhole"};
    if (dice_.once_in(8)) return dice_.one_of(kActions);
    if (dice_.once_in(8)) return fmt::format("goto {}", 32766);
    if (dice_.once_in(10)) return "nop";
    std::string text = fmt::format("table {}", dice_.one_of(kTables));
    if (dice_.once_in(4)) text += fmt::format(" suppress_prefixlength {}", dice_.below(2) * 24);
    return text;
  }

  Dice& dice_;
  bool v6_;
  std::string lines_;
};

// Lines that the kernel refuses are left out.
void run_ip(bool v6, const std::string& lines) {
  const auto command = fmt::format("ip {} -force -batch - >/dev/null 2>&1", v6 ? "-6" : "-4");
  std::FILE* const ip = ::popen(command.c_str(), "w");
  std::fwrite(lines.data(), 1, lines.size(), ip);
  ::pclose(ip);
}

void write_setting(const std::string& path, std::uint32_t value) {
  if (std::FILE* const file = std::fopen(("/proc/sys/net/" + path).c_str(), "w")) {
    fmt::print(file, "{}", value);
    std::fclose(file);
  }
}

void make_settings(Dice& dice) {
  write_setting("ipv4/ip_forward", dice.below(2));
  write_setting("ipv6/conf/all/forwarding", dice.below(2));
  write_setting("ipv4/conf/all/rp_filter", dice.once_in(3) ? dice.below(3) : 0);
  for (const char* device : kDevices) {
    const std::string at = fmt::format("ipv4/conf/{}/", device);
    write_setting(at + "rp_filter", dice.below(3));
    if (dice.once_in(3)) write_setting(at + "accept_local", 1);
    if (dice.once_in(4)) write_setting(at + "route_localnet", 1);
    if (dice.once_in(4)) write_setting(at + "src_valid_mark", 1);
    if (dice.once_in(4)) write_setting(at + "ignore_routes_with_linkdown", 1);
    if (dice.once_in(4))
      write_setting(fmt::format("ipv6/conf/{}/ignore_routes_with_linkdown", device), 1);
    if (dice.once_in(6)) write_setting(at + "forwarding", 0);
  }
}

// --- a question ----------------------------------------------------------------------------------

Flow random_flow(Dice& dice, bool v6, const model::Namespace& ns) {
  const auto address = [&] {
    constexpr const char* kOdd4[] = {"127.0.0.1",       "127.0.0.5",  "224.0.0.1",
                                     "255.255.255.255", "10.0.0.255", "10.1.1.0",
                                     "8.8.8.8",         "0.0.0.5",    "169.254.1.1"};
    constexpr const char* kOdd6[] = {"::1", "ff02::1", "2001:db8:9::1", "fe80::1", "2606::1"};
    if (dice.once_in(6)) return *IpAddress::parse(v6 ? dice.one_of(kOdd6) : dice.one_of(kOdd4));
    return *IpAddress::parse(v6 ? address_v6(dice) : address_v4(dice));
  };
  const auto device = [&] {
    return ns.links[dice.below(static_cast<std::uint32_t>(ns.links.size()))].index;
  };
  const auto own = [&] {
    std::vector<IpAddress> all;
    for (const model::Address& each : ns.addresses)
      if (each.address.is_v6() == v6) all.push_back(each.address);
    return all.empty() ? address() : all[dice.below(static_cast<std::uint32_t>(all.size()))];
  };
  Flow flow{.dst = dice.once_in(6) ? own() : address()};
  if (dice.once_in(2)) flow.src = dice.once_in(3) ? address() : own();
  if (dice.once_in(2)) {
    flow.iif = device();
    if (!flow.src || dice.once_in(2)) flow.src = address();
  } else if (dice.once_in(4)) {
    flow.oif = device();
  }
  if (!v6) flow.tos = static_cast<std::uint8_t>(dice.below(3) * 8);
  flow.mark = dice.below(4);
  flow.uid = flow.iif ? 0 : dice.one_of(kUids);
  flow.protocol = dice.once_in(2) ? IPPROTO_TCP : IPPROTO_UDP;
  flow.sport = static_cast<std::uint16_t>(dice.once_in(2) ? 1500 : 3000);
  flow.dport = static_cast<std::uint16_t>(20 + dice.below(5));
  return flow;
}

// What the kernel says.
struct Told {
  int error = 0;
  std::uint8_t type = 0;  // RTN_*
  std::optional<IfIndex> oif = {};
  std::optional<IpAddress> gateway = {};
  std::optional<IpAddress> source = {};
};

Told ask(netlink::Transport& transport, const Flow& flow) {
  rtmsg header{};
  const bool v6 = flow.dst.is_v6();
  header.rtm_family = v6 ? AF_INET6 : AF_INET;
  header.rtm_dst_len = v6 ? 128 : 32;
  header.rtm_tos = flow.tos;
  if (flow.src) header.rtm_src_len = header.rtm_dst_len;
  netlink::Request request(RTM_GETROUTE, 0, header);
  request.attribute(RTA_DST, flow.dst.bytes());
  if (flow.src) request.attribute(RTA_SRC, flow.src->bytes());
  if (flow.iif) request.attribute(RTA_IIF, flow.iif->value);
  if (flow.oif) request.attribute(RTA_OIF, flow.oif->value);
  request.attribute(RTA_MARK, flow.mark).attribute(RTA_UID, flow.uid);
  request.attribute(RTA_IP_PROTO, flow.protocol);
  request.attribute(RTA_SPORT, htons(flow.sport)).attribute(RTA_DPORT, htons(flow.dport));
  Told told;
  const auto failure =
      netlink::get(transport, std::move(request), [&](const netlink::Message& message) {
        told.type = message.family_header<rtmsg>()->rtm_type;
        for (const netlink::Attribute attribute : message.attributes(sizeof(rtmsg))) {
          if (attribute.type() == RTA_OIF) told.oif = IfIndex(*attribute.s32());
          if (attribute.type() == RTA_GATEWAY)
            told.gateway = IpAddress::from_bytes(attribute.payload());
          if (attribute.type() == RTA_VIA)
            told.gateway = IpAddress::from_bytes(attribute.payload().subspan(2));
          if (attribute.type() == RTA_PREFSRC)
            told.source = IpAddress::from_bytes(attribute.payload());
        }
      });
  if (failure) told.error = failure->error;
  return told;
}

// --- comparing -----------------------------------------------------------------------------------

struct KindAnswer {
  Routed::Kind kind;
  const char* name;
  std::uint8_t type;          // of an answer …
  std::set<int> errors = {};  // … or what it fails with
};
const KindAnswer kAnswers[] = {
    {Routed::Kind::unicast, "unicast", RTN_UNICAST},
    {Routed::Kind::local, "local", RTN_LOCAL},
    {Routed::Kind::broadcast, "broadcast", RTN_BROADCAST},
    {Routed::Kind::multicast, "multicast", RTN_MULTICAST},
    {Routed::Kind::anycast, "anycast", RTN_ANYCAST},
    {Routed::Kind::blackhole, "blackhole", RTN_BLACKHOLE, {EINVAL}},
    {Routed::Kind::unreachable, "unreachable", RTN_UNREACHABLE, {EHOSTUNREACH, ENETUNREACH}},
    {Routed::Kind::prohibited, "prohibited", RTN_PROHIBIT, {EACCES}},
    {Routed::Kind::no_route, "no route", RTN_UNREACHABLE, {ENETUNREACH, ESRCH}},
    {Routed::Kind::martian_source, "martian source", 0, {EINVAL, EXDEV, EHOSTUNREACH}},
    {Routed::Kind::martian_destination, "martian destination", 0, {EINVAL, EHOSTUNREACH}},
    {Routed::Kind::not_forwarding, "not forwarding", 0, {EHOSTUNREACH}},
    {Routed::Kind::bad_source, "bad source", 0, {EINVAL, ENETUNREACH}},
    {Routed::Kind::bad_device, "bad device", 0, {ENETUNREACH, ENODEV}},
    {Routed::Kind::unknown, "unknown", 0, {}},
};

const KindAnswer& row(Routed::Kind kind) {
  return *std::ranges::find(kAnswers, kind, &KindAnswer::kind);
}

bool agrees(const Flow& flow, const Routed& routed, const Told& told) {
  const KindAnswer& expected = row(routed.kind);
  if (told.error != 0) return expected.errors.contains(told.error);
  if (expected.type != told.type || expected.type == 0) return false;
  if (!routed.oif) return true;
  const bool source = flow.iif || flow.src || routed.source == told.source;
  return routed.oif == told.oif && routed.gateway == told.gateway && source;
}

template <typename T>
std::string text(const std::optional<T>& value) {
  if (!value) return "-";
  if constexpr (std::is_same_v<T, IfIndex>)
    return std::to_string(value->value);
  else
    return value->text();
}

void print(std::uint64_t seed, const Flow& flow, const std::vector<Routed>& routed,
           const Told& told) {
  fmt::print(
      "seed {}: dst {} src {} iif {} oif {} tos {} mark {} uid {} proto {} sport {} dport {}\n",
      seed, flow.dst.text(), text(flow.src), text(flow.iif), text(flow.oif), flow.tos, flow.mark,
      flow.uid, flow.protocol, flow.sport, flow.dport);
  for (const Routed& one : routed)
    fmt::print("  nsmap: {}, oif {} gateway {} source {} (rule {}, table {}, dst {})\n",
               row(one.kind).name, text(one.oif), text(one.gateway), text(one.source),
               one.rule ? static_cast<int>(one.rule->priority) : -1,
               one.route ? one.route->table.value : 0, one.route ? one.route->dst.text() : "-");
  fmt::print("  kernel: error {} ({}) type {} oif {} gateway {} source {}\n", told.error,
             std::strerror(told.error), told.type, text(told.oif), text(told.gateway),
             text(told.source));
}

struct Score {
  std::uint64_t questions = 0;
  std::uint64_t wrong = 0;
  std::uint64_t chosen = 0;  // of several
  std::map<Routed::Kind, std::uint64_t> kinds = {};
};

void read(model::Namespace& ns) {
  os::Kernel& kernel = os::real_kernel();
  const auto route = *netlink::open_kernel(kernel, os::NetlinkProtocol::route);
  const auto other = netlink::open_on_use(kernel, os::NetlinkProtocol::sock_diag);
  const auto netfilter = netlink::open_on_use(kernel, os::NetlinkProtocol::netfilter);
  const auto generic = netlink::open_on_use(kernel, os::NetlinkProtocol::generic);
  collect::Report report;
  collect::Reading reading{kernel, *route, *other, *netfilter, *generic, ns, report};
  for (auto* collect :
       {collect::collect_links, collect::collect_addresses, collect::collect_routes,
        collect::collect_rules, collect::collect_neighbours, collect::collect_sysctls})
    collect(reading);
}

// Asks about random packets; false: the host changed meanwhile, by a carrier that came or went.
bool ask_all(Dice dice, std::uint64_t seed, std::uint64_t questions, bool v6, Score& score) {
  model::Namespace ns, after;
  read(ns);
  const walk::Routing routing(ns);
  const auto transport = *netlink::open_kernel(os::real_kernel(), os::NetlinkProtocol::route);
  std::vector<std::tuple<Flow, std::vector<Routed>, Told>> wrong;
  Score here;
  for (std::uint64_t at = 0; at < questions; ++at) {
    const Flow flow = random_flow(dice, v6, ns);
    if (v6 && flow.iif && flow.dst.is_multicast()) continue;  // asks multicast routing instead
    const auto routed = flow.iif ? routing.input(flow) : routing.output(flow);
    const Told told = ask(*transport, flow);
    ++here.questions;
    if (routed.size() > 1) ++here.chosen;
    ++here.kinds[routed.front().kind];
    const bool right =
        routed.front().kind == Routed::Kind::unknown ||
        std::ranges::any_of(routed, [&](const Routed& one) { return agrees(flow, one, told); });
    if (!right) wrong.emplace_back(flow, routed, told);
  }
  read(after);
  if (after.routes != ns.routes) return false;
  for (const auto& [flow, routed, told] : wrong)
    if (score.wrong++ < 20) print(seed, flow, routed, told);
  score.questions += here.questions;
  score.chosen += here.chosen;
  for (const auto& [kind, count] : here.kinds) score.kinds[kind] += count;
  return true;
}

void play(std::uint64_t seed, std::uint64_t questions, Score& score) {
  if (::unshare(CLONE_NEWNET) != 0) {
    fmt::print(stderr, "route_oracle: making a network namespace: {}\n", std::strerror(errno));
    std::exit(77);
  }
  Dice dice(seed);
  const bool v6 = seed % 2 == 1;
  Host host(dice, v6);
  const std::string links = host.make_links();
  run_ip(v6, links);
  make_settings(dice);
  const std::string routes = host.make_routes();
  run_ip(v6, routes);
  const std::uint64_t wrong = score.wrong;
  for (int attempt = 0; attempt < 50; ++attempt) {
    if (ask_all(dice, seed, questions, v6, score)) {
      if (score.wrong != wrong) fmt::print("seed {} is\n{}{}", seed, links, routes);
      return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
  fmt::print("seed {}: its routes do not come to rest\n", seed);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t hosts = 20, questions = 500, seed = 1, minutes = 0;
  const std::pair<std::string_view, std::uint64_t*> options[] = {
      {"--hosts", &hosts}, {"--questions", &questions}, {"--seed", &seed}, {"--minutes", &minutes}};
  for (int at = 1; at < argc; at += 2) {
    const auto* const option =
        std::ranges::find(options, argv[at], [](auto& row) { return row.first; });
    const auto value = at + 1 < argc ? parse_number<std::uint64_t>(argv[at + 1]) : std::nullopt;
    if (option == std::end(options) || !value) {
      fmt::print(stderr,
                 "usage: route_oracle [--hosts N] [--questions M] [--seed S] [--minutes T]\n");
      return 2;
    }
    *option->second = *value;
  }
  Score score;
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(minutes);
  std::uint64_t played = 0;
  for (; minutes == 0 ? played < hosts : std::chrono::steady_clock::now() < end; ++played)
    std::thread([&] { play(seed + played, questions, score); }).join();
  fmt::print("{} hosts, {} questions, {} with several answers, {} disagreements\n", played,
             score.questions, score.chosen, score.wrong);
  for (const auto& [kind, count] : score.kinds) fmt::print("  {}: {}\n", row(kind).name, count);
  return score.wrong == 0 ? 0 : 1;
}
