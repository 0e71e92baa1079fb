#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyze/names.h"
#include "base/result.h"
#include "model/index.h"
#include "view/document.h"

namespace nsmap::view {

struct ListOptions {
  std::vector<std::string> columns;  // by name, in this order; empty: the usual ones
  bool wide = false;                 // the usual ones: all of them
};

// One row a namespace, the host first. A column that is not there is a usage error that names
// those that are.
Result<Table> make_list(const model::Index& index, const analyze::Titles& titles,
                        const ListOptions& options = {});

// The names of all columns, in the order `wide` shows them.
std::vector<std::string_view> list_columns();

}  // namespace nsmap::view
