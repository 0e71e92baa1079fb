#include <fmt/format.h>

#include "analyze/find.h"
#include "base/number.h"
#include "cli/ns.h"
#include "collect/open_namespace.h"

namespace nsmap::cli {
namespace {

// The name under which `ip netns` knows a namespace.
std::string netns_name(const std::string& path) {
  const std::string directory = std::string(lab::kNamesDirectory) + "/";
  return path.starts_with(directory) ? path.substr(directory.size()) : "";
}

// What a spelling leads to without a look at the rest of the host: its file, and its process.
struct Shortcut {
  std::string path;
  std::optional<Pid> pid;
};

Shortcut shortcut(const std::string& wanted) {
  constexpr std::string_view kPid = "pid:";
  if (wanted == ".") return {"/proc/self/ns/net", {}};
  if (wanted.starts_with('/')) return {wanted, {}};
  if (wanted.starts_with(kPid)) {
    const auto pid = parse_number<std::int32_t>(wanted.substr(kPid.size()));
    return pid ? Shortcut{fmt::format("/proc/{}/ns/net", *pid), Pid(*pid)} : Shortcut{};
  }
  return {lab::is_valid_name(wanted) ? lab::name_path(wanted) : "", {}};
}

std::optional<OpenPlace> open_directly(os::Kernel& kernel, const std::string& wanted, bool dns) {
  const Shortcut way = shortcut(wanted);
  if (way.path.empty() || (dns && !way.pid)) return std::nullopt;
  auto file = lab::open_namespace_file(kernel, way.path);
  if (!file) return std::nullopt;
  return OpenPlace{std::move(*file), wanted, netns_name(way.path), dns ? way.pid : std::nullopt};
}

// A process that has the files of the container whose namespace it is.
std::optional<Pid> holder_of_dns(const model::Index& index, const model::Namespace& ns) {
  if (ns.host) return std::nullopt;
  for (const model::Container* container : index.containers_in(ns.id))
    if (container->pid) return container->pid;
  const auto& processes = index.processes_in(ns.id);
  return processes.empty() ? std::nullopt : std::optional(processes.front()->pid);
}

// The host as it is, read when it is first asked for.
class Host {
 public:
  // `known`: as it was read already; null: it was not.
  Host(const ActionRequest& request, bool dns, const model::Snapshot* known = nullptr)
      : request_(request), dns_(dns), snapshot_(known) {}

  Result<OpenPlace> find(const std::string& wanted) {
    if (auto read = this->read(); !read) return tl::unexpected(read.error());
    const auto own = request_.environment.own_netns();
    const auto ns = analyze::find_namespace(*index_, *titles_, wanted, own);
    if (!ns) return tl::unexpected(ns.error());
    return open(**ns);
  }

  Result<OpenPlace> open(const model::Namespace& ns) const {
    auto file = collect::open_namespace(request_.system.kernel, ns);
    if (!file) return tl::unexpected(file.error());
    OpenPlace place{std::move(*file), titles_->of(ns.id), "", {}};
    for (const model::Name& name : ns.names)
      if (place.name.empty()) place.name = netns_name(name.path);
    if (dns_) place.dns_of = holder_of_dns(*index_, ns);
    return place;
  }

  Result<void> read() {
    if (index_) return {};
    if (!snapshot_) {
      auto snapshot = request_.collect();
      if (!snapshot) return tl::unexpected(snapshot.error());
      snapshot_ = &read_.emplace(std::move(*snapshot));
    }
    index_.emplace(*snapshot_);
    titles_.emplace(*index_);
    return {};
  }
  const std::vector<model::Namespace>& namespaces() const { return snapshot_->namespaces; }

 private:
  const ActionRequest& request_;
  bool dns_;
  const model::Snapshot* snapshot_;
  std::optional<model::Snapshot> read_;
  std::optional<model::Index> index_;
  std::optional<analyze::Titles> titles_;
};

}  // namespace

Result<std::vector<OpenPlace>> open_places(const ActionRequest& request,
                                           const std::vector<std::string>& wanted, bool dns,
                                           const model::Snapshot* known) {
  std::vector<OpenPlace> places;
  Host host(request, dns, known);
  for (const std::string& each : wanted) {
    auto place = open_directly(request.system.kernel, each, dns);
    auto found = place ? Result<OpenPlace>(std::move(*place)) : host.find(each);
    if (!found) return tl::unexpected(found.error());
    places.push_back(std::move(*found));
  }
  return places;
}

Result<std::vector<OpenPlace>> open_all_places(const ActionRequest& request, bool dns,
                                               std::size_t& refused) {
  std::vector<OpenPlace> places;
  Host host(request, dns);
  if (auto read = host.read(); !read) return tl::unexpected(read.error());
  for (const model::Namespace& ns : host.namespaces()) {
    if (ns.host) continue;
    if (auto place = host.open(ns)) {
      places.push_back(std::move(*place));
    } else {
      ++refused;
      request.warn(line(place.error()));
    }
  }
  return places;
}

}  // namespace nsmap::cli
