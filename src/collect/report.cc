#include "collect/report.h"

#include <fmt/format.h>

#include <algorithm>

namespace nsmap::collect {

void Report::count(const model::Coverage& row) {
  const std::lock_guard lock(mutex_);
  auto found = std::find_if(coverage_.begin(), coverage_.end(),
                            [&](const auto& known) { return known.source == row.source; });
  if (found == coverage_.end()) {
    coverage_.push_back(row);
    return;
  }
  found->looked_at += row.looked_at;
  found->found += row.found;
  found->refused += row.refused;
  found->skipped += row.skipped;
  found->took_ns += row.took_ns;
}

void Report::add(model::Diagnostic diagnostic) {
  const std::lock_guard lock(mutex_);
  auto found = std::find_if(counts_.begin(), counts_.end(),
                            [&](const auto& known) { return known.first == diagnostic.source; });
  if (found == counts_.end()) found = counts_.insert(counts_.end(), {diagnostic.source, 0});
  if (++found->second <= kPerSource) diagnostics_.push_back(std::move(diagnostic));
}

void Report::add(std::string_view source, std::string what, int error,
                 std::optional<model::NetnsId> ns) {
  add(model::Diagnostic{std::string(source), ns, std::move(what),
                        error == 0 ? std::nullopt : std::optional<std::int32_t>(error)});
}

void Report::forget(std::string_view source) {
  const std::lock_guard lock(mutex_);
  std::erase_if(coverage_, [&](const auto& row) { return row.source == source; });
  std::erase_if(diagnostics_, [&](const auto& diagnostic) { return diagnostic.source == source; });
  std::erase_if(counts_, [&](const auto& count) { return count.first == source; });
}

void Report::finish(std::vector<model::Coverage>& coverage,
                    std::vector<model::Diagnostic>& diagnostics) {
  const std::lock_guard lock(mutex_);
  for (const auto& [source, count] : counts_)
    if (count > kPerSource)
      diagnostics_.push_back(
          {source,
           {},
           fmt::format("{} more of the same kind are not shown", count - kPerSource),
           {}});
  coverage = std::move(coverage_);
  diagnostics = std::move(diagnostics_);
  std::sort(coverage.begin(), coverage.end(),
            [](const auto& a, const auto& b) { return a.source < b.source; });
  counts_.clear();
}

}  // namespace nsmap::collect
