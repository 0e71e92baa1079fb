#pragma once

#include <string>
#include <string_view>

#include "analyze/names.h"
#include "base/result.h"
#include "model/index.h"

// The map in a browser: one page, made from web/ when nsmap is built and held by the program.

namespace nsmap::page {

// The page as it was built, without data: it asks whoever served it. Empty when this program was
// built without it (-DNSMAP_WEB=OFF).
std::string_view bare_page();

// What the page draws, view::Graph as JSON: a box for every namespace, and no grids, which the page
// makes itself.
std::string graph_json(const model::Index& index, const analyze::Titles& titles);

// The page with a snapshot inside, which needs no server: what it would have asked for stands in
// <script type="application/json" id="nsmap-data">, {"graph":…,"snapshot":…}.
Result<std::string> page_of(const model::Index& index, const analyze::Titles& titles);

}  // namespace nsmap::page
