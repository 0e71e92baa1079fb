#pragma once

#include "analyze/names.h"
#include "model/index.h"
#include "view/document.h"

namespace nsmap::view {

// Everything the snapshot has of one of its namespaces. Sections with nothing in them are left out.
Sheet make_sheet(const model::Index& index, const analyze::Titles& titles,
                 const model::Namespace& ns);

}  // namespace nsmap::view
