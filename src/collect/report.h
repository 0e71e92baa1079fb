#pragma once

#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "model/snapshot.h"

namespace nsmap::collect {

// Gathers, from any thread, what each source looked at and what it could not see.
class Report {
 public:
  // Adds to the source's row, which is made on first use.
  void count(const model::Coverage& row);
  // At most kPerSource diagnostics are kept for a source; what is over is counted, and finish()
  // says how many there were.
  void add(model::Diagnostic diagnostic);
  void add(std::string_view source, std::string what, int error = 0,
           std::optional<model::NetnsId> ns = {});

  // Drops what the source has said so far: it is about to look again.
  void forget(std::string_view source);

  // Rows by source name and diagnostics in the order they came; leaves the report empty.
  void finish(std::vector<model::Coverage>& coverage, std::vector<model::Diagnostic>& diagnostics);

  static constexpr std::size_t kPerSource = 200;

 private:
  std::mutex mutex_;
  std::vector<model::Coverage> coverage_;
  std::vector<model::Diagnostic> diagnostics_;
  std::vector<std::pair<std::string, std::size_t>> counts_;  // diagnostics by source
};

}  // namespace nsmap::collect
