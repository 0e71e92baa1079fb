#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/result.h"
#include "lab/lab.h"

// Lab files: YAML, documented in docs/lab.md and docs/lab.schema.json.

namespace nsmap::lab {

// Reads a lab file, expands its loops and checks all that can be checked without a kernel. An error
// is one line that begins with file, line and column: "lab.yaml:12:7: …".
Result<Lab> parse(std::string_view text, const std::string& file);

// What is wrong with a lab, wherever it comes from; parse() has called it.
Result<void> check(const Lab& lab);

// The same keys and values as words, one after the other: "to 10.0.0.0/8 via 10.1.0.1". An error
// begins with `doing`.
Result<Route> parse_route(const std::string& doing, std::span<const std::string> words);
Result<Impairment> parse_impairment(const std::string& doing, std::span<const std::string> words);

// A lab as a file, which parse() makes the same lab of. `remarks`, a line each, go to its head as
// comments.
std::string print(const Lab& lab, const std::vector<std::string>& remarks);

}  // namespace nsmap::lab
