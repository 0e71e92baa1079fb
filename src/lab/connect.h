#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "lab/lab.h"
#include "lab/namespaces.h"

namespace nsmap::lab {

// One end of a wire that is to be: a veth, by the number and name it is to have, its addresses,
// its master by number (0: none), and routes that leave by it.
struct WireEnd {
  Fd ns;
  IfIndex index;
  Link link;
  IfIndex master = IfIndex(0);
  std::vector<Route> routes = {};
};

// Joins two namespaces by a veth, both ends up: all of it, or nothing when a part of it fails.
Result<void> connect(const System& system, const WireEnd& a, const WireEnd& b);

// Takes a wire away by one of its ends, with all that was on both.
Result<void> disconnect(const System& system, Fd ns, IfIndex index);

}  // namespace nsmap::lab
