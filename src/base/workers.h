#pragma once

#include <cstddef>
#include <functional>

namespace nsmap {

// Calls `work(worker, index)` for every index below `count`, on up to `threads` threads of which
// the caller's is one; an index goes to whichever is free. `worker` counts from 0 and is the same
// for all calls from one thread, so results can be kept apart by it.
void share_work(unsigned threads, std::size_t count,
                const std::function<void(unsigned worker, std::size_t index)>& work);

}  // namespace nsmap
