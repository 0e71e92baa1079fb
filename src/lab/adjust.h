#pragma once

#include <string>

#include "base/result.h"
#include "lab/lab.h"
#include "lab/namespaces.h"

// One part of a namespace that is there, changed. Each goes to the namespace on a thread of its
// own.

namespace nsmap::lab {

Result<void> make_route(const System& system, Fd ns, const Route& route);
// The first that is like it: what `route` does not say may be anything.
Result<void> drop_route(const System& system, Fd ns, const Route& route);

// Gives a link an impairment in place of the one it has; an empty one: none. An error where another
// queueing discipline than those of impairments is at its root, which somebody else chose.
Result<void> set_impairment(const System& system, Fd ns, const std::string& link,
                            const Impairment& impairment);

}  // namespace nsmap::lab
