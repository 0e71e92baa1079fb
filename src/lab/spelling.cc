#include "lab/spelling.h"

#include <fmt/format.h>

#include <algorithm>
#include <numeric>
#include <utility>

namespace nsmap::lab {
namespace {

constexpr std::size_t kMaxWord = 64;

// Levenshtein's distance.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), 0u);
  for (std::size_t i = 0; i != a.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j != b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, diagonal + 1});
    }
  }
  return row.back();
}

}  // namespace

std::string_view nearest(std::string_view word, const std::vector<std::string_view>& known) {
  if (word.size() > kMaxWord) return {};
  std::string_view best;
  std::size_t best_distance = std::max<std::size_t>(1, word.size() / 3) + 1;
  for (const auto candidate : known) {
    const std::size_t apart = distance(word, candidate);
    if (apart < best_distance) best = candidate, best_distance = apart;
  }
  return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string_view>& known) {
  const auto best = nearest(word, known);
  if (!best.empty()) return fmt::format("; did you mean '{}'?", best);
  return known.empty() ? std::string() : fmt::format("; there are: {}", fmt::join(known, ", "));
}

}  // namespace nsmap::lab
