#pragma once

#include <string>

#include "collect/sweep.h"

namespace nsmap::collect {

// Where the descriptor's magic link is: /proc/PID/fd/N, or below the thread whose table it is in.
std::string descriptor_path(const Descriptor& descriptor);

}  // namespace nsmap::collect
