#pragma once

#include <vector>

#include "analyze/whois.h"
#include "view/document.h"

namespace nsmap::view {

// What whois found: a node for each answer, with whose it is hung under it.
Tree make_whois(const std::vector<analyze::WhoisAnswer>& answers);

}  // namespace nsmap::view
