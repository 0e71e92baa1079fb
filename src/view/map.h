#pragma once

#include <cstddef>

#include "analyze/names.h"
#include "model/index.h"
#include "view/document.h"

namespace nsmap::view {

struct MapOptions {
  // With more namespaces than this each takes one line, in columns.
  std::size_t compact_over = 30;
};

// The map: the host, what hangs on it by wire, what hangs on that, then what has no wire to the
// host, and at the foot what was looked at and what could not be seen. Each namespace is shown
// once. Linear in the snapshot.
Tree make_map(const model::Index& index, const analyze::Titles& titles,
              const MapOptions& options = {});

}  // namespace nsmap::view
