#include "collect/containers_cgroup.h"

#include <algorithm>
#include <array>
#include <optional>

namespace nsmap::collect {
namespace {

enum class Id { hex, name };

// A control group whose name tells the container's: PREFIX id SUFFIX, below PARENT if that is set.
struct Form {
  std::string_view parent;  // the component before; empty: any
  std::string_view prefix;
  std::string_view suffix;
  Id id;
  std::string_view runtime;
};

// Sources: moby daemon/oci_linux.go, libpod/container_internal_linux.go, containerd
// internal/cri/server/helpers.go, cri-o internal/config/cgmgr, lxc src/lxc/cgroups, systemd
// src/machine/machined-dbus.c and systemd-nspawn@.service. The first that fits counts.
constexpr std::array kForms = {
    Form{"", "docker-", ".scope", Id::hex, "docker"},
    Form{"docker", "", "", Id::hex, "docker"},
    Form{"", "libpod-", ".scope", Id::hex, "podman"},
    Form{"", "libpod-", "", Id::hex, "podman"},
    Form{"", "crio-", ".scope", Id::hex, "cri-o"},
    Form{"", "crio-", "", Id::hex, "cri-o"},
    Form{"", "cri-containerd-", ".scope", Id::hex, "containerd"},
    Form{"", "nerdctl-", ".scope", Id::hex, "containerd"},
    Form{"", "", "", Id::hex, ""},
    Form{"", "lxc.payload.", "", Id::name, "lxc"},
    Form{"lxc", "", "", Id::name, "lxc"},
    Form{"", "machine-", ".scope", Id::name, "nspawn"},
    Form{"", "systemd-nspawn@", ".service", Id::name, "nspawn"},
};

bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); }

int hex_value(char c) { return c <= '9' ? c - '0' : c - 'a' + 10; }

// systemd.unit(5): in a unit's name "\x2d" stands for the byte 0x2d.
std::string unescape_unit(std::string_view name) {
  std::string out;
  for (std::size_t i = 0; i < name.size(); ++i) {
    const bool escape = name.substr(i, 2) == "\\x" && name.size() - i >= 4 && is_hex(name[i + 2]) &&
                        is_hex(name[i + 3]);
    out +=
        escape ? static_cast<char>(hex_value(name[i + 2]) * 16 + hex_value(name[i + 3])) : name[i];
    if (escape) i += 3;
  }
  return out;
}

std::optional<CgroupContainer> match(const Form& form, std::string_view parent,
                                     std::string_view component) {
  if (!form.parent.empty() && parent != form.parent) return std::nullopt;
  if (!component.starts_with(form.prefix) || !component.ends_with(form.suffix) ||
      component.size() <= form.prefix.size() + form.suffix.size())
    return std::nullopt;
  component.remove_prefix(form.prefix.size());
  component.remove_suffix(form.suffix.size());
  std::string id = form.id == Id::name ? unescape_unit(component) : std::string(component);
  if (form.id == Id::hex ? !is_long_id(id) : !is_safe_id(id)) return std::nullopt;
  return CgroupContainer{std::string(form.runtime), std::move(id)};
}

std::optional<CgroupContainer> container_of(std::string_view parent, std::string_view component) {
  // containerd with the cgroupfs driver, asked for a systemd path: "slice:cri-containerd:ID".
  if (const auto colon = component.rfind(':'); colon != component.npos)
    component.remove_prefix(colon + 1);
  for (const Form& form : kForms)
    if (auto found = match(form, parent, component)) return found;
  return std::nullopt;
}

// Below a "kubepods" group: "pod" UID, or "kubepods-burstable-pod" UID ".slice" with underscores
// for dashes. A uid is any safe text: static pods have a hash in its place.
std::string pod_uid_of(bool in_kubepods, std::string_view component) {
  const bool slice = component.starts_with("kubepods-") && component.ends_with(".slice");
  if (!slice && !(in_kubepods && component.starts_with("pod"))) return {};
  if (slice) component.remove_suffix(6);
  const auto at = slice ? component.rfind("-pod") : 0;
  if (at == component.npos) return {};
  std::string uid(component.substr(at + (slice ? 4 : 3)));
  if (slice) std::replace(uid.begin(), uid.end(), '_', '-');
  return is_safe_id(uid) ? uid : std::string();
}

// "libpod_parent/ID", or "machine-libpod_pod_ID.slice".
std::string podman_pod_of(std::string_view parent, std::string_view component) {
  constexpr std::string_view kSlice = "machine-libpod_pod_";
  if (component.starts_with(kSlice) && component.ends_with(".slice")) {
    component.remove_prefix(kSlice.size());
    component.remove_suffix(6);
  } else if (parent != "libpod_parent") {
    return {};
  }
  return is_long_id(component) ? std::string(component) : std::string();
}

void add_component(CgroupFacts& facts, bool in_kubepods, std::string_view parent,
                   std::string_view component) {
  if (auto uid = pod_uid_of(in_kubepods, component); !uid.empty()) {
    facts.pod_uid = std::move(uid);
  } else if (auto pod = podman_pod_of(parent, component); !pod.empty()) {
    facts.podman_pod = std::move(pod);
  } else if (auto container = container_of(parent, component)) {
    facts.containers.push_back(std::move(*container));
    facts.unit.clear();
  } else if (component.ends_with(".service")) {
    facts.unit = unescape_unit(component);
  }
}

}  // namespace

CgroupFacts parse_cgroup(std::string_view path) {
  CgroupFacts facts;
  std::string_view parent;
  const bool in_kubepods = path.find("kubepods") != path.npos;
  while (!path.empty()) {
    const std::string_view component = path.substr(0, path.find('/'));
    path.remove_prefix(std::min(path.size(), component.size() + 1));
    if (component.empty()) continue;
    add_component(facts, in_kubepods, parent, component);
    parent = component;
  }
  return facts;
}

bool is_long_id(std::string_view text) {
  return text.size() == 64 && std::all_of(text.begin(), text.end(), is_hex);
}

bool is_safe_id(std::string_view text) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '-';
  };
  return !text.empty() && text.size() <= 255 && text != "." && text != ".." &&
         std::all_of(text.begin(), text.end(), plain);
}

}  // namespace nsmap::collect
