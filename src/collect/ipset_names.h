#pragma once

#include <memory>

#include "collect/xt.h"
#include "os/kernel.h"

namespace nsmap::collect {

// The kernel's names of the ipsets in the calling thread's network namespace: each is asked for
// once, when first wanted, and not before is anything opened.
std::unique_ptr<IpsetNames> ipset_names(os::Kernel& kernel);

}  // namespace nsmap::collect
