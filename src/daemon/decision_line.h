// One decision as one line of the log.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "webhook/answer.h"

namespace allocd {

// `decision id=… registrationId=… outcome=… status=… rule=… hub=… reason="…" micros=…`; `-` where
// there is nothing. Whatever the request holds, it is one line, and no value can pass for the
// next key: values that are more than a plain word stand in quotes, with `\"` inside.
// Valid only while the rules that decided are.
std::string decision_line(std::string_view id, const Answer& answer,
                          std::chrono::microseconds took);

}  // namespace allocd
