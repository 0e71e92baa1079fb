#pragma once

#include <cstddef>
#include <string>

#include "view/document.h"

namespace nsmap::render {

struct TerminalOptions {
  std::size_t width = 0;  // columns to fit into; 0: as wide as it comes, nothing cut
  bool color = false;     // with ANSI colours
};

// A document as lines for a terminal, each ended by a newline. Nothing in it can move the cursor or
// change a colour but what the renderer itself writes; what does not fit is broken between items or
// cut with an ellipsis.
std::string terminal(const view::Tree& tree, const TerminalOptions& options);
std::string terminal(const view::Table& table, const TerminalOptions& options);
std::string terminal(const view::Sheet& sheet, const TerminalOptions& options);

}  // namespace nsmap::render
