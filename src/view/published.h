#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "analyze/published.h"
#include "analyze/source_nat.h"
#include "view/document.h"
#include "view/words.h"

// What address translation of a host means, in short: ports that lead on, and addresses that
// packets leave by.

namespace nsmap::view {

struct Translations {
  std::vector<analyze::OpenPort> ports;
  std::vector<analyze::SourceNat> sources;  // hairpins too
};

// Of all namespaces. Linear in the rules.
Translations translations_of(const Words& words);

// "host:8080 → 172.17.0.2:80 nginx[2211]", "default/web:http 10.96.0.50:80 → 10.244.1.4:80": the
// port and the answers in one namespace.
std::string leads_into_text(const analyze::OpenPort& port, model::NetnsId into);

// "172.17.0.0/16, not out docker0".
std::string from_text(const analyze::SourceNat& nat);
// "masquerades 172.17.0.0/16, not out docker0", "10.244.0.0/16 leaves by 203.0.113.20".
std::string source_text(const analyze::SourceNat& nat);

}  // namespace nsmap::view
