#pragma once

#include <vector>

#include "analyze/flows.h"
#include "view/document.h"

namespace nsmap::view {

// A connection a line: client, server, what NAT does between them, state, traffic and age. Columns
// that would be empty are left out.
Table make_flows(const std::vector<analyze::Flow>& flows);

}  // namespace nsmap::view
