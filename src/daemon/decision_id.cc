#include "daemon/decision_id.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <pthread.h>
#include <sys/random.h>
#include <system_error>

namespace allocd {

namespace {

constexpr std::size_t kIdBytes = 16;
using IdBytes = std::array<unsigned char, kIdBytes>;

// Random bytes for the ids of one thread: the kernel is asked once for many.
class IdSource {
 public:
  IdBytes next() {
    if (left_ < kIdBytes) refill();
    left_ -= kIdBytes;
    IdBytes id;
    std::copy_n(block_.begin() + static_cast<std::ptrdiff_t>(left_), kIdBytes, id.begin());
    return id;
  }

  // Of the thread that asks. A child that was forked gets bytes of its own.
  static IdSource& of_this_thread() {
    thread_local IdSource source;
    static const int registered =
        pthread_atfork(nullptr, nullptr, [] { of_this_thread().left_ = 0; });
    if (registered != 0) source.left_ = 0;  // then every id is asked for
    return source;
  }

 private:
  void refill() {
    // So few bytes come whole or not at all (getrandom(2)).
    static_assert(sizeof block_ <= 256);
    while (getrandom(block_.data(), block_.size(), 0) != static_cast<ssize_t>(block_.size()))
      if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
    left_ = block_.size();
  }

  std::array<unsigned char, 16 * kIdBytes> block_;
  std::size_t left_ = 0;
};

}  // namespace

std::string new_decision_id() {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id(2 * kIdBytes, '\0');
  char* digit = id.data();
  for (const unsigned char byte : IdSource::of_this_thread().next()) {
    *digit++ = kDigits[byte >> 4U];
    *digit++ = kDigits[byte & 0xFU];
  }
  return id;
}

}  // namespace allocd
