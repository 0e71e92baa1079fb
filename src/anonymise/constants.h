#pragma once

#include <cstddef>

#include "anonymise/addresses.h"
#include "anonymise/texts.h"
#include "model/firewall.h"

namespace nsmap::anonymise {

// Replaces what the rules and sets of a firewall hold addresses, MACs and interfaces' names
// against, each by what it becomes elsewhere. A range that is no prefix becomes those that it is
// made of, where it may stand for several values; else its ends do, which is another range: how
// many of those there are.
std::size_t replace_constants(model::firewall::Firewall& firewall, Addresses& addresses,
                              Texts& texts);

}  // namespace nsmap::anonymise
