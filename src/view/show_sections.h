#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

#include "view/document.h"
#include "view/words.h"

// The sections of the sheet of one namespace, in the order they stand there. A section whose lines
// and rows are empty is left out.

namespace nsmap::view {

// "NAME", ">NAME" for numbers, "~NAME" for what may be cut before others; a column each.
Table table_of(std::initializer_list<std::string_view> columns);

// show_owner.cc: whose it is.
Section identity_section(const Words& words, const model::Namespace& ns);
Section holders_section(const Words& words, const model::Namespace& ns);
Section containers_section(const Words& words, const model::Namespace& ns);
Section processes_section(const Words& words, const model::Namespace& ns);

// show_links.cc: interfaces and what belongs to them.
Section links_section(const Words& words, const model::Namespace& ns);
Section addresses_section(const Words& words, const model::Namespace& ns);
Section neighbours_section(const Words& words, const model::Namespace& ns);
Section fdb_section(const Words& words, const model::Namespace& ns);
Section vlans_section(const Words& words, const model::Namespace& ns);

// show_routes.cc: where packets go, and the rest.
Section routes_section(const Words& words, const model::Namespace& ns);
Section rules_section(const Words& words, const model::Namespace& ns);
Section nexthops_section(const Words& words, const model::Namespace& ns);
Section nsids_section(const Words& words, const model::Namespace& ns);
Section sockets_section(const Words& words, const model::Namespace& ns);
Section sysctls_section(const Words& words, const model::Namespace& ns);

// show_published.cc: ports that lead on, from here or to here, and addresses that packets leave by.
Section published_section(const Words& words, const model::Namespace& ns);

// show_firewall.cc: what its firewall does, in short.
Section firewall_section(const Words& words, const model::Namespace& ns);

// services.cc: what IPVS sends on.
Section services_section(const Words& words, const model::Namespace& ns);

}  // namespace nsmap::view
