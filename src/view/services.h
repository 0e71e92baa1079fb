#pragma once

#include <vector>

#include "model/firewall.h"
#include "view/document.h"

namespace nsmap::view {

// The services of IPVS, a row for each of their destinations.
Section services_of(const std::vector<model::firewall::VirtualService>& services);

}  // namespace nsmap::view
