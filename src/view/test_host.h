#pragma once

#include <fmt/format.h>

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "analyze/names.h"
#include "model/index.h"

// Hosts to show in tests, built by hand.

namespace nsmap::view::testing {

inline model::Holder holder_of(model::HolderKind kind, std::optional<Pid> pid = {},
                               std::string path = {}) {
  model::Holder holder;
  holder.kind = kind;
  holder.pid = pid;
  holder.path = std::move(path);
  return holder;
}

// A snapshot under construction. Namespaces are known by their inode.
class HostBuilder {
 public:
  using Ino = std::uint64_t;
  static constexpr Ino kHost = 4026531840;

  explicit HostBuilder(std::string hostname) {
    snapshot_.host = {std::move(hostname), "", "6.18.2-amd64", 0, 0, 12'400'000, true};
    add(kHost).host = true;
    process(1, kHost, "systemd").mnt_ns = Inode(4026531841);
  }

  model::Snapshot& snapshot() { return snapshot_; }
  model::Namespace& ns(Ino ino) { return snapshot_.namespaces[position_.at(ino)]; }

  model::Namespace& add(Ino ino) {
    position_[ino] = snapshot_.namespaces.size();
    model::Namespace& ns = snapshot_.namespaces.emplace_back();
    ns.id = {4, ino};
    model::Link& lo = link(ino, "lo", "loopback");
    address(ino, lo.index, "127.0.0.1/8");
    address(ino, lo.index, "::1/128");
    return ns;
  }

  // A namespace in /run/netns.
  model::Namespace& add_named(Ino ino, const std::string& name) {
    model::Namespace& ns = add(ino);
    const std::string path = "/run/netns/" + name;
    ns.names.push_back({name, "netns", path});
    ns.holders.push_back(holder_of(model::HolderKind::bind_mount, {}, path));
    return ns;
  }

  model::Link& link(Ino ino, std::string name, std::string kind = "") {
    model::Namespace& owner = ns(ino);
    model::Link& link = owner.links.emplace_back();
    link.index = IfIndex(static_cast<std::int32_t>(owner.links.size()));
    link.name = std::move(name);
    link.kind = std::move(kind);
    link.up = link.carrier = true;
    link.state = model::OperState::up;
    link.mtu = link.kind == "loopback" ? 65536 : 1500;
    link.mac = *Mac::parse(fmt::format("02:42:{:02x}:{:02x}:{:02x}:{:02x}", ino >> 8 & 0xff,
                                       ino & 0xff, link.index.value >> 8, link.index.value & 0xff));
    return link;
  }

  IfIndex bridge(Ino ino, const std::string& name, std::string_view prefix = "") {
    model::Link& made = link(ino, name, "bridge");
    made.data = model::BridgeData{};
    const IfIndex index = made.index;
    if (!prefix.empty()) address(ino, index, prefix);
    return index;
  }

  void address(Ino ino, IfIndex index, std::string_view text) {
    const auto prefix = Prefix::parse(text);
    model::Address address;
    address.index = index;
    address.address = prefix->address;
    address.prefix = prefix->length;
    address.scope = prefix->address.is_link_local() ? "link"
                    : prefix->address.is_loopback() ? "host"
                                                    : "global";
    ns(ino).addresses.push_back(std::move(address));
  }

  struct Wire {
    IfIndex a;
    IfIndex b;
  };
  // A veth pair; `master` enslaves the end in `b`.
  Wire veth(Ino a, const std::string& a_name, Ino b, const std::string& b_name,
            std::optional<IfIndex> master = {}) {
    const IfIndex first = link(a, a_name, "veth").index;
    const IfIndex second = link(b, b_name, "veth").index;
    at(a, first).peer = model::LinkRef{ns(b).id, second};
    at(b, second).peer = model::LinkRef{ns(a).id, first};
    at(b, second).master = master;
    if (master) {
      at(b, second).master_kind = "bridge";
      at(b, second).bridge_port.emplace().stp_state = "forwarding";
      at(b, second).bridge_port->learning = true;
      address(b, second, fmt::format("fe80::42:{:x}/64", second.value));
    }
    return {first, second};
  }

  model::Link& at(Ino ino, IfIndex index) {
    return ns(ino).links[static_cast<std::size_t>(index.value - 1)];
  }

