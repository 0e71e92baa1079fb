#pragma once

#include "lab/lab.h"
#include "model/snapshot.h"

namespace nsmap::lab {

// A lab told as the snapshot it would give, as far as a picture needs it: namespaces, links with
// their peers, parents and masters, addresses and routes. Numbers are made up.
model::Snapshot as_snapshot(const Lab& lab);

}  // namespace nsmap::lab
