#include "view/show.h"

#include <algorithm>
#include <array>

#include "view/show_sections.h"

namespace nsmap::view {
namespace {

constexpr std::array kSections = {
    identity_section,  holders_section,  containers_section, processes_section,  links_section,
    addresses_section, routes_section,   rules_section,      nexthops_section,   published_section,
    firewall_section,  services_section, sockets_section,    neighbours_section, fdb_section,
    vlans_section,     nsids_section,    sysctls_section,
};

bool is_empty(const Table& table, std::size_t column) {
  return std::all_of(table.rows.begin(), table.rows.end(),
                     [&](const auto& row) { return row[column].empty(); });
}

// A column that no row has anything for says nothing.
Table without_empty_columns(Table table) {
  for (std::size_t column = table.columns.size(); column-- > 0;) {
    if (!is_empty(table, column)) continue;
    const auto at = static_cast<std::ptrdiff_t>(column);
    table.columns.erase(table.columns.begin() + at);
    for (auto& row : table.rows) row.erase(row.begin() + at);
  }
  return table;
}

}  // namespace

Table table_of(std::initializer_list<std::string_view> columns) {
  Table table;
  for (std::string_view name : columns) {
    const bool right = name.starts_with('>');
    const bool flexible = name.starts_with('~');
    table.columns.push_back({std::string(name.substr(right || flexible)), right, flexible});
  }
  return table;
}

Sheet make_sheet(const model::Index& index, const analyze::Titles& titles,
                 const model::Namespace& ns) {
  const Words words{index, titles};
  Sheet sheet{{titles.of(ns.id), Role::title}, {}};
  sheet.title.join(containers_text(words, ns), "  ");
  for (const auto& make : kSections) {
    Section section = make(words, ns);
    section.table = without_empty_columns(std::move(section.table));
    if (!section.lines.empty() || !section.table.rows.empty())
      sheet.sections.push_back(std::move(section));
  }
  return sheet;
}

}  // namespace nsmap::view
