// Whether a device is one of those enrolled.
// https://learn.microsoft.com/azure/iot-dps/concepts-service#attestation-mechanism
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "simulator/enrollments.h"

namespace allocd {

// How a device shows who it is.
struct Credentials {
  std::string_view authorization;                          // the header; empty: none
  const std::vector<std::string>* certificates = nullptr;  // DER, its own first; null: none
};

struct Attested {
  const Enrollment* enrollment = nullptr;
  std::string certificate;  // the device's own, base64 of DER; empty where it has a key
};

// A request that fails; the device gets to read it all.
// https://learn.microsoft.com/azure/iot-dps/how-to-troubleshoot-dps#common-error-codes
struct ApiError {
  int status = 0;       // of HTTP
  int code = 0;         // 401002, say
  std::string message;  // with the reason, where the service would not tell
};

// The enrollment of the device: its own, whether or not it will do, or else of the groups the one
// whose key or certificate vouches for it. Disabled ones count.
std::variant<Attested, ApiError> attest(const Enrollments& enrollments,
                                        const std::string& registration_id,
                                        const Credentials& credentials,
                                        std::chrono::system_clock::time_point now);

}  // namespace allocd
