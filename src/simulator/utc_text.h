// Points in time as DPS writes them.
#pragma once

#include <chrono>
#include <string>

namespace allocd {

// "2022-08-31T22:02:50.5163352Z": up to seven digits of a second, without zeros at the end.
std::string utc_text(std::chrono::system_clock::time_point time);

}  // namespace allocd
