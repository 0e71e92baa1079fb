#pragma once

#include "base/fd.h"
#include "base/result.h"
#include "model/snapshot.h"
#include "os/kernel.h"

namespace nsmap::collect {

// A namespace that a snapshot tells of, opened by whatever holds it: a name, a process, a
// descriptor. It is that very one, or an error.
Result<UniqueFd> open_namespace(os::Kernel& kernel, const model::Namespace& ns);

}  // namespace nsmap::collect
