// The name of one decision, by which a log line and an answer find each other.
#pragma once

#include <string>

namespace allocd {

// 32 hex digits, random: unique over threads, forks, restarts and instances without anything
// shared.
// Safe to call from any thread. Throws std::system_error where the machine has no random bytes.
std::string new_decision_id();

}  // namespace allocd
