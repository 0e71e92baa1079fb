#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "lab/lab.h"
#include "model/link.h"

// The kinds of link that a lab can make, and the settings each has: one row each in a table. The
// names and texts of the settings are those of a snapshot's `data` (model/link.h).

namespace nsmap::lab {

struct KindInfo {
  std::string_view name;  // IFLA_INFO_KIND
  bool pair = false;      // both ends come of one request: veth, netkit
  bool needs_parent = false;
  bool takes_parent = false;
  std::vector<std::string_view> settings;
  std::vector<std::string_view> required;
};

// Null: a lab cannot make that kind.
const KindInfo* find_kind(std::string_view kind);
std::vector<std::string_view> kind_names();

// What a setting's text may be, in words for a message; empty: `text` is right.
std::string wrong_setting(std::string_view kind, std::string_view setting, std::string_view text);

// The settings of a link in a snapshot, those that a lab can make and that differ from what the
// kernel gives a new link of that kind.
std::map<std::string, std::string> settings_of(const model::Link& link);

}  // namespace nsmap::lab