  void default_route(Ino ino, std::string_view gateway, IfIndex oif) {
    model::Route route;
    const auto via = IpAddress::parse(gateway);
    route.family = via->is_v6() ? model::Family::inet6 : model::Family::inet;
    route.table = TableId(254);
    route.type = "unicast";
    route.protocol = "static";
    route.scope = "global";
    route.dst = {IpAddress::any(via->is_v6()), 0};
    route.hops.push_back({via, oif, 1, 0, {}});
    ns(ino).routes.push_back(std::move(route));
  }

  model::Process& process(std::int32_t pid, Ino ino, std::string comm) {
    model::Process& process = snapshot_.processes.emplace_back();
    process.pid = Pid(pid);
    process.comm = std::move(comm);
    process.command = process.comm;
    process.net = ns(ino).id;
    ns(ino).holders.push_back(holder_of(model::HolderKind::process, Pid(pid)));
    return process;
  }

  model::Container& container(std::string name, Ino ino, std::int32_t pid, std::string image,
                              std::string runtime = "docker") {
    model::Container& made = snapshot_.containers.emplace_back();
    made.id = fmt::format("{:064x}", snapshot_.containers.size() * 0x9e3779b97f4a7c15u);
    made.name = std::move(name);
    made.runtime = std::move(runtime);
    made.image = std::move(image);
    made.pid = Pid(pid);
    made.net = ns(ino).id;
    return made;
  }

  void listen(Ino ino, std::string protocol, std::string_view address, std::uint16_t port,
              std::int32_t pid) {
    model::Socket socket;
    socket.local = IpAddress::parse(address);
    socket.family = socket.local->is_v6() ? model::SocketFamily::inet6 : model::SocketFamily::inet;
    socket.state = protocol == "tcp" ? "listen" : "unconnected";
    socket.protocol = std::move(protocol);
    socket.local_port = port;
    socket.owners.push_back({Pid(pid), 3});
    ns(ino).sockets.push_back(std::move(socket));
  }

  // A namespace that only the link at `index` of `ino` proves.
  model::NetnsId hidden(Ino ino, IfIndex index) {
    model::Namespace ns_hidden;
    ns_hidden.id = {0, 1};
    model::Holder holder = holder_of(model::HolderKind::link);
    holder.link = model::LinkRef{ns(ino).id, index};
    holder.nsid = Nsid(7);
    ns_hidden.holders.push_back(holder);
    at(ino, index).peer = model::LinkRef{ns_hidden.id, IfIndex(5)};
    at(ino, index).link_nsid = Nsid(7);
    snapshot_.namespaces.push_back(ns_hidden);
    return {0, 1};
  }

 private:
  model::Snapshot snapshot_;
  std::unordered_map<Ino, std::size_t> position_;
};

// A snapshot with all that views need.
struct Host {
  explicit Host(HostBuilder&& builder)
      : snapshot(std::make_unique<model::Snapshot>(std::move(builder.snapshot()))),
        index(*snapshot),
        titles(index) {}

