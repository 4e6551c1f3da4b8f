// How many descriptors this process, and what it starts, may have open.
#pragma once

#include <algorithm>
#include <sys/resource.h>

namespace allocd::test {

// So many from now on, or as many as can be had; as before at its end.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t count) {
    getrlimit(RLIMIT_NOFILE, &before_);
    now_ = {std::min(count, before_.rlim_max), before_.rlim_max};
    setrlimit(RLIMIT_NOFILE, &now_);
  }
  ~DescriptorLimit() { setrlimit(RLIMIT_NOFILE, &before_); }
  DescriptorLimit(const DescriptorLimit&) = delete;
  DescriptorLimit& operator=(const DescriptorLimit&) = delete;

  rlim_t count() const { return now_.rlim_cur; }

 private:
  rlimit before_{};
  rlimit now_{};
};

}  // namespace allocd::test
