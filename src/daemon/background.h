// Work that takes the processor from nobody who answers.
#pragma once

#include <functional>

namespace allocd {

// The calling thread, and those that it starts from here on, step behind the others of the process.
// For good: what was given away cannot be taken back. Where it may not be changed, it stays.
void lower_priority(int nice);

// Calls `work` in a thread that steps behind the others, and waits for it. What it throws comes out
// here. INVARIANT: `work` holds no lock for long that somebody who answers waits for.
void in_background(const std::function<void()>& work);

}  // namespace allocd
