#include "simulator/utc_text.h"

#include <cstdio>
#include <ctime>

namespace allocd {

std::string utc_text(std::chrono::system_clock::time_point time) {
  using Ticks = std::chrono::duration<long long, std::ratio<1, 10'000'000>>;
  const auto second = std::chrono::floor<std::chrono::seconds>(time);
  const std::time_t seconds = std::chrono::system_clock::to_time_t(second);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[64];
  const std::size_t length = std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &utc);
  std::string out(text, length);
  if (const auto ticks = std::chrono::floor<Ticks>(time - second).count(); ticks != 0) {
    char fraction[32];
    std::snprintf(fraction, sizeof fraction, ".%07lld", ticks);
    out += fraction;
    out.erase(out.find_last_not_of('0') + 1);
  }
  return out + 'Z';
}

}  // namespace allocd
