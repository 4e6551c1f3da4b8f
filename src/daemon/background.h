// Work that takes the processor from nobody who answers.
#pragma once

#include <functional>
#include <memory>

namespace allocd {

// The calling thread, and those that it starts from here on, step behind the others: they are not
// kept from a processor, but give it back at once when one who answers wants it. For good.
void step_behind();

// The calling thread, and those that it starts from here on, get no processor that any other wants.
// For good: what was given away cannot be taken back. Where it may not be changed, it stays.
void only_when_idle();

// Calls `work` in a thread that steps behind the others and asks every quarter of a millisecond
// whether one of them wants the processor (by a signal, SIGRTMIN+3, so that a system call which is
// not started again by itself can end with EINTR), and waits for it, after all that waits for
// its end by then; on the calling thread where the machine has no other. What it throws comes out
// here. INVARIANT: `work` holds no lock for long that somebody who answers waits for.
void in_background(const std::function<void()>& work);

// For who works when idle, between its steps: waits while there is work in the background. Two at a
// time would leave a machine with two processors none that is free to answer at once.
void let_background_pass();

// Has `end` called by a thread that only has what nobody wants, once there was no work in the
// background for a second; or else before the next such work, or before the process ends. Does not
// throw but for want of memory.
void end_in_background(std::function<void()> end);

// Shares a value whose end takes long: whoever lets go of it last does not wait for that. What it
// consists of must have no other owners who answer.
template <typename T>
std::shared_ptr<const T> ended_in_background(std::unique_ptr<const T> value) {
  return {value.release(), [](const T* last) { end_in_background([last] { delete last; }); }};
}

}  // namespace allocd
