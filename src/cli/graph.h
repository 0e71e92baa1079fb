#pragma once

#include <array>

#include "cli/command.h"

namespace nsmap::cli {

inline constexpr std::array kGraphOptions = {
    Option{"-o,--output", "FILE", "write it there, in the format its name ends in",
           &Options::output},
    Option{"-f,--format", "FORMAT", "dot (the default), svg, mermaid or html", &Options::format},
};

// The picture of a snapshot, in the format that the options ask for.
Result<Answer> draw_graph(const Options& options, const model::Index& index,
                          const analyze::Titles& titles);

}  // namespace nsmap::cli
