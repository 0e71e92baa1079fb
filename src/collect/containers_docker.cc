#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>

#include <boost/json/value.hpp>

#include "base/text.h"
#include "collect/containers_oci.h"
#include "collect/containers_runtimes.h"

// Docker keeps ROOT/containers/ID/config.v2.json (name, image, labels, ports) and hostconfig.json
// (network mode). ROOT is the daemon's data root, which a bundle gives away: it binds
// ROOT/containers/…/resolv.conf. The daemon's socket is asked only for containers whose files told
// nothing, which is so for who may use the socket and is not root.

namespace nsmap::collect {
namespace {

constexpr std::string_view kDefaultRoot = "/var/lib/docker";
constexpr const char* kDefaultSocket = "/run/docker.sock";
constexpr std::size_t kMostDaemons = 4;
constexpr std::int64_t kAskFor_ns = 300'000'000;  // all sockets together
constexpr std::size_t kMostAnswer = 8u << 20;     // bytes

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (error != std::errc() || end != text.data() + text.size() || port == 0) return std::nullopt;
  return port;
}

// {"80/tcp":[{"HostIp":"0.0.0.0","HostPort":"8080"}]}: a nat.PortMap of docker/go-connections.
std::vector<model::PublishedPort> parse_port_map(const boost::json::object& map) {
  std::vector<model::PublishedPort> ports;
  for (const auto& [key, bindings] : map) {
    const std::string_view spelled(key.data(), key.size());
    const auto slash = spelled.find('/');
    const auto inside = parse_port(spelled.substr(0, slash));
    if (!inside || slash == spelled.npos) continue;
    const std::string protocol = clean_text(spelled.substr(slash + 1), 16);
    for (const boost::json::value& binding : array_at(bindings, {}))
      if (const auto port = parse_port(text_at(binding, {"HostPort"})))
        ports.push_back({protocol, text_at(binding, {"HostIp"}, 64), *port, *inside});
  }
  return ports;
}

void apply_config(const boost::json::value& config, model::Container& container) {
  std::string name = text_at(config, {"Name"});
  container.name = name.starts_with('/') ? name.substr(1) : name;
  container.image = text_at(config, {"Config", "Image"});
  const boost::json::object& labels = object_at(config, {"Config", "Labels"});
  container.labels = labels_of(labels);
  apply_annotations(labels, container);
  container.ports = parse_port_map(object_at(config, {"NetworkSettings", "Ports"}));
}

void apply_host_config(const boost::json::value& config, model::Container& container) {
  container.network_mode = text_at(config, {"NetworkMode"}, 256);
  if (container.ports.empty())
    container.ports = parse_port_map(object_at(config, {"PortBindings"}));
}

// False when the directory has no such container, or another's file.
bool read_files(ContainerSearch& search, const std::string& containers, FoundContainer& found) {
  if (!is_safe_id(found.own_id)) return false;
  const std::string directory = containers + "/" + found.own_id;
  const auto config = read_state(search, directory + "/config.v2.json");
  if (!config || text_at(*config, {"ID"}) != found.own_id) return false;
  apply_config(*config, found.container);
  if (const auto host = read_state(search, directory + "/hostconfig.json"))
    apply_host_config(*host, found.container);
  return true;
}

// ROOT/containers, from a container's bundle. Empty: the bundle does not tell.
std::string containers_by_bundle(ContainerSearch& search, const FoundContainer& found) {
  const std::string bundle = bundle_of(search, found);
  if (bundle.empty()) return {};
  const auto config = read_state(search, root_of(*found.manager) + bundle + "/config.json");
  if (!config) return {};
  for (const boost::json::value& mount : array_at(*config, {"mounts"})) {
    if (text_at(mount, {"destination"}) != "/etc/resolv.conf") continue;
    const std::string source = text_at(mount, {"source"}, 4096);
    return std::string(parent_directory(parent_directory(source)));
  }
  return {};
}

using Directories = std::vector<std::string>;

// Where daemons keep their containers, as far as their command lines say.
Directories containers_by_daemons(Processes dockerds) {
  Directories directories;
  for (const model::Process* dockerd : dockerds.first(std::min(dockerds.size(), kMostDaemons))) {
    const auto root = option_value(words_of(*dockerd), {"--data-root", "-g", "--graph"});
    directories.push_back(
        fmt::format("{}{}/containers", root_of(*dockerd), root.empty() ? kDefaultRoot : root));
  }
  directories.push_back(fmt::format("{}/containers", kDefaultRoot));
  return directories;
}

// The directories that turn out right are tried first for the next container, so that most bundles,
// which are longer than what we look for, are never read.
bool describe_by_files(ContainerSearch& search, Processes dockerds, Directories& directories,
                       FoundContainer& found) {
  for (const std::string& directory : directories)
    if (read_files(search, directory, found)) return true;
  const std::string told = containers_by_bundle(search, found);
  Directories candidates;
  if (told.starts_with('/')) {
    candidates.push_back(root_of(*found.manager) + told);
    for (const model::Process* dockerd : dockerds.first(std::min(dockerds.size(), kMostDaemons)))
      candidates.push_back(root_of(*dockerd) + told);
  }
  for (std::string& directory : candidates)
    if (read_files(search, directory, found)) {
      directories.insert(directories.begin(), std::move(directory));
      return true;
    }
  return false;
}

// One element of the answer to GET /containers/json (Docker Engine API).
void apply_answer(const boost::json::value& entry, model::Container& container) {
  const boost::json::array& names = array_at(entry, {"Names"});
  std::string name = names.empty() ? std::string() : text_at(names[0], {});
  container.name = name.starts_with('/') ? name.substr(1) : name;
  container.image = text_at(entry, {"Image"});
  container.network_mode = text_at(entry, {"HostConfig", "NetworkMode"}, 256);
  const boost::json::object& labels = object_at(entry, {"Labels"});
  container.labels = labels_of(labels);
  apply_annotations(labels, container);
  for (const boost::json::value& port : array_at(entry, {"Ports"})) {
    const auto host = integer_at(port, {"PublicPort"});
    const auto inside = integer_at(port, {"PrivatePort"});
    if (host <= 0 || host > 65535 || inside <= 0 || inside > 65535) continue;
    container.ports.push_back({text_at(port, {"Type"}, 16), text_at(port, {"IP"}, 64),
                               static_cast<std::uint16_t>(host),
                               static_cast<std::uint16_t>(inside)});
  }
}

std::vector<std::string> sockets_of(Processes dockerds) {
  std::vector<std::string> sockets{kDefaultSocket};
  for (const model::Process* dockerd : dockerds.first(std::min(dockerds.size(), kMostDaemons)))
    for (const std::string_view word : words_of(*dockerd))
      if (const auto at = word.find("unix://"); at != word.npos)
        sockets.emplace_back(word.substr(at + 7));
  return sockets;
}

void ask_daemon(ContainerSearch& search, const std::string& socket,
                std::chrono::milliseconds timeout, Containers unknown) {
  const auto answer = search.kernel.unix_exchange(
      socket, "GET /containers/json HTTP/1.0\r\nHost: docker\r\n\r\n", timeout, kMostAnswer);
  if (!answer) return;
  const auto body = answer->find("\r\n\r\n");
  if (body == answer->npos) return;
  const auto list = parse_json(std::string_view(*answer).substr(body + 4));
  if (!list) return;
  for (const boost::json::value& entry : array_at(*list, {})) {
    FoundContainer* found = find_container(search, "docker", text_at(entry, {"Id"}));
    if (found && std::find(unknown.begin(), unknown.end(), found) != unknown.end())
      apply_answer(entry, found->container);
  }
}

void ask_daemons(ContainerSearch& search, Processes dockerds, Containers unknown) {
  const std::int64_t deadline = search.kernel.boottime_ns() + kAskFor_ns;
  for (const std::string& socket : sockets_of(dockerds)) {
    const std::int64_t left_ms = (deadline - search.kernel.boottime_ns()) / 1'000'000;
    if (left_ms <= 0) return;
    ask_daemon(search, socket, std::chrono::milliseconds(left_ms), unknown);
  }
}

void report_nameless(ContainerSearch& search, Containers asked_for) {
  const auto nameless = [](const auto* found) { return found->container.name.empty(); };
  const auto first = std::find_if(asked_for.begin(), asked_for.end(), nameless);
  if (first == asked_for.end()) return;
  search.report.add(
      "containers",
      fmt::format("naming {} Docker containers ({:.12} first): neither their files "
                  "nor the daemon's socket could be read",
                  std::count_if(first, asked_for.end(), nameless), (*first)->container.id));
}

}  // namespace

bool is_dockerd(const model::Process& process) { return process.comm == "dockerd"; }

void describe_docker(ContainerSearch& search, Processes dockerds, Containers containers) {
  Directories directories = containers_by_daemons(dockerds);
  std::vector<FoundContainer*> unknown;
  for (FoundContainer* found : containers)
    if (!describe_by_files(search, dockerds, directories, *found)) unknown.push_back(found);
  if (!unknown.empty()) ask_daemons(search, dockerds, unknown);
  report_nameless(search, unknown);
}

}  // namespace nsmap::collect
