// The registrations of all devices, in memory and, if there is to be one, in a file.
#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "simulator/registration.h"

namespace allocd {

// A file that cannot be used, with the reason, for people.
struct StateError {
  std::string message;
};

// Safe to call from any thread. Letter case makes no difference in an ID.
class RegistrationStore {
 public:
  // In memory only.
  RegistrationStore() = default;
  // Begins with what the file at `path` has, which is made where there is none: a line for each
  // registration, in JSON, the last one of a device counts. What is left of a line that was not
  // finished when the process was killed is taken away. One process at a time. Throws StateError.
  explicit RegistrationStore(const std::string& path);
  ~RegistrationStore();
  RegistrationStore(const RegistrationStore&) = delete;
  RegistrationStore& operator=(const RegistrationStore&) = delete;

  // Takes the place of the device's last one. When it returns, a process that begins after this one
  // was killed finds it; what a machine without power loses is not promised. Throws
  // std::system_error where the file cannot be written; then nothing has changed.
  void put(Registration registration);
  std::optional<Registration> find(std::string_view id) const;
  // In the order of their IDs.
  std::vector<Registration> all() const;

 private:
  void read(const std::string& path);
  void compact(const std::string& path);
  void append(const std::string& line);

  mutable std::mutex mutex_;
  std::map<std::string, Registration, std::less<>> by_id_;  // in small letters
  int file_ = -1;
  off_t size_ = 0;  // of the file up to the end of its last whole line
  std::size_t lines_ = 0;
};

}  // namespace allocd
