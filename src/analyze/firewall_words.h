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
// "tcp 10.0.0.1:80", "tcp [2001:db8::1]:*" of any port, "mark 7", "mark 7 of IPv6".
std::string service_text(const model::firewall::VirtualService& service);
// "10.0.0.2:8080".
std::string destination_text(const model::firewall::VirtualDestination& destination);

}  // namespace nsmap::analyze
