#pragma once

#include <string>

#include "lab/lab.h"

// The parts of a lab in words: for a reader, and for telling them apart. What two labs both have
// under one text is the same thing, though it may differ in what the text leaves out.

namespace nsmap::lab {

std::string link_name(const std::string& ns, const std::string& link);  // "web:eth0"
std::string text_of(const Link& link, const std::string& ns);
std::string text_of(const Address& address);
std::string text_of(const Route& route);
// What tells a route from others; the rest of it is where it leads.
std::string route_key(const Route& route);
std::string text_of(const Rule& rule);

}  // namespace nsmap::lab
