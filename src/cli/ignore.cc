#include "cli/ignore.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>
#include <vector>

#include "lab/spelling.h"

namespace nsmap::cli {
namespace {

using analyze::DiffSubject;

constexpr DiffSubject kIgnorable[] = {
    DiffSubject::name,     DiffSubject::link,     DiffSubject::address,   DiffSubject::route,
    DiffSubject::rule,     DiffSubject::nexthop,  DiffSubject::neighbour, DiffSubject::fdb,
    DiffSubject::vlan,     DiffSubject::listener, DiffSubject::process,   DiffSubject::sysctl,
    DiffSubject::firewall,
};

}  // namespace

Result<std::set<DiffSubject>> ignored(const Options& options) {
  std::set<DiffSubject> subjects;
  std::vector<std::string_view> known;
  for (const DiffSubject subject : kIgnorable) known.push_back(analyze::plural(subject));
  for (const std::string& word : options.ignore) {
    const auto found = std::ranges::find(known, word);
    if (found == known.end())
      return usage_error(
          fmt::format("--ignore {}: no such thing{}", word, lab::did_you_mean(word, known)));
    subjects.insert(kIgnorable[found - known.begin()]);
  }
  return subjects;
}

}  // namespace nsmap::cli
