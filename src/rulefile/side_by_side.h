// Work that falls into pieces which know nothing of each other, done on several processors.
#pragma once

#include <cstddef>
#include <functional>

namespace allocd {

// How many threads this machine runs at the same time, at least 1.
std::size_t processors();

// Calls `work(i)` once for every i below `count`, on up to `threads` threads, of which the caller's
// is one, in no order to rely on. Fewer do it where no more can be had. Returns when all is done;
// throws what one of the calls threw.
void side_by_side(std::size_t count, std::size_t threads,
                  const std::function<void(std::size_t)>& work);

}  // namespace allocd
