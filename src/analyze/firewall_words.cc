#include "analyze/firewall_words.h"

#include <boost/describe.hpp>

namespace nsmap::analyze {

using namespace model::firewall;

std::string_view family_text(Family family) { return boost::describe::enum_to_string(family, ""); }

std::string_view hook_text(Hook hook) { return boost::describe::enum_to_string(hook, ""); }

std::string table_text(const Table& table) {
  std::string text = table.backend == Backend::x_tables ? "legacy table " : "table ";
  return text.append(family_text(table.family)).append(" ").append(table.name);
}

}  // namespace nsmap::analyze
