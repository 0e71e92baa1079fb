#pragma once

#include <string>
#include <string_view>

#include "model/firewall.h"

namespace nsmap::analyze {

// "inet".
std::string_view family_text(model::firewall::Family family);
// "postrouting".
std::string_view hook_text(model::firewall::Hook hook);
// "table ip filter", "legacy table ip nat".
std::string table_text(const model::firewall::Table& table);

}  // namespace nsmap::analyze
