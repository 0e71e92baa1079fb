#pragma once

#include "model/snapshot.h"

namespace nsmap::analyze {

inline constexpr model::NetnsId kHost{4, 100};
inline constexpr model::NetnsId kWeb{4, 201};
inline constexpr model::NetnsId kPod{4, 202};
inline constexpr model::NetnsId kBlue{4, 203};
inline constexpr model::NetnsId kSleep{4, 204};
inline constexpr model::NetnsId kBare{4, 206};
inline constexpr model::NetnsId kHidden{0, 1};

inline model::Namespace test_namespace(model::NetnsId id) {
  model::Namespace ns;
  ns.id = id;
  return ns;
}

inline model::Link test_link(std::int32_t index, const char* name, const char* mac = "") {
  model::Link link;
  link.index = IfIndex(index);
  link.name = name;
  link.mac = *Mac::parse(mac);
  return link;
}

inline model::Address test_address(std::int32_t index, const char* address, std::uint8_t prefix) {
  model::Address result;
  result.index = IfIndex(index);
  result.address = *IpAddress::parse(address);
  result.prefix = prefix;
  return result;
}

inline model::Process test_process(std::int32_t pid, const char* comm, model::NetnsId net) {
  model::Process process;
  process.pid = Pid(pid);
  process.comm = comm;
  process.command = std::string("/bin/") + comm + " -f";
  process.net = net;
  return process;
}

inline model::Container test_container(const char* id, const char* name, model::NetnsId net) {
  model::Container container;
  container.id = id;
  container.name = name;
  container.runtime = "docker";
  container.net = net;
  return container;
}

inline model::Socket test_socket(std::uint16_t port, const char* protocol, std::int32_t pid) {
  model::Socket socket;
  socket.protocol = protocol;
  socket.state = "listen";
  socket.local = IpAddress::any(false);
  socket.local_port = port;
  socket.inode = Inode(9000u + port);
  socket.owners = {{Pid(pid), 3}, {Pid(pid), 4}};
  return socket;
}

// A small host, for tests: a Docker container `web` on a bridge, a Kubernetes pod of two
// containers, a namespace named `blue` by a file, one known by a process alone, one by nothing, a
// hidden one.
inline model::Snapshot test_host() {
  using namespace model;
  Namespace host = test_namespace(kHost);
  host.host = true;
  host.links = {test_link(1, "lo"), test_link(2, "br0", "02:42:00:00:00:01"),
                test_link(7, "veth1", "02:42:00:00:00:07")};
  host.links[2].master = IfIndex(2);
  host.links[2].peer = LinkRef{kWeb, IfIndex(7)};
  host.links[2].altnames = {"uplink"};
  host.addresses = {test_address(1, "127.0.0.1", 8), test_address(2, "172.17.0.1", 16)};
  host.sockets = {test_socket(22, "tcp", 10), test_socket(53, "udp", 10)};

  Namespace web = test_namespace(kWeb);
  web.links = {test_link(1, "lo"), test_link(7, "eth0", "02:42:ac:11:00:02")};
  web.links[1].peer = LinkRef{kHost, IfIndex(7)};
  web.addresses = {test_address(1, "127.0.0.1", 8), test_address(7, "172.17.0.2", 16),
                   test_address(7, "fd00::2", 64)};
  web.sockets = {test_socket(80, "tcp", 20)};
  web.neighbours = {{IfIndex(7), *IpAddress::parse("172.17.0.99"), *Mac::parse("02:42:ac:11:00:63"),
                     "reachable", false, false, false}};

  Namespace blue = test_namespace(kBlue);
  blue.names = {{"blue", "netns", "/run/netns/blue"}};

  Container pause = test_container("cafe00000000aaaa", "", kPod);
  pause.sandbox = true;
  pause.pod = Pod{"api-1", "prod", "uid-1"};
  Container api = test_container("cafe11111111aaaa", "api", kPod);
  api.pod = pause.pod;
  Container container = test_container("deadbeef0000", "web", kWeb);
  container.image = "nginx:1";
  container.pid = Pid(20);
  container.ports = {{"tcp", "0.0.0.0", 8080, 80}};

  Snapshot snapshot;
  snapshot.namespaces = {host,
                         web,
                         test_namespace(kPod),
                         blue,
                         test_namespace(kSleep),
                         test_namespace(kBare),
                         test_namespace(kHidden)};
  snapshot.processes = {test_process(10, "sshd", kHost), test_process(20, "nginx", kWeb),
                        test_process(30, "sleep", kSleep)};
  snapshot.processes[1].container = container.id;
  snapshot.containers = {pause, api, container};
  return snapshot;
}

}  // namespace nsmap::analyze
