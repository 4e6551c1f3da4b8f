// How long a piece of work may compute.
#pragma once

#include <chrono>
#include <functional>

namespace allocd {

using TimeIsUp = std::function<bool()>;

// True, and from then on always, once the thread that calls it has computed for that long since it
// was made. It looks at its first call, and then at each 16th: asking the system takes as long as
// many a step of what it bounds.
TimeIsUp after_cpu_time(std::chrono::nanoseconds time);

}  // namespace allocd
