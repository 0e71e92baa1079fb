#pragma once

#include <vector>

#include "analyze/ports.h"
#include "view/document.h"

namespace nsmap::view {

// A port a line: who answers on it, how it gets there, and from where it may be reached.
// `namespaces`: of several, each line begins with its own.
Table make_ports(const std::vector<analyze::OpenPort>& ports, bool namespaces);

// "ip nat DOCKER #12 (docker)", "inet edge pre handle 3", "legacy ip filter FORWARD policy".
std::string rule_name_text(const analyze::RuleName& rule);

}  // namespace nsmap::view
