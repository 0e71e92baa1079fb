#include "view/foot.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>
#include <string_view>

namespace nsmap::view {
namespace {

constexpr std::size_t kMostDiagnostics = 8;

// What one thing that a source of namespaces looks at is called. Sources of facts have no row: what
// they found is on the map itself.
struct Noun {
  std::string_view source;
  std::string_view one;
  std::string_view many;
};

constexpr std::array kNouns = {
    Noun{"proc", "process", "processes"},
    Noun{"proc.task", "thread", "threads"},
    Noun{"proc.fd", "descriptor", "descriptors"},
    Noun{"sockets.elsewhere", "socket elsewhere", "sockets elsewhere"},
    Noun{"tun", "tap descriptor", "tap descriptors"},
    Noun{"mounts", "mount", "mounts"},
    Noun{"nsids", "namespace number", "namespace numbers"},
    Noun{"listns", "namespace the kernel lists", "namespaces the kernel lists"},
    Noun{"visits", "namespace", "namespaces"},
};

const Noun* noun_of(std::string_view source) {
  const auto found = std::find_if(kNouns.begin(), kNouns.end(),
                                  [&](const Noun& noun) { return noun.source == source; });
  return found == kNouns.end() ? nullptr : &*found;
}

std::string phrase(const model::Coverage& row, std::uint64_t count) {
  if (const Noun* noun = noun_of(row.source)) return counted(count, noun->one, noun->many);
  return fmt::format("{} of {}", number(count), row.source);
}

std::string part(const model::Coverage& row, std::uint64_t count) {
  // What was refused is not always one of what was counted: a whole directory of descriptors.
  if (count > row.looked_at) return fmt::format("{} × {}", number(count), row.source);
  return fmt::format("{} of {}", number(count), phrase(row, row.looked_at));
}

std::string took_text(std::int64_t ns) {
  const double ms = static_cast<double>(ns) / 1e6;
  return ms < 1000 ? fmt::format("in {:.0f} ms", ms) : fmt::format("in {:.1f} s", ms / 1000);
}

void add_coverage(const model::Snapshot& snapshot, std::vector<Line>& foot) {
  Line looked{{"looked at", Role::muted}, {}};
  Line missed{{"not seen", Role::warn}, {}};
  for (const Noun& noun : kNouns)
    for (const model::Coverage& row : snapshot.coverage)
      if (row.source == noun.source && row.looked_at != 0)
        looked.items.push_back({counted(row.looked_at, noun.one, noun.many), Role::muted});
  for (const model::Coverage& row : snapshot.coverage) {
    if (row.refused != 0) missed.items.push_back(part(row, row.refused) + " (not permitted)");
    if (row.skipped != 0) missed.items.push_back(part(row, row.skipped) + " (left out by a bound)");
  }
  if (!looked.items.empty() && snapshot.host.took_ns > 0)
    looked.items.push_back({took_text(snapshot.host.took_ns), Role::muted});
  if (!looked.items.empty()) foot.push_back(std::move(looked));
  if (!missed.items.empty()) foot.push_back(std::move(missed));
}

// Diagnostics of one source that begin alike are one line: "links: reading X: gone (12 times)".
void add_diagnostics(const Words& words, std::vector<Line>& foot) {
  struct Group {
    const model::Diagnostic* first = nullptr;
    std::size_t count = 0;
  };
  std::vector<Group> groups;
  std::map<std::pair<std::string_view, std::string_view>, std::size_t> known;
  for (const model::Diagnostic& diagnostic : words.index.snapshot().diagnostics) {
    const auto [at, is_new] =
        known.try_emplace({diagnostic.source, diagnostic.what}, groups.size());
    if (is_new) groups.push_back({&diagnostic, 0});
    ++groups[at->second].count;
  }
  for (std::size_t i = 0; i < std::min(groups.size(), kMostDiagnostics); ++i) {
    const auto& [first, count] = groups[i];
    Text what(first->what);
    if (first->ns && count == 1)
      what.add(" @", Role::muted).add(words.titles.of(*first->ns), Role::title);
    if (count > 1) what.add(fmt::format(" ({} times)", number(count)), Role::muted);
    foot.push_back({{first->source, Role::warn}, {what}});
  }
  if (groups.size() > kMostDiagnostics)
    foot.push_back({{"and", Role::muted},
                    {Text(counted(groups.size() - kMostDiagnostics, "remark more",
                                  "remarks more: nsmap snapshot has them all"),
                          Role::muted)}});
}

}  // namespace

std::vector<Line> make_foot(const Words& words) {
  const model::Snapshot& snapshot = words.index.snapshot();
  std::vector<Line> foot;
  add_coverage(snapshot, foot);
  if (!snapshot.host.privileged)
    foot.push_back({{"not root", Role::warn},
                    {Text("root would add what is in other users' namespaces: their interfaces, "
                          "addresses, sockets, and who holds them")}});
  add_diagnostics(words, foot);
  return foot;
}

}  // namespace nsmap::view