  std::unique_ptr<model::Snapshot> snapshot;
  model::Index index;
  analyze::Titles titles;
};

// A machine with nothing on it.
inline HostBuilder bare_host() {
  HostBuilder host("laptop");
  const IfIndex wlan = host.link(HostBuilder::kHost, "wlp3s0").index;
  host.address(HostBuilder::kHost, wlan, "192.168.1.23/24");
  host.address(HostBuilder::kHost, wlan, "fd00:1::23/64");
  host.address(HostBuilder::kHost, wlan, "fe80::1234/64");
  host.default_route(HostBuilder::kHost, "192.168.1.1", wlan);
  host.default_route(HostBuilder::kHost, "fe80::1", wlan);
  host.process(700, HostBuilder::kHost, "sshd");
  host.listen(HostBuilder::kHost, "tcp", "0.0.0.0", 22, 700);
  host.listen(HostBuilder::kHost, "tcp", "::", 22, 700);
  return host;
}

namespace detail {

inline void add_docker(HostBuilder& host) {
  constexpr auto kHost = HostBuilder::kHost;
  const IfIndex docker0 = host.bridge(kHost, "docker0", "172.17.0.1/16");
  const IfIndex app = host.bridge(kHost, "br-5f1c09a2be71", "172.18.0.1/16");
  host.add(100);
  const auto web = host.veth(100, "eth0", kHost, "veth3a1c9e2", docker0);
  host.address(100, web.a, "172.17.0.2/16");
  host.default_route(100, "172.17.0.1", web.a);
  host.process(4121, 100, "nginx");
  host.process(4180, 100, "nginx");
  host.process(4181, 100, "nginx");
  host.container("web", 100, 4121, "nginx:1.25").ports.push_back({"tcp", "127.0.0.1", 18080, 80});
  host.listen(100, "tcp", "0.0.0.0", 80, 4121);
  host.listen(100, "tcp", "::", 80, 4121);
  host.add(101);
  const auto db = host.veth(101, "eth0", kHost, "veth77d0b14", app);
  host.address(101, db.a, "172.18.0.2/16");
  host.default_route(101, "172.18.0.1", db.a);
  for (const int pid : {4200, 4211, 4212, 4213, 4214, 4215}) host.process(pid, 101, "postgres");
  host.container("db", 101, 4200, "postgres:16");
  host.listen(101, "tcp", "0.0.0.0", 5432, 4200);
  const auto web_app = host.veth(100, "eth1", kHost, "veth9c02d1f", app);
  host.address(100, web_app.a, "172.18.0.3/16");
  host.process(4300, 101, "pg_exporter");
  host.container("db-metrics", 101, 4300, "prom/pg-exporter");
  host.add(102);
  host.process(4400, 102, "job");
  host.container("batch", 102, 4400, "busybox").network_mode = "none";
}

inline void add_pod(HostBuilder& host) {
  constexpr auto kHost = HostBuilder::kHost;
  const IfIndex cni0 = host.bridge(kHost, "cni0", "10.42.0.1/24");
  host.add(110).names.push_back(
      {"cni-0a1b", "netns", "/run/netns/cni-0a1b2c3d-4e5f-6071-8293-a4b5c6d7e8f9"});
  const auto wire = host.veth(110, "eth0", kHost, "vethc0ffee01", cni0);
  host.address(110, wire.a, "10.42.0.7/24");
  host.address(110, wire.a, "fd42::7/64");
  host.default_route(110, "10.42.0.1", wire.a);
  const model::Pod pod{"cart-0", "shop", "9a7b"};
  const auto member = [&](std::string name, std::int32_t pid, std::string image) {
    host.process(pid, 110, name);
    model::Container& container =
        host.container(std::move(name), 110, pid, std::move(image), "containerd");
    container.pod = pod;
    container.sandbox = container.name == "pause";
  };
  member("pause", 5000, "registry.k8s.io/pause:3.9");
  member("cart", 5010, "shop/cart:2.3");
  member("envoy", 5020, "envoyproxy/envoy:v1.29");
  host.listen(110, "tcp", "0.0.0.0", 8080, 5010);
  host.listen(110, "tcp", "127.0.0.1", 15000, 5020);
}

inline void add_rootless(HostBuilder& host) {
  host.add(120).owner_userns = model::OwnerUserns{Inode(4026532900), Uid(1000)};
  model::Link& tap = host.link(120, "tap0", "tun");
  tap.data.emplace<model::TunData>().mode = "tap";
  tap.served_by.push_back({Pid(812), 7});
  const IfIndex index = tap.index;
  host.process(812, HostBuilder::kHost, "slirp4netns").uid = Uid(1000);
  host.address(120, index, "10.0.2.100/24");
  host.default_route(120, "10.0.2.2", index);
  host.process(830, 120, "httpd").uid = Uid(100999);
  host.container("blog", 120, 830, "docker.io/library/httpd", "podman").user = Uid(1000);
  host.listen(120, "tcp", "::", 80, 830);
}

inline void add_lab(HostBuilder& host) {
  constexpr auto kHost = HostBuilder::kHost;
  host.add_named(130, "lab1");
  host.add_named(131, "lab2");
  const auto pair = host.veth(130, "v0", 131, "v1");
  host.address(130, pair.a, "10.0.0.1/24");
  host.address(131, pair.b, "10.0.0.2/24");
  host.add_named(132, "router");
  const auto uplink = host.veth(132, "up0", kHost, "veth-router");
  host.address(132, uplink.a, "10.9.0.2/30");
  host.address(kHost, uplink.b, "10.9.0.1/30");
  host.default_route(132, "10.9.0.1", uplink.a);
  const IfIndex secret = host.link(132, "veth9", "veth").index;
  host.add(133);
  model::Link& macvlan = host.link(133, "macvlan0", "macvlan");
  macvlan.data.emplace<model::MacvlanData>().mode = "bridge";
  macvlan.parent = model::LinkRef{host.ns(kHost).id, IfIndex(2)};
  const IfIndex macvlan_index = macvlan.index;
  host.address(133, macvlan_index, "192.168.1.77/24");
  host.process(6100, 133, "dnsmasq");
  host.container("lan-dns", 133, 6100, "", "lxc");
  for (const auto& [ino, name] : {std::pair{140, "old1"}, {141, "old2"}, {142, "old10"}})
    host.add_named(static_cast<std::uint64_t>(ino), name);
  using model::HolderKind;
  host.add(143).holders.push_back(holder_of(HolderKind::fd, Pid(700)));
  host.ns(143).holders[0].fd = 9;
  host.add(144).holders.push_back(holder_of(HolderKind::thread, Pid(700)));
  host.ns(144).holders[0].tid = Pid(705);
  host.add(145).holders.push_back(
      holder_of(HolderKind::bind_mount, Pid(812), "/run/user/1000/netns/netns-1"));
  host.ns(145).holders[0].mnt_ns = Inode(4026532777);
  host.hidden(132, secret);
}

inline void add_report(HostBuilder& host) {
  host.snapshot().coverage = {{"links", 31, 31, 0, 0, 0},
                              {"mounts", 31, 6, 2, 0, 0},
                              {"proc", 212, 9, 0, 0, 0},
                              {"proc.fd", 1903, 4, 0, 0, 0},
                              {"sockets.elsewhere", 40, 0, 0, 12, 0}};
  host.snapshot().diagnostics = {
      {"mounts",
       {},
       "/run/netns/stale is a plain file: its namespace was unmounted or lives in "
       "another mount namespace",
       {}},
      {"sockets", host.ns(100).id, "reading TCP sockets: interrupted, some may be missing", 4}};
}

}  // namespace detail

// A machine with Docker, a pod, a rootless container, labs, and what nobody's tool shows.
inline HostBuilder busy_host() {
  constexpr auto kHost = HostBuilder::kHost;
  HostBuilder host("debian12");
  const IfIndex eth0 = host.link(kHost, "eth0").index;
  host.address(kHost, eth0, "192.168.1.10/24");
  host.default_route(kHost, "192.168.1.1", eth0);
  host.process(700, kHost, "sshd");
  host.process(900, kHost, "docker-proxy");
  host.listen(kHost, "tcp", "0.0.0.0", 22, 700);
  host.listen(kHost, "tcp", "::", 22, 700);
  host.listen(kHost, "tcp", "127.0.0.1", 18080, 900);
  host.listen(kHost, "udp", "127.0.0.1", 323, 1);
  detail::add_docker(host);
  detail::add_pod(host);
  detail::add_rootless(host);
  detail::add_lab(host);
  detail::add_report(host);
  return host;
}

// `count` namespaces with a process on one bridge.
inline HostBuilder wide_host(std::size_t count) {
  constexpr auto kHost = HostBuilder::kHost;
  HostBuilder host("bench");
  const IfIndex eth0 = host.link(kHost, "eth0").index;
  host.address(kHost, eth0, "192.0.2.10/24");
  const IfIndex bridge = host.bridge(kHost, "br0", "10.1.0.1/16");
  for (std::size_t i = 0; i < count; ++i) {
    const std::uint64_t ino = 1000 + i;
    host.add_named(ino, fmt::format("n{}", i));
    const auto wire = host.veth(ino, "eth0", kHost, fmt::format("veth{}", i), bridge);
    host.address(ino, wire.a, fmt::format("10.1.{}.{}/16", 1 + i / 250, 1 + i % 250));
    host.default_route(ino, "10.1.0.1", wire.a);
    const auto pid = static_cast<std::int32_t>(10000 + i);
    host.process(pid, ino, "worker");
    host.listen(ino, "tcp", "0.0.0.0", 8080, pid);
  }
  return host;
}

}  // namespace nsmap::view::testing
