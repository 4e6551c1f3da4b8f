#include "daemon/process_figures.h"

#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/resource.h>
#include <system_error>
#include <time.h>
#include <unistd.h>

namespace allocd {

namespace {

double now(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

// /proc/stat, which knows when the machine was started, is hidden from a sandboxed service.
double since_epoch(double after_boot) {
  return now(CLOCK_REALTIME) - now(CLOCK_BOOTTIME) + after_boot;
}

std::optional<std::uint64_t> open_descriptors() {
  std::error_code error;
  std::filesystem::directory_iterator each("/proc/self/fd", error);
  std::uint64_t count = 0;
  for (; !error && each != std::filesystem::directory_iterator(); each.increment(error)) ++count;
  // One of them is the folder itself.
  return error || count == 0 ? std::nullopt : std::optional(count - 1);
}

// /proc/self/stat as proc(5) counts its fields, from the third on: the name before may hold blanks.
bool read_stat(ProcessFigures& out) {
  std::ifstream file("/proc/self/stat");
  std::string line;
  if (!std::getline(file, line) || line.rfind(')') == line.npos) return false;
  std::istringstream fields(line.substr(line.rfind(')') + 1));
  std::string skipped;
  for (int field = 3; field < 14; ++field) fields >> skipped;
  double user = 0, system = 0, started = 0;
  std::uint64_t pages = 0;
  fields >> user >> system;
  for (int field = 16; field < 20; ++field) fields >> skipped;
  fields >> out.threads >> skipped >> started >> out.virtual_bytes >> pages;
  if (!fields) return false;
  const auto ticks = static_cast<double>(sysconf(_SC_CLK_TCK));
  // A clock that is set must not make it another start.
  static const double start_time = since_epoch(started / ticks);
  out.cpu_seconds = (user + system) / ticks;
  out.start_time_seconds = start_time;
  out.resident_bytes = pages * static_cast<std::uint64_t>(sysconf(_SC_PAGESIZE));
  return true;
}

}  // namespace

std::optional<ProcessFigures> process_figures() {
  ProcessFigures out;
  const auto descriptors = open_descriptors();
  if (!descriptors || !read_stat(out)) return std::nullopt;
  out.open_descriptors = *descriptors;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY)
    out.max_descriptors = limit.rlim_cur;
  return out;
}

}  // namespace allocd
