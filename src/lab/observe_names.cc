#include "lab/observe_names.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>
#include <tuple>
#include <vector>

namespace nsmap::lab {
namespace {

constexpr std::size_t kMaxName = 200;

// The text as letters, digits and . _ -, beginning with none of the latter two.
std::string cleaned(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, kMaxName)) {
    const bool fits =
        std::isalnum(static_cast<unsigned char>(c)) || c == '.' || c == '_' || c == '-';
    out += fits ? c : '-';
  }
  out.erase(0, out.find_first_not_of("-."));
  return out;
}

std::string wanted_name(const model::Snapshot& snapshot, const model::Namespace& ns) {
  if (ns.host) return cleaned("host-" + snapshot.host.hostname);
  std::string name = ns.names.empty() ? std::string() : cleaned(ns.names[0].name);
  // To a lab file, `host` is the host's own.
  if (name == "host") name = "host-";
  return name.empty() ? fmt::format("ns-{}", ns.id.ino) : name;
}

}  // namespace

std::string UniqueNames::add(const std::string& wanted) {
  std::string name = wanted.substr(0, limit_);
  for (int number = 2; !taken_.insert(name).second; ++number) {
    const std::string suffix = fmt::format("-{}", number);
    name = wanted.substr(0, limit_ - suffix.size()) + suffix;
  }
  return name;
}

NamespaceNames export_names(const model::Snapshot& snapshot, UniqueNames& names) {
  struct Wish {
    std::string name;
    const model::Namespace* ns;
  };
  std::vector<Wish> wishes;
  for (const model::Namespace& ns : snapshot.namespaces)
    if (!ns.id.hidden()) wishes.push_back({wanted_name(snapshot, ns), &ns});
  // Who has a name as it is goes before who would get it by being cleaned.
  const auto key = [](const Wish& wish) {
    const bool as_it_is = !wish.ns->names.empty() && wish.ns->names[0].name == wish.name;
    return std::tuple(!as_it_is, wish.name, wish.ns->id);
  };
  std::sort(wishes.begin(), wishes.end(),
            [&](const Wish& a, const Wish& b) { return key(a) < key(b); });
  NamespaceNames named;
  for (const Wish& wish : wishes) named.emplace(wish.ns->id, names.add(wish.name));
  return named;
}

NamespaceNames lab_names(const model::Snapshot& snapshot, const Lab& lab) {
  std::unordered_map<std::string_view, const model::Namespace*> by_name;
  const model::Namespace* host = nullptr;
  for (const model::Namespace& ns : snapshot.namespaces) {
    if (ns.host) host = &ns;
    for (const model::Name& name : ns.names)
      if (name.source == "netns") by_name.emplace(name.name, &ns);
  }
  NamespaceNames named;
  for (const Namespace& ns : lab.namespaces) {
    const auto found = by_name.find(ns.name);
    const model::Namespace* const there = ns.host                  ? host
                                          : found == by_name.end() ? nullptr
                                                                   : found->second;
    if (there) named.emplace(there->id, ns.name);
  }
  return named;
}

}  // namespace nsmap::lab
