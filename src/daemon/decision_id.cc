#include "daemon/decision_id.h"

#include <cerrno>
#include <sys/random.h>
#include <system_error>

namespace allocd {

std::string new_decision_id() {
  unsigned char bytes[16];
  // So few bytes come whole or not at all (getrandom(2)).
  while (getrandom(bytes, sizeof bytes, 0) != static_cast<ssize_t>(sizeof bytes))
    if (errno != EINTR) throw std::system_error(errno, std::generic_category(), "getrandom");
  constexpr char kDigits[] = "0123456789abcdef";
  std::string id;
  id.reserve(2 * sizeof bytes);
  for (const unsigned char byte : bytes) {
    id += kDigits[byte >> 4U];
    id += kDigits[byte & 0xFU];
  }
  return id;
}

}  // namespace allocd
